"""Trials made up for the tests: accuracy, correct bits and counts that agree with each other."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.dropped_samples import Dropped, DroppedList, DroppedRow, DroppedSample
from tests.analysis.sized_runs import made
from trainables.result import Phase, TrialResult
from trainables.spec import TrialSpec

N_TEST = 1000
BASELINE = TrialSpec(
    dataset="imdb", data_sha="d" * 64, model="tiny", model_sha="m" * 64, learner="text", seed=1
)
ENVIRONMENT = {"torch": "2.13", "device": "cpu"}


def _bits(n_right, n_test):
    return np.packbits(np.arange(n_test) < n_right).tobytes()


def _result(spec, accuracy, n_test=N_TEST, **more):
    """A finished trial that is right on the first accuracy * n_test test examples."""
    n_right = round(accuracy * n_test) if np.isfinite(accuracy) else 0
    values = {
        "accuracy": accuracy,
        "recall": (accuracy, accuracy),
        "correct": _bits(n_right, n_test),
        "n_test": n_test,
        "class_names": ("negative", "positive"),
        "class_counts": (400, 600),
        "kept_counts": (round(400 * (1 - spec.rate)), round(600 * (1 - spec.rate))),
        "phases": _phases(spec),
        "parameters": 1000,
        "environment": ENVIRONMENT,
        "finished": "2026-11-23T12:00:00+00:00",
    }
    return TrialResult(spec=spec, **{**values, **more})


def _phases(spec):
    full = Phase(seconds=100.0, steps=300, examples=3000, tokens=30000)
    if spec.is_baseline:
        return {"training": full, "evaluation": Phase(seconds=1.0)}
    w, share = spec.warmup, (1 - spec.warmup) * (1 - spec.rate)
    return {
        "warmup": Phase(seconds=100 * w, examples=round(3000 * w), tokens=round(30000 * w)),
        "scoring": Phase(seconds=10.0, examples=1000, tokens=10000),
        "training": Phase(
            seconds=100 * share, examples=round(3000 * share), tokens=round(30000 * share)
        ),
        "evaluation": Phase(seconds=1.0),
    }


def _pruned(seed=1, rate=0.1, **more):
    chosen = {"warmup": 0.15, "signal": "redundancy", "selector": "global"}
    return replace(BASELINE, seed=seed, rate=rate, **{**chosen, **more})


def _paired(deltas, accuracy=0.9, **more):
    """Baselines and pruned trials of seeds 1, 2 ... whose differences are deltas, in pp."""
    rows = []
    for seed, delta in enumerate(deltas, start=1):
        spec = _pruned(seed, **more)
        rows.append(_result(spec.baseline, accuracy))
        rows.append(_result(spec, accuracy + delta / 100))
    return rows


@pytest.fixture(scope="session")
def result():
    """Makes a finished trial: (spec, accuracy, **fields)."""
    return _result


@pytest.fixture(scope="session")
def pruned():
    """Makes a pruned trial's spec: (seed, rate, **fields)."""
    return _pruned


@pytest.fixture(scope="session")
def paired():
    """Makes baselines and pruned trials with the differences given in pp."""
    return _paired


@pytest.fixture(scope="session")
def small_run():
    """Two data sets, two methods and random, one warm-up, two rates, five seeds."""
    rows = []
    for name, sha in (("imdb", "d" * 64), ("ag_news", "e" * 64)):
        for place, rate in enumerate((0.1, 0.3)):
            for signal, better in (("redundancy", 0.3), ("keep_one", 0.6), ("random", 0.0)):
                delta = [better - 0.2 - 2.5 * place + step for step in (-0.2, -0.1, 0, 0.1, 0.2)]
                rows += _paired(delta, dataset=name, data_sha=sha, rate=rate, signal=signal)
    return list({row.spec.result_key: row for row in rows}.values())


@pytest.fixture(scope="session")
def sized_run():
    """Rows and plan of a run at four total sizes, in which el2n bends the frontier."""
    return made(_result, _pruned)


@pytest.fixture(scope="session")
def dropped(pruned):
    """What a sweep writes of who was dropped: one list of redundancy, one of random, one confirmed."""
    named = [{"signal": name, "settings": {}} for name in ("redundancy", "keep_one", "random")]
    agreement = [
        {
            "dataset": "imdb", "data_sha": "d" * 64, "warmup": 0.15, "one": named[a],
            "other": named[b], "n": 1000, "spearman": rho, "overlap": 0.25,
        }
        for a, b, rho in ((0, 1, 0.8), (0, 2, -0.01), (1, 2, None))
    ]  # fmt: skip
    texts = {
        3: ("a very good film <b>indeed</b>", "positive"),
        4: ("alone", "positive"),
        7: ("a good film", "negative"),
    }
    samples = {
        row: DroppedSample(row=row + 100, id=f"id{row}", label=label, text=text)
        for row, (text, label) in texts.items()
    }
    like_others = "among the 1% of all rows most like their nearest rows"
    rows = (
        DroppedRow(3, 7, 0.9876, 0.01, -0.98, like_others, True),
        DroppedRow(4, 7, 0.25, 0.09, -0.25, like_others.replace("1%", "9.1%"), False),
    )
    by_lot = DroppedRow(4, None, None, 0.5, 0.5, "drawn by lot", False)
    counts = {"dropped": 1200, "other_label": 17, "by_class": {"negative": 700, "positive": 500}}
    cut = DroppedList(
        spec=pruned(1, 0.1), **counts, survivor_kept=1200, twin_survives=201, rows=rows,
        file="removed/imdb-redundancy-global-w15-p10-s1.csv",
    )  # fmt: skip
    random = DroppedList(
        spec=pruned(1, 0.1, signal="random"),
        **counts,
        survivor_kept=0,
        twin_survives=1,
        rows=(by_lot,),
    )
    fixed = replace(cut.spec, seed=9, protocol="restart", scored_by=(1, 2, 3))
    confirmed = replace(cut, spec=fixed, file="removed/imdb-redundancy-global-w15-p10-list.csv")
    return Dropped(
        agreement=tuple(agreement),
        samples={"d" * 64: samples},
        lists=(confirmed, cut, random),
    )

"""Trials made up for the tests: accuracy, correct bits and counts that agree with each other."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.dropped_samples import Dropped
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


def _sample(row, text, label):
    return {"row": row, "id": f"id{row}", "class": label, "text": text}


@pytest.fixture(scope="session")
def dropped(pruned):
    """What a sweep writes of who was dropped."""
    pairs = [
        {
            "dropped": _sample(3, "a very good film <b>indeed</b>", "positive"),
            "neighbour": _sample(7, "a good film", "negative"),
            "is_kept": False,
            "similarity": 0.9876,
            "percentile": 0.01,
        },
        {"dropped": _sample(4, "alone", "positive"), "percentile": 0.09},
    ]
    named = [{"signal": name, "settings": {}} for name in ("redundancy", "keep_one", "random")]
    agreement = [
        {
            "dataset": "imdb", "data_sha": "d" * 64, "warmup": 0.15, "one": named[a],
            "other": named[b], "n": 1000, "spearman": rho, "overlap": 0.25,
        }
        for a, b, rho in ((0, 1, 0.8), (0, 2, -0.01), (1, 2, None))
    ]  # fmt: skip
    example = {
        "spec": pruned(1, 0.1).to_dict(), "dropped": 1200, "neighbour_kept": 1000,
        "neighbour_dropped": 199, "other_label": 17, "pairs": pairs,
    }  # fmt: skip
    return Dropped(agreement=tuple(agreement), examples=(example,))

"""Made-up runs that have kept what they say of each test row: of classes, of numbers, of documents."""

from dataclasses import replace

import numpy as np

from analysis.contributions import Truth
from analysis.guards import criterion_of
from analysis.metrics import metric_of
from analysis.outcomes import OUTCOME, answers_file, answers_parquet, outcome_file, outcomes_of
from analysis.run_files import Plan
from analysis.study import study
from trainables.outcome import Outcome
from trainables.result import Phase, TrialResult
from trainables.spec import TrialSpec

CLASSES = ("billing", "fraud", "other")
FULL = TrialSpec(
    dataset="tickets", data_sha="c" * 64, model="tiny", model_sha="t", learner="text", seed=0
)
N_TRAIN, RATES, SIGNALS = 1000, (0.1, 0.3, 0.5), ("random", "el2n")
# How much worse a pruned run is, at each rate, in parts of its noise.
HARM = {"random": (0.0, 0.1, 0.6), "el2n": (0.0, 0.3, 1.2)}
OWN = ("reward:higher", "wrong/asked:lower")
MARGINS = {"reward:higher": "0.05", "wrong/asked:lower": "0.02", "token_loss": "0.05"}


def kind_of(metric):
    """What the data of a metric is: classes, numbers or documents."""
    return metric_of(metric).is_of or "documents"


def made(
    folder, metric, *, tolerance=None, guards=(), unit=1000.0, n=800, seeds=5, group="", **spec
):
    """The study of a run judged by a metric; its numbers are in units of `unit`."""
    rng = np.random.default_rng(7)
    full = replace(FULL, dataset=kind_of(metric), protocol="restart", **spec)
    make = {"classes": _classes, "numbers": _numbers, "documents": _documents}[kind_of(metric)]
    truth, say = make(rng, n, unit)
    for name in ("outcomes", "tests"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    answers_file(folder, full.data_sha).write_bytes(
        answers_parquet(truth, np.arange(n), of=full.data_sha)
    )
    rows = []
    for seed in range(seeds):
        luck = rng.standard_normal((n, 3))
        specs = [(replace(full, seed=seed, protocol="continue"), 0.0)]
        for signal in SIGNALS:
            for rate, harm in zip(RATES, HARM[signal], strict=True):
                own = {"signal": signal, "selector": "global", "warmup": 0.15, "rate": rate}
                specs.append((replace(full, seed=seed, **own), harm))
        for one, harm in specs:
            noise = 0.95 * luck + 0.3 * rng.standard_normal((n, 3))
            columns = say(noise * (1 + 0.3 * harm))
            outcome = Outcome(columns=columns)
            outcome.write(outcome_file(folder, OUTCOME, one.result_key))
            rows.append(_row(one, truth, columns))
    by = criterion_of(metric, tolerance or MARGINS.get(metric), guards, group)
    return study(rows, Plan(), by=by, outcomes=outcomes_of([folder]), name=metric)


def _classes(rng, n, unit):
    labels = rng.choice(3, n, p=(0.55, 0.1, 0.35))
    language = np.array(["de", "en"], dtype=object)[rng.integers(0, 2, n)]
    prior = np.array([0.55, 0.1, 0.35])
    truth = Truth(labels=labels, class_names=CLASSES, prior=prior, own={"language": language})

    def say(noise):
        logits = 2.2 * np.eye(3)[labels] + noise + np.log(prior) * 0.5
        probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        loss = -np.log(probs[np.arange(n), labels])
        return {"predicted": probs.argmax(axis=1), "loss": loss, "probs": probs}

    return truth, say


def _numbers(rng, n, unit):
    targets = unit * (200 + 60 * rng.standard_normal(n))
    truth = Truth(targets=targets, mean=200 * unit, median=200 * unit)
    return truth, lambda noise: {"predicted": targets + 22 * unit * noise[:, 0]}


def _documents(rng, n, unit):
    weight = rng.integers(2, 5, n).astype(float)
    truth = Truth(labels=np.zeros(n, dtype=np.int64))

    def say(noise):
        loss = weight * (2.1 + 0.2 * np.abs(noise[:, 0]))
        reward = 1.0 - 0.4 * np.abs(noise[:, 1])
        wrong = np.rint(weight * np.clip(0.3 + 0.2 * np.abs(noise[:, 2]), 0, 1))
        return {"loss": loss, "weight": weight, "reward": reward, "wrong": wrong, "asked": weight}

    return truth, say


def _row(spec, truth, columns):
    kept = round(N_TRAIN * (1 - spec.rate))
    n = len(next(iter(columns.values())))
    phase = Phase(seconds=100 * (1 - spec.rate), steps=100, examples=3 * kept, tokens=90 * kept)
    values = {}  # a trial that predicts numbers counts no class
    if truth.class_names:
        right = columns["predicted"] == truth.labels
        order = np.argsort(truth.labels, kind="stable")
        counts = np.bincount(truth.labels)
        share = np.array([0.55, 0.1, 0.35])
        values = {
            "accuracy": float(right.mean()), "correct": np.packbits(right[order]).tobytes(),
            "recall": tuple(float(right[truth.labels == k].mean()) for k in range(3)),
            "test_counts": tuple(counts.tolist()), "class_names": truth.class_names,
            "class_counts": tuple((N_TRAIN * share).astype(int).tolist()),
            "kept_counts": tuple((kept * share).astype(int).tolist()),
        }  # fmt: skip
    return TrialResult(
        spec=spec, n_test=n, outcome=tuple(columns), parameters=1000, environment={"torch": "2"},
        phases={"training": phase, "scoring": Phase(seconds=5.0, examples=1000, tokens=90000)},
        finished="2026-11-29T12:00:00+00:00", **values,
    )  # fmt: skip

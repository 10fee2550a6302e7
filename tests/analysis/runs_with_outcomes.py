"""Trials made up with what they say of each test row, in a run's folder."""

from dataclasses import replace

import numpy as np

from analysis.contributions import Truth
from analysis.outcomes import OUTCOME, PROBS, answers_file, answers_parquet, outcome_file
from trainables.outcome import Outcome
from trainables.records import to_json
from trainables.result import TrialResult, packed_by_class
from trainables.spec import TrialSpec

SHA = "d" * 64
FULL = TrialSpec(
    dataset="made", data_sha=SHA, model="m", model_sha="m" * 64, learner="linear", seed=1
)
NAMES = ("a", "b", "c")
ENVIRONMENT = {"torch": "2", "device": "cpu"}


def truth_of(labels=None, *, targets=None, groups=None):
    """Answers whose training set is like the test set."""
    names = NAMES[: int(labels.max()) + 1] if labels is not None else ()
    return Truth(
        labels=labels,
        targets=targets,
        class_names=names,
        prior=None if labels is None else np.bincount(labels) / len(labels),
        mean=None if targets is None else float(targets.mean()),
        median=None if targets is None else float(np.median(targets)),
        own={} if groups is None else {"lang": np.array(groups, dtype=object)},
    )


def spec_of(seed, *, rate=0.0, signal="random"):
    """A full-data run's spec, or a pruned trial's."""
    if not rate:
        return replace(FULL, seed=seed)
    return replace(FULL, seed=seed, rate=rate, warmup=0.1, signal=signal, selector="global")


def row_of(spec, truth, outcome):
    """The row of a trial that says so."""
    n = len(truth.y)
    more = {}
    if truth.labels is not None:
        c = len(truth.class_names)
        counts = np.bincount(truth.labels, minlength=c)
        if "predicted" in outcome.columns:
            right = outcome.columns["predicted"] == truth.labels
            recall = np.bincount(truth.labels[right], minlength=c) / counts
            more = {
                "accuracy": float(right.mean()), "recall": tuple(recall.tolist()),
                "correct": packed_by_class(right, truth.labels),
            }  # fmt: skip
        more |= {
            "test_counts": tuple(counts.tolist()), "class_names": truth.class_names, "class_counts": tuple(counts.tolist()),
            "kept_counts": tuple((counts - np.floor(counts * spec.rate)).astype(int).tolist()),
        }  # fmt: skip
    return TrialResult(
        spec=spec, n_test=n, outcome=tuple(outcome.columns), environment=ENVIRONMENT,
        finished="2026-11-23T12:00:00+00:00", **more,
    )  # fmt: skip


def write_run(folder, truth, said):
    """A run's folder with these trials; their rows.

    Args:
        folder: The run's.
        truth: Answers in the test set's order.
        said: Columns of each trial by its spec, in the same order.
    """
    rows = []
    for name in ("trials", "outcomes", "tests"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    answers_file(folder, SHA).write_bytes(answers_parquet(truth, np.arange(len(truth.y)), of=SHA))
    for spec, columns in said.items():
        outcome = Outcome(columns=columns)
        rows.append(row_of(spec, truth, outcome))
        plain = {name: values for name, values in columns.items() if name != "probs"}
        Outcome(columns=plain).write(outcome_file(folder, OUTCOME, spec.result_key))
        if "probs" in columns:
            probs = {"probs": columns["probs"]}
            Outcome(columns=probs).write(outcome_file(folder, PROBS, spec.result_key))
        (folder / "trials" / f"{spec.result_key}.json").write_text(to_json(rows[-1]))
    return rows


def classified(rng, labels, *, wrong=0.2, hurt=None, extra=0.0):
    """Predictions, losses and probabilities; more of one class are wrong where it is hurt."""
    n, c = len(labels), int(labels.max()) + 1
    chance = np.full(n, wrong)
    if hurt is not None:
        chance[labels == hurt] += extra
    is_wrong = rng.random(n) < chance
    predicted = np.where(is_wrong, (labels + rng.integers(1, c, n)) % c, labels)
    logits = rng.normal(size=(n, c)) * 0.3
    logits[np.arange(n), predicted] += 2.0
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    loss = -np.log(probs[np.arange(n), labels])
    return {"predicted": probs.argmax(1), "loss": loss, "probs": probs}

"""A finished trial: what it says of the test set, and its row."""

import platform
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import rows_sha
from trainables.data.columns import excerpt
from trainables.data.dataset import Dataset
from trainables.environment import device, environment
from trainables.evidence.forward_passes import collect, predict_with_confidence, predict_with_loss
from trainables.keys import seed_for
from trainables.outcome import Outcome
from trainables.result import MOST_LOOKED_AT, Phase, TrialResult, packed_by_class
from trainables.selection.contracts import warnings
from trainables.spec import TrialSpec
from trainables.training.learner import Learner


def evaluate(
    spec: TrialSpec,
    learner: Learner,
    dataset: Dataset,
    keep: NDArray[np.bool_],
    phases: Mapping[str, Phase],
    *,
    probs: bool = False,
) -> tuple[TrialResult, Outcome]:
    """The trial's row and its outcome. The test set is used here for the first time, after the last step.

    Args:
        spec: The trial.
        learner: After its last step.
        dataset: What it was trained on.
        keep: Which training rows stayed, shape (n,).
        phases: What warm-up, scoring and training used.
        probs: Whether the outcome is to have the probabilities of all classes.
    """
    if learner.network.predicts == "pieces":
        outcome, evaluation = _said_of_pieces(learner)
        phases = {**phases, "evaluation": evaluation}
        row = row_of(spec, dataset, keep, outcome, phases, threads=learner.threads)
        return _with_weights(row, learner), outcome
    labels = dataset.test.labels
    said, evaluation = predict_with_loss(
        learner, labels, classes=len(dataset.class_names) if probs else 0
    )
    kept = ("predicted", "loss", "probs") if probs else ("predicted", "loss")
    outcome = Outcome(columns={name: said[name] for name in kept})
    right = said["predicted"] == labels
    sure, looked = _sure_of_another(spec, learner, dataset, keep, right, said["confidence"])
    phases = {**phases, "evaluation": evaluation + looked}
    row = row_of(spec, dataset, keep, outcome, phases, threads=learner.threads)
    row = replace(row, removed_sure_other=sure[0], test_sure_other=sure[1])
    return _with_weights(row, learner), outcome


def _with_weights(row: TrialResult, learner: Learner) -> TrialResult:
    return replace(row, parameters=learner.parameters, weights_sha=learner.weights_sha())


def _said_of_pieces(learner: Learner) -> tuple[Outcome, Phase]:
    """Of each test row the loss of all scored pieces, in nats, and how many those are."""
    said, used = collect(learner, ("row_losses", "scored_pieces"), "test")
    loss, weight = (said[name].astype(np.float64) for name in ("row_losses", "scored_pieces"))
    return Outcome(columns={"loss": loss, "weight": weight}), used


def with_reference(outcome: Outcome, untrained: Learner) -> tuple[Outcome, Phase]:
    """The outcome of a full-data run with each row's loss before the first step: what training has gained.

    Args:
        outcome: Of a network that predicts pieces.
        untrained: A learner at the run's initial weights.

    Returns:
        The outcome, and what the pass took.
    """
    before, used = _said_of_pieces(untrained)
    return Outcome(columns={**outcome.columns, "reference": before.columns["loss"]}), used


def row_of(
    spec: TrialSpec,
    dataset: Dataset,
    keep: NDArray[np.bool_],
    outcome: Outcome,
    phases: Mapping[str, Phase],
    *,
    threads: int,
) -> TrialResult:
    """The row of a trial, as far as it follows from its outcome, whoever trained.

    Args:
        spec: The trial.
        dataset: What it was trained on.
        keep: Which training rows stayed, shape (n,).
        outcome: What it says of the test set.
        phases: What each phase used.
        threads: That it computed with.
    """
    return TrialResult(
        spec=spec,
        n_test=len(dataset.test),
        outcome=tuple(name for name in outcome.columns if name != "probs"),
        phases=phases,
        kept_sha=rows_sha(keep),
        found=_truth_hits(dataset.truth, keep),
        environment=_environment(threads),
        warnings=(*warnings(spec), *_lost_classes(dataset, keep)),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        host=platform.node(),
        **(_of_classes(dataset, keep, outcome) if dataset.class_names else {}),
    )


def _of_classes(dataset: Dataset, keep: NDArray[np.bool_], outcome: Outcome) -> dict[str, Any]:
    """The fields of a row that need classes: counts, and where they were predicted what was right."""
    labels, train = dataset.test.labels, dataset.train.labels
    c = len(dataset.class_names)
    counts = np.bincount(labels, minlength=c)
    fields: dict[str, Any] = {
        "test_counts": tuple(counts.tolist()),
        "class_names": dataset.class_names,
        "class_counts": tuple(np.bincount(train, minlength=c).tolist()),
        "kept_counts": tuple(np.bincount(train[keep], minlength=c).tolist()),
    }
    if "predicted" not in outcome.columns:
        return fields
    right = outcome.columns["predicted"] == labels
    with np.errstate(invalid="ignore"):
        recall = np.bincount(labels[right], minlength=c) / counts
    return {
        **fields,
        "accuracy": float(right.mean()),
        "recall": tuple(recall.tolist()),
        "correct": packed_by_class(right, labels),
    }


def _lost_classes(dataset: Dataset, keep: NDArray[np.bool_]) -> tuple[str, ...]:
    """Classes that had training rows and have none left."""
    if not dataset.class_names:
        return ()
    left = np.bincount(dataset.train.labels[keep], minlength=len(dataset.class_names))
    there = np.bincount(dataset.train.labels, minlength=len(dataset.class_names))
    lost = [excerpt(dataset.class_names[k]) for k in np.flatnonzero((there > 0) & (left == 0))]
    return tuple(f"class {name} has no training row left" for name in lost)


def _sure_of_another(
    spec: TrialSpec,
    learner: Learner,
    dataset: Dataset,
    keep: NDArray[np.bool_],
    right: NDArray[np.bool_],
    confidence: NDArray[np.float32],
) -> tuple[tuple[float | None, float | None], Phase]:
    """Shares of removed and of test rows that a model which saw neither is sure belong to another class.

    Sure is as sure as it is of the better half of the test rows that it gets right.
    """
    if spec.protocol != "restart" or spec.kind not in ("pruned", "fixed"):
        return (None, None), Phase()
    if keep.all() or not right.any():
        return (None, None), Phase()
    line = float(np.median(confidence[right]))
    gone = np.flatnonzero(~keep)
    if len(gone) > MOST_LOOKED_AT:
        rng = np.random.default_rng(seed_for(spec.seed, "removed"))
        gone = np.sort(rng.choice(gone, MOST_LOOKED_AT, replace=False))
    predicted, sure, took = predict_with_confidence(learner, "train", gone)
    removed = (predicted != dataset.train.labels[gone]) & (sure >= line)
    test = ~right & (confidence >= line)
    return (float(removed.mean()), float(test.mean())), took


def _environment(threads: int) -> dict[str, str]:
    """The environment with the accelerator's name: rows of two models are not compared."""
    import torch

    found = environment(threads, gpu=device() == "cuda")
    if found["device"] == "cuda":
        found["device"] = f"cuda {torch.version.cuda} {torch.cuda.get_device_name()}"
    return found


def _truth_hits(
    truth: Mapping[str, NDArray[np.generic]], keep: NDArray[np.bool_]
) -> dict[str, float]:
    """How well the removed rows hit spare copies and wrong labels, where these are known."""
    if not truth or keep.all():
        return {}
    group = truth["group"]
    # A removed row is a spare copy if its group had other members and one of them stays.
    stays = np.bincount(group[keep], minlength=group.max() + 1)[group] > 0
    sizes = np.bincount(group)
    copies = np.maximum(sizes - 1, 0).sum()
    spare = (sizes[group] > 1) & stays & ~keep
    wrong = truth["is_wrong"].astype(bool) & ~keep
    found = {
        "duplicates": spare.sum() / (~keep).sum(),
        "duplicates_recall": spare.sum() / max(1, copies),
        "wrong_labels": wrong.sum() / (~keep).sum(),
        "wrong_labels_recall": wrong.sum() / max(1, truth["is_wrong"].sum()),
    }
    return {name: float(value) for name, value in found.items()}

"""The row of a finished trial: its accuracy on the test set, the rows kept, and its cost."""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import rows_sha
from trainables.data.dataset import Dataset
from trainables.environment import device, environment
from trainables.evidence.forward_passes import predict
from trainables.keys import seed_for
from trainables.result import Phase, TrialResult
from trainables.selection.contracts import warnings
from trainables.spec import TrialSpec
from trainables.training.learner import Learner

# Of the removed rows: the share they get wrong is then known to 2 points.
_MOST_LOOKED_AT = 2_000


def evaluate(
    spec: TrialSpec,
    learner: Learner,
    dataset: Dataset,
    keep: NDArray[np.bool_],
    phases: Mapping[str, Phase],
) -> TrialResult:
    """The trial's row. The test set is used here for the first time, after the last step.

    Args:
        spec: The trial.
        learner: After its last step.
        dataset: What it was trained on.
        keep: Which training rows stayed, shape (n,).
        phases: What warm-up, scoring and training used.
    """
    predicted, evaluation = predict(learner, "test")
    removed_wrong, looked = _removed_wrong(spec, learner, dataset, keep)
    labels, c = dataset.test.labels, len(dataset.class_names)
    right = predicted == labels
    counts = np.bincount(labels, minlength=c)
    with np.errstate(invalid="ignore"):
        recall = np.bincount(labels[right], minlength=c) / counts
    train = dataset.train.labels
    return TrialResult(
        spec=spec,
        accuracy=float(right.mean()),
        recall=tuple(recall.tolist()),
        correct=np.packbits(right[np.argsort(labels, kind="stable")]).tobytes(),
        n_test=len(labels),
        test_counts=tuple(counts.tolist()),
        class_names=dataset.class_names,
        class_counts=tuple(np.bincount(train, minlength=c).tolist()),
        kept_counts=tuple(np.bincount(train[keep], minlength=c).tolist()),
        phases={**phases, "evaluation": evaluation + looked},
        parameters=learner.parameters,
        weights_sha=learner.weights_sha(),
        kept_sha=rows_sha(keep),
        removed_wrong=removed_wrong,
        found=_truth_hits(dataset.truth, keep),
        environment=_environment(learner.threads),
        warnings=warnings(spec),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        host=platform.node(),
    )


def _removed_wrong(
    spec: TrialSpec, learner: Learner, dataset: Dataset, keep: NDArray[np.bool_]
) -> tuple[float | None, Phase]:
    """How often the label of a removed row is not what a model says that never saw it."""
    if spec.protocol != "restart" or spec.kind not in ("pruned", "fixed") or keep.all():
        return None, Phase()
    gone = np.flatnonzero(~keep)
    if len(gone) > _MOST_LOOKED_AT:
        rng = np.random.default_rng(seed_for(spec.seed, "removed"))
        gone = np.sort(rng.choice(gone, _MOST_LOOKED_AT, replace=False))
    predicted, took = predict(learner, "train", gone)
    return float((predicted != dataset.train.labels[gone]).mean()), took


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

"""Scores of a training set: made once per warm-up mark and signal, kept with the sample's name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainables.datasets import Split
from trainables.signals import SIGNALS
from trainables.spec import TrialSpec


def check_scores(scores: NDArray[Any], n: int, signal: str) -> None:
    """Hold a signal to its contract.

    Raises:
        ValueError: If scores are not float32 of shape (n,), or not finite.
    """
    if scores.shape != (n,) or scores.dtype != np.float32:
        raise ValueError(
            f"signal {signal} gave {scores.dtype} of shape {scores.shape}; "
            f"it must give float32 of shape ({n},), one score for each training row"
        )
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        raise ValueError(
            f"signal {signal} gave {len(bad)} scores that are not finite, "
            f"rows {bad[:20].tolist()}; a score must order every row"
        )


def write_scores(
    path: Path, scores: NDArray[np.float32], train: Split, about: Mapping[str, Any]
) -> None:
    """Write columns sample_id, label and score, row for row, with `about` in the metadata."""
    table = pa.table({"sample_id": pa.array(train.ids), "label": train.labels, "score": scores})
    note = {"about": json.dumps(about, sort_keys=True)}
    pq.write_table(table.replace_schema_metadata(note), path, compression="zstd")


def read_scores(path: Path) -> NDArray[np.float32]:
    """The scores that `write_scores` wrote, shape (n,)."""
    scores: NDArray[np.float32] = pq.read_table(path, columns=["score"])["score"].to_numpy()
    return scores


def warnings(spec: TrialSpec) -> tuple[str, ...]:
    """What a reader of the trial's row must know, one sentence each."""
    if spec.is_baseline:
        return ()
    epochs, least = spec.warmup * spec.training.epochs, SIGNALS[spec.signal].min_epochs
    if epochs >= least:
        return ()
    return (
        f"{spec.signal} after {epochs:g} epochs of warm-up: its source validates it from "
        f"{least:g} epochs on, which is a warm-up of {least / spec.training.epochs:g} here",
    )

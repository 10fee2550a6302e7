"""Scores of a training set: made once per warm-up mark and signal, kept with the sample's name."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.evidence.requirements import settings_of
from trainables.selection.cuts import n_keep
from trainables.selection.lookup import resolve
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS, Signal
from trainables.spec import VECTORS, TrialSpec
from trainables.written_numbers import first_few

# Below this share of true neighbours a warning says how to find more.
_LEAST_RECALL = 0.99


def check_scores(scores: NDArray[Any], n: int, signal: str) -> None:
    """Hold a signal to its contract.

    Raises:
        ValueError: If scores are not float32 of shape (n,), or not finite.
    """
    if scores.shape != (n,) or scores.dtype != np.float32:
        raise UsageError(
            f"signal {signal} gave {scores.dtype} of shape {scores.shape}; "
            f"it must give float32 of shape ({n},), one score for each training row"
        )
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        raise UsageError(
            f"signal {signal} gave {len(bad)} scores that are not finite, "
            f"rows {first_few(bad.tolist())}; a score must order every row"
        )


def check_keep(keep: NDArray[Any], n: int, rate: float, selector: str) -> None:
    """Hold a selector to its contract.

    Args:
        keep: What it gave.
        n: Rows in all.
        rate: Share of them to remove.
        selector: Its name.

    Raises:
        UsageError: If keep is not a mask of shape (n,) with exactly as many rows as asked for.
    """
    wanted = n_keep(n, rate)
    if keep.shape != (n,) or keep.dtype != bool or keep.sum() != wanted:
        raise UsageError(
            f"selector {selector} gave {keep.dtype} of shape {keep.shape} that keeps "
            f"{np.count_nonzero(keep):,}; it must give bool of shape ({n},) that keeps {wanted:,}"
        )


def check_epochs(spec: TrialSpec) -> None:
    """Refuse a warm-up after which the signal or the selector has no data yet.

    Raises:
        ValueError: If it is too short, naming the one from which on it works.
    """
    if spec.kind != "pruned":
        return
    epochs = epochs_seen(spec)
    signal = resolve(spec).signal
    needs = {spec.signal: (signal.epochs_for(dict(spec.settings)), _or_less(spec, signal))}
    if spec.selector in SELECTORS:
        needs[spec.selector] = (SELECTORS[spec.selector].needs_epochs, "")
    for name, (least, or_less) in needs.items():
        if round(epochs, 6) < least:
            raise UsageError(
                f"{name} has no data to score by after {epochs:g} epochs of warm-up: it needs "
                f"every sample seen {least:g} times, {longer(least, spec)}{or_less}"
            )


def check_odds(spec: TrialSpec) -> None:
    """Refuse to draw rows one by one by scores that rest on which other rows go.

    Raises:
        UsageError: If it is so; of scores given by the user, or of a function of theirs, that is not known.
    """
    row = SIGNALS.get(spec.signal)
    by_odds = spec.selector in SELECTORS and SELECTORS[spec.selector].by_odds
    if by_odds and row and row.is_set and spec.signal != "given":
        raise UsageError(
            f"{spec.signal}:{spec.selector} draws each row by itself, and a score of {spec.signal} rests on "
            f"which other rows go; use {spec.signal}:global, or a signal such as dual or el2n"
        )


def _or_less(spec: TrialSpec, signal: Signal) -> str:
    """What else to do where a setting asks for so many visits."""
    name, seen = signal.more_visits_than, int(round(epochs_seen(spec), 6))
    return f"; or give {name}={seen - 1}" if name and seen >= signal.needs_epochs else ""


def epochs_seen(spec: TrialSpec) -> float:
    """Epochs that the run which scores has behind it."""
    return spec.warmup * spec.twin.training.epochs


def longer(least: float, spec: TrialSpec) -> str:
    """What to do for that many epochs of warm-up."""
    epochs = spec.twin.training.epochs
    share = least / epochs
    if share < 1:
        return f"a warm-up of {share:.6g} here"
    if spec.scorer:
        return f"and {spec.scorer.model} trains for {epochs}: score by another model or signal"
    return f"so train for more than {least:g} epochs, not {epochs}"


def recall_warnings(spec: TrialSpec, recall: float | None) -> tuple[str, ...]:
    """What a reader must know of approximate neighbours that are too few of the true ones."""
    if recall is None or recall >= _LEAST_RECALL:
        return ()
    probes = dict(spec.settings).get("probes", 0)
    return (
        f"{spec.signal} looked for neighbours in the {probes} nearest clusters alone and found "
        f"{math.floor(1000 * recall) / 10:.1f}% of the true ones; raise probes, or leave it out for "
        "an exact search",
    )


def warnings(spec: TrialSpec) -> tuple[str, ...]:
    """What a reader of the trial's row must know, one sentence each."""
    if spec.kind != "pruned" or spec.twin.model == VECTORS:
        return ()
    signal, found = resolve(spec).signal, []
    epochs, least = epochs_seen(spec), signal.min_epochs
    if round(epochs, 6) < least:
        found.append(
            f"{spec.signal} after {epochs:g} epochs of warm-up: it means what its source says from "
            f"{least:g} epochs on, {longer(least, spec)}"
        )
    models = int({**settings_of(signal.score), **dict(spec.settings)}.get("models", 0))
    if models < signal.least_models:
        found.append(
            f"{spec.signal} by {models:,} models: its order is mostly chance below {signal.least_models:,}, "
            f"each a run of its own; give models={signal.least_models}, or leave models out"
        )
    return tuple(found)

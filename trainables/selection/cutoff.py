"""What the selector `coverage` cuts off first: the hardest rows, by AUM or by the scores themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.selection.contracts import epochs_seen, longer
from trainables.selection.lookup import signal_of
from trainables.signals import SIGNALS, HardEnd
from trainables.signals.dynamics import aum
from trainables.spec import VECTORS, Setting, TrialSpec

# What says how hard a row is; "auto" is AUM where the run that scores has margins, else the scores.
BY = ("auto", "aum", "score")
# Which end of scores that nobody knows is taken to be hard, where the setting `hard` does not say it.
_OF_ONES_OWN: HardEnd = "high"


def cutoff_of(spec: TrialSpec) -> tuple[float, str]:
    """The share of rows that a trial's selector cuts off, and by what: "aum" or "score"; empty for no share."""
    chosen = dict(spec.selector_settings)
    share = float(chosen.get("cutoff", 0.0)) if spec.selector == "coverage" else 0.0
    by = str(chosen.get("cutoff_by", "score"))
    return share, ("score" if by == "auto" else by) if share else ""


def hardness(
    spec: TrialSpec, scores: NDArray[np.float32], margins: NDArray[np.float32] | None
) -> NDArray[np.float32] | None:
    """How hard each row is for a cut-off, shape (n,), higher is harder; None where that is by lacking margins.

    Args:
        spec: Of kind "pruned".
        scores: The signal's, shape (n,), whichever end goes.
        margins: Of its run at its mark, shape (n, t).
    """
    if cutoff_of(spec)[1] == "aum":
        return None if margins is None else -aum(margins)
    return scores if hard_end_of(spec) == "high" else -scores


def hard_end_of(spec: TrialSpec) -> HardEnd:
    """Which end of a trial's scores is hard: its signal's, of scores that nobody knows as `hard` says."""
    chosen = dict(spec.selector_settings).get("hard")
    own: HardEnd = "low" if chosen == "low" else _OF_ONES_OWN
    return signal_of(spec.signal).hard_end or own


def settled(spec: TrialSpec) -> TrialSpec:
    """A trial whose selector says by what it cuts off.

    Raises:
        UsageError: If that means nothing: without a share, by margins that the run that scores does not
            give, or by scores of which no end is hard.
    """
    if spec.kind != "pruned" or spec.selector != "coverage":
        return spec
    chosen = dict(spec.selector_settings)
    share, by, hard = chosen["cutoff"], chosen["cutoff_by"], chosen["hard"]
    if by not in BY:
        raise UsageError(f"coverage: cutoff_by is {by!r}; it is one of {', '.join(BY)}")
    if not share:
        for name, value, usual in (("cutoff_by", by, "auto"), ("hard", hard, "")):
            if value != usual:
                raise UsageError(
                    f"coverage: {name}={value} changes nothing without a cutoff; add cutoff=0.2, or leave "
                    "it out"
                )
        return spec
    lacking = _no_margins(spec)
    if by == "auto":
        by = "score" if lacking else "aum"
    if by == "aum" and lacking:
        raise UsageError(
            f"{_name(spec)}: cutoff_by=aum needs margins, and {lacking}; or give cutoff_by=score"
        )
    _check_end(spec, by, hard, lacking)
    return replace(spec, selector_settings=tuple({**chosen, "cutoff_by": by}.items()))


def cutoff_notes(specs: Iterable[TrialSpec]) -> Iterator[str]:
    """What a reader must know of cut-offs: which end of unknown scores is taken for hard."""
    for spec in specs:
        if cutoff_of(spec)[1] == "score" and _is_own(spec.signal):
            end = hard_end_of(spec)
            other = "low" if end == "high" else "high"
            yield (
                f"{_name(spec)} cuts off the {end}est scores of {spec.signal} first, as those of the hardest "
                f"rows; hard={other} says that it is the other end"
            )


def _check_end(spec: TrialSpec, by: str, hard: Setting, lacking: str) -> None:
    """Refuse an end that is none, is said of scores whose hard end is known, or that there is not.

    `random` has none, and no need of it: what its draws cut off goes by lot.
    """
    if hard not in ("", "low", "high"):
        raise UsageError(
            f"coverage: hard is {hard!r}; it is low or high: the end of the hardest rows"
        )
    if hard and (by == "aum" or not _is_own(spec.signal)):
        what = "AUM" if by == "aum" else spec.signal
        raise UsageError(
            f"{_name(spec)}: hard={hard} is for scores of your own; which end of {what} is hard is known: "
            "leave it out"
        )
    if by == "score" and not (spec.signal == "random" or _is_own(spec.signal) or hard_known(spec)):
        instead = f"{lacking}; or leave cutoff out" if lacking else "give cutoff_by=aum"
        raise UsageError(
            f"{_name(spec)}: no end of the scores of {spec.signal} holds the hardest rows, so a cut-off by "
            f"them means nothing, and one by AUM needs margins: {instead}"
        )


def hard_known(spec: TrialSpec) -> bool:
    """Whether one end of a signal's scores is known to be hard."""
    return bool(signal_of(spec.signal).hard_end)


def _is_own(signal: str) -> bool:
    """Whether nobody but the user knows what the scores say."""
    return signal == "given" or signal not in SIGNALS


def _no_margins(spec: TrialSpec) -> str:
    """Why the run that scores gives no margins at its mark, and what to do; empty where it does."""
    twin = spec.twin
    if twin.is_own:
        return f"{twin.learner} tells none: add --score-model linear"
    if twin.model == VECTORS:
        return "the vectors of --embedding-column tell none: add --score-model linear"
    epochs, least = epochs_seen(spec), SIGNALS["aum"].needs_epochs
    if round(epochs, 6) >= least:
        return ""
    return (
        f"after {epochs:g} epochs of warm-up not every row was seen: they need {least:g}, "
        f"{longer(least, spec)}"
    )


def _name(spec: TrialSpec) -> str:
    return f"{spec.signal}:coverage,cutoff={dict(spec.selector_settings)['cutoff']:g}"

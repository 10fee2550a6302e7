"""Contrasts and leading arms of a run: computed once, put into words, and as rows of tables."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from analysis.contrasts import Contrast, contrasts
from analysis.leading_arms import Leaders, LeadingArm, leaders
from analysis.methods import Condition
from analysis.paired_arms import Arms
from analysis.study import Study
from analysis.wording import method_labels, percent, removed_text, trained_label, training_label

CONTRAST_COLUMNS = (
    "kind", "dataset", "data_sha", "shared", "left", "right", "warmup", "rate", "rates", "n_seeds",
    "mean", "low", "high", "p", "p_corrected", "finding", "metric", "unit", "notes",
)  # fmt: skip
LEADER_COLUMNS = (
    "dataset", "data_sha", "model", "protocol", "warmup", "rate", "rates", "method", "may_lead", "n_seeds",
    "delta", "low", "high", "behind", "confidence", "metric", "unit",
)  # fmt: skip


class _Same:
    """A study by what tells it from others: itself."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.study is other.study

    def __hash__(self) -> int:
        return id(self.study)


@lru_cache(maxsize=2)
def _arms(same: _Same) -> Arms:
    return Arms(row.cell for row in same.study.rows)


@lru_cache(maxsize=2)
def _contrasts(same: _Same) -> tuple[Contrast, ...]:
    return contrasts(_arms(same), same.study.comparisons, alpha=same.study.alpha)


@lru_cache(maxsize=2)
def _leaders(same: _Same) -> tuple[Leaders, ...]:
    found = leaders(_arms(same), _contrasts(same), alpha=same.study.alpha)
    place = sorted(found, key=lambda one: (len(one.rates), one.rates, -one.warmup))
    return tuple(sorted(place, key=lambda one: one.source.dataset))


def contrasts_of(study: Study) -> tuple[Contrast, ...]:
    """Every two conditions of a run that differ in one thing; those against random first."""
    return _contrasts(_Same(study))


def leaders_of(study: Study) -> tuple[Leaders, ...]:
    """The arms that may be the best, at each warm-up and rate and over the rates."""
    return _leaders(_Same(study))


def side_text(study: Study, contrast: Contrast, condition: Condition) -> str:
    """One side of a contrast, by what makes it one."""
    if contrast.kind == "warmup":
        return f"{percent(condition.warmup)} warm-up"
    if contrast.kind == "rate":
        return f"{percent(condition.rate)} removed"
    if contrast.kind == "model":
        return _trained_text(contrast, condition)
    return study.methods[condition.method]


def _trained_text(contrast: Contrast, condition: Condition) -> str:
    """A model, and how it is trained where that is all that the two sides differ in."""
    names = [trained_label(one.method) for one in (contrast.left, contrast.right)]
    method = condition.method
    if names[0] != names[1]:
        return trained_label(method)
    return f"{names[0]}, {training_label(method.training)}"


def shared_text(study: Study, contrast: Contrast) -> str:
    """What both sides of a contrast are, in words."""
    one = contrast.left
    method = study.methods[one.method]
    if contrast.kind == "rate":
        return f"{method}, {percent(one.warmup)} warm-up"
    removed = f"{rates_text(contrast.rates)} removed"
    if contrast.kind == "warmup":
        return f"{method}, {removed}"
    place = place_text(contrast.rates, one.warmup)
    if contrast.kind == "model":
        alike = [m for m in study.methods if m.trained == one.method.trained]
        return f"{method_labels(alike)[one.method]}, {place}"
    return place


def rates_text(rates: tuple[float, ...]) -> str:
    """10%, or the mean of 10, 20 and 30%."""
    if len(rates) == 1:
        return percent(rates[0])
    *first, last = (percent(rate) for rate in rates)
    return f"mean of {', '.join(one.rstrip('%') for one in first)} and {last}"


def place_text(rates: tuple[float, ...], warmup: float) -> str:
    """10% removed after 15% warm-up, or so much by the mean over rates."""
    if len(rates) == 1:
        return removed_text(rates[0], warmup)
    return f"{rates_text(rates)} removed after {percent(warmup)} warm-up"


def behind_text(study: Study, arm: LeadingArm, contrast: Contrast) -> str:
    """The arm behind which another is shown to be, by the name of its method."""
    other = contrast.right if contrast.left == arm.condition else contrast.left
    return study.methods[other.method]


def _at(rates: tuple[float, ...]) -> dict[str, Any]:
    rate = rates[0] if len(rates) == 1 else None
    return {"rate": rate, "rates": " ".join(f"{one:g}" for one in rates)}


def contrast_rows(study: Study) -> Iterator[dict[str, Any]]:
    """One row a contrast: kind by kind, at each rate and by the mean over the rates."""
    for one in contrasts_of(study):
        yield {
            "kind": one.kind,
            **one.left.source._asdict(),
            "shared": shared_text(study, one),
            "left": side_text(study, one, one.left),
            "right": side_text(study, one, one.right),
            "warmup": one.left.warmup if one.kind != "warmup" else None,
            **_at(one.rates),
            "n_seeds": len(one.seeds),
            "mean": one.mean,
            "low": one.low,
            "high": one.high,
            "p": one.p,
            "p_corrected": one.p_corrected,
            "finding": one.finding,
            **study.unit_columns,
            "notes": "; ".join(one.notes),
        }


def leader_rows(study: Study) -> Iterator[dict[str, Any]]:
    """One row an arm at each place, the largest mean first."""
    for one in leaders_of(study):
        for arm in one.arms:
            yield {
                **one.source._asdict(),
                "model": arm.condition.method.model,
                "protocol": arm.condition.protocol,
                "warmup": one.warmup,
                **_at(one.rates),
                "method": study.methods[arm.condition.method],
                "may_lead": arm.may_lead,
                "n_seeds": arm.n_seeds,
                "delta": arm.mean,
                "low": arm.low,
                "high": arm.high,
                "behind": "; ".join(behind_text(study, arm, one) for one in arm.shown_behind),
                "confidence": one.confidence,
                **study.unit_columns,
            }

"""In what two plans of one folder differ, in the words by which a sweep is asked for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter

from orchestrator.trial_names import arm_text
from trainables.spec import TrialSpec
from trainables.training_settings import Training

# What full-data runs have a value of, too, and what pruned ones alone have.
_OF_ALL: dict[str, Callable[[TrialSpec], object]] = {
    "data": attrgetter("dataset"),
    "model": attrgetter("model"),
    "seed": attrgetter("seed"),
    **{one.name: attrgetter(f"training.{one.name}") for one in fields(Training)},
}
_OF_PRUNED: dict[str, Callable[[TrialSpec], object]] = {
    "signal": arm_text,
    "rate": attrgetter("rate"),
    "warm-up": attrgetter("warmup"),
    "protocol": attrgetter("protocol"),
    "budget": attrgetter("budget"),
}
_SHOWN = 5


def plan_difference(old: Iterable[TrialSpec], new: Iterable[TrialSpec]) -> str:
    """What is there and not asked for, and what is asked for in its place, by flag.

    Args:
        old: The trials that are there.
        new: Those asked for.
    """
    plans, told = (list(old), list(new)), []
    for noun, of in (_OF_ALL | _OF_PRUNED).items():
        there, here = (
            dict.fromkeys(of(spec) for spec in plan if noun in _OF_ALL or not spec.is_baseline)
            for plan in plans
        )
        if lost := [value for value in there if value not in here]:
            instead = [value for value in here if value not in there]
            told.append(f"{noun} {_listed(lost)} there, {_listed(instead) or 'not'} here")
    return "; ".join(told) or "each value is asked for, but not in these combinations"


def _listed(values: Sequence[object]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(str(value) for value in values[:_SHOWN]) + more

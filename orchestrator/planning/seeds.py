"""Trials that differ in their seed alone: most of a sweep, of which plan and checks look at one."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter

from trainables.spec import TrialSpec

_BUT_THE_SEED = attrgetter(*(f.name for f in fields(TrialSpec) if f.name != "seed"))


def once_a_seed(specs: Iterable[TrialSpec]) -> list[TrialSpec]:
    """The first of each trials that differ in their seed alone."""
    found: dict[object, TrialSpec] = {}
    for spec in specs:
        # Equal settings of two types, 1 and True, are two.
        found.setdefault(
            (repr(spec.settings), repr(spec.selector_settings), *_BUT_THE_SEED(spec)), spec
        )
    return list(found.values())


def with_seeds(specs: Iterable[TrialSpec], baselines: Iterable[TrialSpec]) -> Iterator[TrialSpec]:
    """Each baseline, and trials of it that were checked with another seed, which are not checked anew.

    Args:
        specs: Trials of the full-data run that `baselines` are of, with any seed.
        baselines: That run by each seed, checked.
    """
    each = [spec.__getstate__() for spec in specs]  # Fields alone, no keys.
    for baseline in baselines:
        yield baseline
        own = {"seed": baseline.seed, "run_key": baseline.run_key}
        for values in each:
            made = TrialSpec.__new__(TrialSpec)
            vars(made).update(values | own)
            yield made

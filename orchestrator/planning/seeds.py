"""Which seeds there are, and trials that differ in their seed alone, of which plan and checks look at one."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import count, islice
from operator import attrgetter

from analysis.confirmation import SEEDS
from trainables.spec import TrialSpec

_BUT_THE_SEED = attrgetter(*(f.name for f in fields(TrialSpec) if f.name != "seed"))
_FIRST = (11, 17, 23, 29, 31)
# Beyond those of any sweep: a longer one has other seeds still.
FRESH_SEEDS = tuple(range(901, 901 + SEEDS))


def fresh_seeds(taken: Iterable[int], many: int = SEEDS) -> tuple[int, ...]:
    """Seeds of a confirmation: so many, none that a sweep has run."""
    known = {*taken}
    free = (seed for seed in count(FRESH_SEEDS[0]) if seed not in known)
    return tuple(islice(free, many))


def first_seeds(many: int) -> tuple[int, ...]:
    """The seeds a sweep of that many seeds runs: a longer sweep begins with a shorter one's."""
    return _FIRST[:many] + tuple(range(100, 100 + many - len(_FIRST)))


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

"""Weaker readings of the same trials name what they would: each differs where it alone is at fault."""

import numpy as np
import pytest

from analysis.other_readings import WEAKER, other_readings
from analysis.page.otherwise import otherwise
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.paired_runs import World, drawn_test_set, ladders, rows

RATES = (0.1, 0.3)
CALM = World(n=4000, run_sd=0.001, likeness=0.95)
# Of four methods one is safe, at 10 % alone.
ONE_HOLDS = [(-3, -9), (0, -9), (-3, -9), (-3, -9)]
LOUD = World(n=1000, run_sd=0.006, likeness=0.8)


def made(true, *, late=None, seeds=5, world=CALM, number=0, **plan):
    """A run of methods whose true differences at 10 and 30 % are given in pp, random first.

    Args:
        true: Of each method.
        late: The same from the third seed on, where it is another.
        seeds: How many.
        world: What else is true.
        number: Of the generator.
        plan: More of the plan.
    """
    rng = np.random.default_rng(number)
    specs = [spec for own in ladders(len(true), RATES, control=True) for spec in own]
    on = drawn_test_set(rng, world, len(specs))
    found = []
    for deltas, own in ((true, range(min(2, seeds))), (late or true, range(2, seeds))):
        flat = [delta / 100 for one in deltas for delta in one]
        found += rows(rng, world, [*zip(specs, flat, strict=True)], own, on=on)
    return study(found, Plan(tolerance=1.0, **plan))


def only(seen):
    (one,) = other_readings(seen)
    return one


def named(one, reading):
    row = one.named[reading]
    return row and (row.cell.condition.rate, row.cell.condition.signal)


def test_without_random_a_method_takes_its_credit():
    one = only(made([(0, 0), (0, 0)]))
    assert one.holds.cell.condition.is_control
    assert named(one, "without random") == (0.3, "made:signal_00")
    assert "without random" in one.different


def test_by_means_alone_a_cut_passes_that_is_not_decided():
    one = only(made([(-3, -9), (-0.8, -9)], world=LOUD, number=1))
    assert one.holds is None
    assert one.different == ("by means alone",)


def test_by_two_seeds_a_cut_passes_that_later_seeds_refute():
    one = only(made(ONE_HOLDS, late=[(-3, -9)] * 4))
    assert one.holds is None
    assert named(one, "by two seeds") == (0.1, "made:signal_00")
    assert one.different == ("by two seeds",)


def test_without_counting_picks_the_best_of_many_passes():
    one = only(made([(-3, -9), *[(-0.5, -9)] * 12], world=LOUD, number=3))
    assert one.holds is None
    assert "without counting picks" in one.different


def test_where_no_reading_differs_one_sentence_says_so():
    seen = made(ONE_HOLDS)
    assert only(seen).different == ()
    told = otherwise(seen)
    assert told.rows == ()
    assert told.sentence == (
        "Read without random, by means alone, by two seeds or without counting picks, the same runs "
        "lead to the same answer."
    )


def test_the_table_has_what_holds_and_what_differs():
    told = otherwise(made([(0, 0), (0, 0)]))
    (row,) = told.rows
    assert row[:2] == ("made", "30% at random")
    assert row[2][0] == ("30% by made:signal_00", True)


@pytest.mark.parametrize("seeds", [1, 2])
def test_what_was_not_run_is_not_read(seeds):
    one = only(made([(0, 0), (0, 0)], seeds=seeds))
    assert "by two seeds" not in one.named
    alone = only(made([(0, 0)]))
    assert {*alone.named} == {"by means alone", "by two seeds"}


def test_no_reading_is_made_of_a_model_that_has_learned_nothing():
    assert other_readings(made([(0, 0), (0, 0)], world=World(accuracy=0.5, n=2000))) == []


def test_seeds_bought_look_by_look_are_read_like_all_others():
    one = only(made([(0, 0), (0, 0)], adaptive=True))
    assert {*one.named} == {*WEAKER} - {"without new seeds"}

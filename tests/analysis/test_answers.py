"""One answer a data set, in one state: what is named, by which error, and why."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.answers import answer_of, answers, found_rates
from analysis.gate import Gate, unmet
from analysis.intervals import bounds
from analysis.multiplicity import rung, searched
from analysis.run_files import Plan
from analysis.safe_rates import rate_curves
from analysis.study import study
from benchmarks.paired_runs import World, ladders, rows

RATES = (0.1, 0.3)
CALM = World(n=4000, run_sd=0.001, likeness=0.95)


def made(true, *, seeds=5, world=CALM, control=True, number=0, **more):
    """A study of methods whose true differences at both rates are given in pp, random first."""
    rng = np.random.default_rng(number)
    specs = ladders(len(true), RATES, control=control)
    pairs = [
        (replace(spec, **more), delta / 100)
        for own, deltas in zip(specs, true, strict=True)
        for spec, delta in zip(own, deltas, strict=True)
    ]
    return study(rows(rng, world, pairs, range(seeds)), Plan(tolerance=1.0))


def only(seen):
    (found,) = answers(seen)
    return found


def named(found):
    condition = found.row.cell.condition
    return condition.signal, condition.rate


def test_the_largest_rate_that_passes_with_all_methods_counted_is_found():
    found = only(made([(-3, -6), (0, 0.2), (0, -5)]))
    assert (found.state, *named(found)) == ("found", "made:signal_00", 0.3)


def test_the_interval_told_is_the_one_it_was_picked_by():
    seen = made([(-3, -6), (0, 0.2), (0, -5)])
    found = only(seen)
    low, high = bounds(found.row.verdict.parts, 0.05 / 3)
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high))
    assert found.low < found.row.verdict.low


def test_where_random_passes_too_and_nothing_beats_it_random_is_named():
    found = only(made([(0, 0), (0, 0)]))
    assert (found.state, found.standing, named(found)) == ("found", "random", ("random", 0.3))


def test_a_method_that_beats_random_there_is_named_before_it():
    found = only(made([(0, -0.4), (0.2, 0.9)]))
    assert (found.standing, named(found)) == ("better", ("made:signal_00", 0.3))


def test_without_random_nothing_is_credited():
    found = only(made([(0, 0)], control=False))
    assert (found.state, found.standing) == ("found", "no control")


def test_what_passes_alone_but_not_among_many_is_promising():
    """Searched for by hand: the first study of a row of them where only counting the many fails."""
    for number in range(40):
        seen = made([(-3, -6)] + [(-0.75, -3)] * 11, number=number)
        found = only(seen)
        if found.state == "promising":
            break
    assert found.state == "promising" and found.rate == 0.0
    assert found.low > -1 and bounds(found.row.verdict.parts, 0.05 / 12)[0] <= -0.01


def test_two_seeds_are_a_first_look_however_clear_they_are():
    found = only(made([(-5, -9), *[(0, 0)] * 6], seeds=2, world=replace(CALM, run_sd=0.00001)))
    assert found.state == "exploratory" and found.rate == 0.0


def test_where_all_lose_more_than_the_line_nothing_is_named_safe():
    found = only(made([(-4, -9), (-3, -8)]))
    assert found.state == "none" and found.row.verdict.verdict == "outside"
    assert named(found) == ("made:signal_00", 0.1)


def test_a_model_that_learned_nothing_gives_no_answer_and_no_within():
    seen = made([(0, 0), (0, 0)], world=replace(CALM, accuracy=0.5))
    assert only(seen).state == "no answer"
    assert {row.verdict.verdict for row in seen.rows} <= {"inconclusive", "outside"}


def test_a_diverged_run_keeps_its_condition_from_being_named():
    calm = made([(-5, -9), (0, 0)])
    assert only(calm).state == "found"
    fallen = [
        replace(row, accuracy=row.accuracy - 0.2)
        if (row.spec.signal, row.spec.seed, row.spec.rate) == ("made:signal_00", 3, 0.1)
        else row
        for row in calm.results
    ]
    found = only(study(fallen, Plan(tolerance=1.0)))
    assert found.state != "found"


def test_the_closest_told_is_one_that_more_seeds_could_decide():
    """Not a smaller rate that is shown to be outside: of that nothing is left to decide."""
    seen = made([(-5, -9), (-5, -1.6)], seeds=3, world=World(n=1500))
    words = {(row.cell.condition.rate, row.verdict.verdict) for row in seen.rows}
    assert (0.1, "outside") in words and (0.1, "inconclusive") not in words
    assert (0.3, "inconclusive") in words
    found = only(seen)
    assert (found.state, *named(found)) == ("none", "made:signal_00", 0.3)


def test_the_interval_told_never_leaves_what_accuracy_can_be():
    world = World(n=6, accuracy=0.7, run_sd=0.2)
    seen = made([(0, 0), (-1, -2)], seeds=2, number=1, world=world)
    found = only(seen)
    assert -100 <= found.low <= found.high <= 100
    raw = [100 * bound for bound in bounds(found.row.verdict.parts, 0.05)]
    assert min(raw) < -100 or max(raw) > 100, "no case of the kind"


def test_a_full_data_run_that_diverged_does_not_unlearn_the_others():
    calm = made([(-5, -9), (0, 0)])
    fallen = [
        replace(row, accuracy=0.5) if (row.spec.is_baseline, row.spec.seed) == (True, 3) else row
        for row in calm.results
    ]
    found = only(study(fallen, Plan(tolerance=1.0)))
    assert found.state != "no answer" and found.learned.n_runs == 4


def test_of_equals_the_method_whose_worst_class_loses_least_is_named():
    seen = made([(-5, -9), (0, 0), (0, 0)])
    found = only(seen)
    others = [row for row in seen.rows if row.cell.condition.rate == 0.3 and row is not found.row]
    lost = [
        min(np.mean([np.subtract(p.pruned.recall, p.baseline.recall) for p in row.cell.pairs], 0))
        for row in (found.row, *others[1:])
    ]
    assert lost[0] == max(lost)


def test_found_rates_are_those_of_the_search_by_hand():
    seen = made([(-3, -6), (0, 0.2), (0, -5)])
    (source,) = seen.sources
    curves = rate_curves(seen, source)
    by_hand = searched(
        [[rung(row.verdict.parts, line=-0.01) for row in own] for own in curves.values()]
    )
    expected = [
        own[count - 1].cell.condition.rate if count else 0.0
        for own, count in zip(curves.values(), by_hand.passed, strict=True)
    ]
    assert list(found_rates(seen, source).values()) == expected


@pytest.mark.slow
def test_cards_and_gates_at_the_line_are_false_in_one_of_twenty_studies_at_most():
    """The negative control stands below: the same studies, each method tested alone."""
    false = alone = 0
    for number in range(150):
        seen = made([(-1, -3)] * 8, world=World(n=1000), number=number)
        (source,) = seen.sources
        false += answer_of(seen, source).rate > 0
        alone += any(row.verdict.verdict == "within" for row in seen.rows)
        assert (not unmet(seen, [Gate(name="made", rate=0.1)])) == (
            answer_of(seen, source).rate >= 0.1
        )
    assert false / 150 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    assert alone / 150 > 0.12

"""What changed since an older run, on made-up rows whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.changed_conditions import with_corrected_p
from analysis.changes import change_rows, changes_between
from analysis.intervals import bounds
from analysis.multiplicity import holm
from analysis.study import study
from analysis.verdicts import ALPHA
from benchmarks.paired_runs import World, ladders, rows
from trainables.training_settings import Training

CALM = World(n=4000, run_sd=0.001, likeness=0.95)
METHODS = [spec for (spec,) in ladders(4, (0.3,), control=True)]
SEEDS = range(1, 6)
LATER = {"torch": "3"}


def made(seed, fall=0.0, seeds=SEEDS, world=CALM, **more):
    """Rows of random and three methods, all of which lose as much."""
    rng = np.random.default_rng(seed)
    return [
        replace(row, **more) for row in rows(rng, world, [(s, fall) for s in METHODS], [*seeds])
    ]


def as_spec(results, **fields):
    return [replace(row, spec=replace(row.spec, **fields)) for row in results]


def between(then, now):
    return changes_between(study(then, name="then"), study(now, name="now"))


def findings(found):
    return {one.finding for one in found.conditions}


def test_the_same_rows_are_the_same_trials_and_no_change():
    found = between(made(1), made(1))
    assert {one.pairing for one in found.conditions} == {"same trials"}
    assert findings(found) == {"same trials"} and found.found == []


def test_more_seeds_of_the_same_trials_are_no_change():
    more = made(1) + made(2, seeds=range(6, 9))
    found = between(made(1), more)
    assert findings(found) == {"same trials"}
    assert [one.seeds for one in found.conditions] == [tuple(SEEDS)] * 4


def test_what_was_trained_otherwise_is_paired_by_seed_and_test_row():
    now = as_spec(made(1, -0.01), training=Training(epochs=9))
    found = between(made(1), now)
    assert {one.pairing for one in found.conditions} == {"paired"}
    assert findings(found) == {"worse now"}
    assert all(one.low < -1 < one.high for one in found.conditions)


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_not_called_a_change(seed):
    """The control is the test above: a point of accuracy is found by the same number of rows."""
    then = made(100 + seed)
    for now in (as_spec(made(seed), training=Training(epochs=9)), made(seed, environment=LATER)):
        assert between(then, now).found == []


def test_what_would_be_a_change_alone_is_none_among_several():
    found = between(made(1), as_spec(made(3, -0.003), training=Training(epochs=9)))
    alone = [one.p for one in found.conditions]
    assert min(alone) <= ALPHA and found.found == []
    assert [one.p_corrected for one in found.conditions] == holm(alone)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (made(1, -0.03, environment=LATER), "another environment"),
        (as_spec(made(1, -0.03), version=6), "another release"),
        (as_spec(made(1, -0.03), data_sha="e" * 64), "other data"),
        (made(1, -0.03, seeds=range(11, 16)), "no seed in common"),
    ],
)
def test_what_may_not_be_paired_stands_apart_with_the_reason(now, why):
    found = between(made(1), now)
    assert {(one.pairing, one.why_apart) for one in found.conditions} == {("apart", why)}
    assert findings(found) == {"worse now"}


def test_results_apart_have_the_interval_of_two_independent_ones():
    one = between(made(1), made(2, environment=LATER)).conditions[0]
    then, now = one.then.verdict, one.now.verdict
    # Of fewer than six conditions each keeps its own spread; both parts of it are joined apart.
    (_, t_high), (n_low, _) = (bounds(replace(v.parts, apart=True)) for v in (then, now))
    assert one.mean == pytest.approx(now.mean - then.mean)
    below = np.hypot(now.parts.mean - n_low, t_high - then.parts.mean)
    assert one.low == pytest.approx(one.mean - 100 * below)


def test_two_seeds_find_no_change_however_large():
    now = as_spec(made(1, -0.1, seeds=(1, 2)), training=Training(epochs=9))
    assert findings(between(made(1, seeds=(1, 2)), now)) == {"no change shown"}


def test_what_a_run_that_fell_out_speaks_for_is_no_change():
    (worse, *_) = between(made(1), as_spec(made(1, -0.01), training=Training(epochs=9))).conditions
    fell = replace(worse.now, cell=replace(worse.now.cell, diverged=(3,)))
    (again,) = with_corrected_p([replace(worse, now=fell, finding="no change shown")])
    assert (worse.finding, again.finding) == ("worse now", "no change shown")


def test_other_data_of_one_name_are_told_and_of_another_name_refused():
    found = between(made(1), as_spec(made(1), data_sha="e" * 64))
    assert [one.dataset for one in found.other_data] == ["made"]
    with pytest.raises(ValueError, match="it is of made, and now of other"):
        between(made(1), as_spec(made(1), data_sha="e" * 64, dataset="other"))


def test_a_renamed_data_set_of_one_content_is_the_same():
    assert between(made(1), as_spec(made(1), dataset="renamed")).other_data == []


def test_what_only_one_run_has_is_listed_as_such():
    fewer = [row for row in made(1) if row.spec.signal != "made:signal_02"]
    found = {row["method"]: row["finding"] for row in change_rows(between(made(1), fewer))}
    assert found.pop("made:signal_02 (global)") == "only then"
    assert {*found.values()} == {"same trials"}
    assert "only now" in findings(between(fewer, made(1)))


def test_with_another_length_of_warm_up_a_training_afresh_is_still_the_same_cut():
    def afresh(warmup):
        cut = {"protocol": "restart", "warmup": warmup}
        return [
            r if r.spec.is_baseline else replace(r, spec=replace(r.spec, **cut)) for r in made(1)
        ]

    assert {one.pairing for one in between(afresh(0.1), afresh(0.2)).conditions} == {"paired"}

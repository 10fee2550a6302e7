"""Trials at several total sizes: points of the frontier, and of no other answer."""

from dataclasses import replace

import pytest

from analysis.answers import answers
from analysis.frontier import frontiers
from analysis.page.figures.frontier import frontier_figure
from analysis.page.figures.frontier_study import frontier_data
from analysis.page.frontier_answers import frontier_answers
from analysis.page.render import render
from analysis.study import study
from analysis.table_rows import trial_rows
from analysis.total_sizes import size_families
from analysis.verdicts_json import verdicts_json
from tests.analysis.sized_runs import error

WHOLE, SIZES, RATES, SEEDS = "d" * 64, (1000, 2000, 4000, 8000), (0.5, 0.75), (1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def seen(sized_run):
    return study(*sized_run)


def test_a_family_has_every_point_with_the_errors_of_its_seeds(seen):
    (one,) = size_families(seen)
    assert one.source.dataset == "imdb" and one.warmup == 0.15
    unpruned = {point.total: point for point in one.family.unpruned}
    assert sorted(unpruned) == [1000, 2000, 4000, 8000]
    assert unpruned[2000].errors == pytest.approx(
        {s: error("random", 2000, 0, s) for s in SEEDS}, abs=5e-5
    )
    by_signal = {method.signal: points for method, points in one.family.methods.items()}
    assert {(p.total, p.share, p.kept) for p in by_signal["el2n"]} == {
        (total, 1 - rate, total * (1 - rate)) for total in SIZES for rate in RATES
    }
    (point,) = [p for p in by_signal["el2n"] if (p.total, p.share) == (4000, 0.5)]
    assert point.errors == pytest.approx({s: error("el2n", 4000, 0.5, s) for s in SEEDS}, abs=5e-5)
    for seed, rows in point.rows.items():
        assert 1 + rows.mean() == pytest.approx(point.errors[seed], abs=5e-5)
    ((method, control),) = one.family.controls.items()
    assert (method.signal, control.signal) == ("el2n", "random")
    assert {*one.labels} == {*one.family.methods}


def test_a_family_is_read_to_a_frontier(seen):
    (one,) = size_families(seen)
    found = frontiers(one.family)
    assert found.sizes == (1000, 2000, 4000, 8000) and found.seeds == 5
    by_signal = {method.signal: of_it for method, of_it in found.methods.items()}
    assert by_signal["el2n"].ratios[2] < 0.5 and by_signal["el2n"].shares[2] == 0.5


def test_a_signal_that_bends_the_frontier_is_named_first_and_drawn(seen):
    (data,) = frontier_data(seen)
    assert data.name == "EL2N (global)" and data.frontier.bends
    assert [line.share for line in data.lines] == [1.0, 0.5, 0.25]
    assert len(frontier_figure(data)["data"]) == 2 + len(data.lines)
    (answer,) = frontier_answers(seen)
    assert "bends the frontier" in answer.sentences[0] and "EL2N" in answer.sentences[0]
    assert "1,000, 2,000, 4,000, 8,000 rows" in answer.sentences[-1]
    page = render(seen)
    assert page.index("bends the frontier") < page.index('<section id="frontier">')
    assert page.index('<section id="frontier">') < page.index('<section id="envelope">')


def test_rows_of_smaller_sizes_change_no_answer_no_card_and_no_comparison(sized_run):
    rows, plan = sized_run
    whole = [row for row in rows if row.spec.data_sha == WHOLE]
    alone = study(whole, replace(plan, specs=tuple(row.spec for row in whole), subsets={}))
    both = study(rows, plan)
    assert both.rows == alone.rows and both.sources == alone.sources
    assert {k: v.mean for k, v in both.comparisons.items()} == {
        k: v.mean for k, v in alone.comparisons.items()
    }
    assert answers(both)[0].rate == answers(alone)[0].rate
    assert verdicts_json(both) == verdicts_json(alone)


def test_without_the_plan_each_size_would_be_a_data_set_of_its_own(sized_run):
    rows, plan = sized_run
    assert len(study(rows, replace(plan, subsets={})).sources) == 1 + 3 * len(SEEDS)


def test_every_trial_is_in_the_table_of_trials_and_failures_are_named(sized_run):
    rows, plan = sized_run
    lost = next(row for row in rows if row.spec.data_sha != WHOLE and row.spec.signal == "el2n")
    failed = replace(lost, status="failed", error="no memory", accuracy=None)
    seen = study([failed if row is lost else row for row in rows], plan)
    assert len([*trial_rows(seen)]) == len(rows)
    page = render(seen)
    assert "imdb, 1,000 rows" in page and "no memory" in page and "1 failed" in page
    (one,) = size_families(seen)
    (point,) = [
        p for m, points in one.family.methods.items() if m.signal == "el2n" for p in points
        if (p.total, 1 - p.share) == (1000, lost.spec.rate)
    ]  # fmt: skip
    assert sorted(point.errors) == [2, 3, 4, 5]


def test_runs_of_another_training_are_no_points_of_it(sized_run):
    rows, plan = sized_run
    other = [
        replace(row, spec=replace(row.spec, training=replace(row.spec.training, epochs=99)))
        for row in rows
        if row.spec.data_sha != WHOLE
    ]
    own = [row for row in rows if row.spec.data_sha == WHOLE]
    assert size_families(study([*own, *other], plan)) == []
    assert len(size_families(study([*rows, *other], plan))) == 1


def test_a_run_of_one_size_has_no_family(small_run):
    assert size_families(study(small_run)) == []

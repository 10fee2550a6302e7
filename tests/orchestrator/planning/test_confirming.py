"""What a sweep confirms: chosen when its search has ended, once, and never again."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from analysis.run_files import Plan
from benchmarks.paired_runs import FULL, World, ladders, rows
from orchestrator.planning.confirming import candidates_of, chosen_lists
from orchestrator.planning.estimate import unchosen
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.seeds import FRESH_SEEDS, fresh_seeds
from orchestrator.planning.task_graph import plan as plan_tasks
from orchestrator.store.run_folder import PlanChangedError
from orchestrator.terminal.plan_text import print_plan
from trainables.records import to_json
from trainables.result import Phase, TrialResult

CALM = World(n=3000, run_sd=0.001, likeness=0.95)
SEEDS = (0, 1, 2, 3, 4)
SHA = FULL.data_sha


def searched(true=((-3, -6), (0.0, 0.1)), **more):
    """A plan of random and one method at two rates, and its rows."""
    specs = ladders(len(true), (0.1, 0.3), control=True)
    pairs = [
        (replace(spec, **more), delta / 100)
        for own, deltas in zip(specs, true, strict=True)
        for spec, delta in zip(own, deltas, strict=True)
    ]
    found = list(rows(np.random.default_rng(0), CALM, pairs, SEEDS))
    planned = tuple(row.spec for row in found)
    return Plan(tolerance=1.0, specs=planned, candidates=candidates_of(planned)), found


def lists(plan, found, *, ended=None, before=None, control=True, has=lambda _: False):
    ended = plan.specs if ended is None else ended
    return chosen_lists(plan, lambda: found, {*ended}, before=before, control=control, has=has)[0]


def test_every_cut_that_leaves_a_list_is_a_candidate():
    plan, _ = searched()
    assert plan.candidates == {SHA: 4}
    dynamic = [replace(spec, selector="each_epoch") for spec in plan.specs if not spec.is_baseline]
    assert candidates_of([*plan.specs, *dynamic]) == {SHA: 4}
    assert candidates_of(dynamic) == {}


def test_fresh_seeds_train_afresh_on_the_list_of_those_that_chose_it_beside_random_ones():
    plan, found = searched()
    full, listed, beside = [], [], []
    for spec in lists(plan, found):
        of = full if spec.is_baseline else beside if spec.signal == "random" else listed
        of.append(spec)
    assert [spec.seed for spec in full] == [spec.seed for spec in listed] == list(FRESH_SEEDS)
    assert {spec.scored_by for spec in listed} == {SEEDS}
    assert {(spec.signal, spec.rate, spec.protocol) for spec in listed} == {
        ("made:signal_00", 0.3, "restart")
    }
    assert [spec.scored_by for spec in beside] == [(seed,) for seed in FRESH_SEEDS]
    assert {(spec.rate, spec.warmup, spec.protocol) for spec in beside} == {(0.3, 0.0, "restart")}


def test_a_random_list_is_held_against_no_other_and_without_a_control_no_list_is():
    plan, found = searched(true=((0.0, 0.0), (-3, -6)))
    assert {s.signal for s in lists(plan, found) if not s.is_baseline} == {"random"}
    assert len(lists(plan, found)) == 10
    plan, found = searched()
    assert len(lists(plan, found, control=False)) == 10


def test_no_fresh_seed_has_run_before():
    assert fresh_seeds([11, 901, 903]) == (902, 904, 905, 906, 907)
    plan, found = searched()
    moved = [
        replace(r, spec=replace(r.spec, seed={0: 901}.get(r.spec.seed, r.spec.seed))) for r in found
    ]
    plan = replace(plan, specs=tuple(row.spec for row in moved))
    assert {spec.seed for spec in lists(plan, moved)} == {902, 903, 904, 905, 906}


def test_nothing_is_chosen_before_the_search_has_ended():
    plan, found = searched()
    assert lists(plan, found, ended=plan.specs[:-1]) == ()


def test_where_every_cut_loses_more_than_the_line_nothing_is_confirmed():
    plan, found = searched(true=((-3, -6), (-4, -6)))
    assert lists(plan, found) == ()


def test_what_was_chosen_stays_chosen_whatever_rows_come_later():
    plan, found = searched()
    first = lists(plan, found)
    before = replace(plan, specs=(*plan.specs, *first))
    _, other = searched(true=((0.0, 0.0), (-3, -6)))
    more = replace(plan, candidates={SHA: 40})
    again, candidates = chosen_lists(
        more, lambda: other, set(), before=before, control=True, has=bool
    )
    assert {*again} == {*first} and candidates == {SHA: 4}


def test_a_second_list_is_tried_on_seeds_that_the_first_has_not_shown():
    plan, found = searched()
    first = lists(plan, found)
    assert lists(plan, found, has={*first}.__contains__) == first  # the very same list again
    again, other = searched(true=((-3, -6), (0.0, -5)))
    second = lists(again, other, has={*first}.__contains__)
    assert {spec.seed for spec in second} == {906, 907, 908, 909, 910}


def test_data_that_moved_are_the_same_data():
    plan, found = searched()
    before = replace(plan, specs=(*plan.specs, *lists(plan, found)))
    moved = replace(plan, specs=tuple(replace(s, dataset="elsewhere") for s in plan.specs))
    assert {spec.dataset for spec in lists(moved, found, before=before)} == {"elsewhere"}


def test_only_rows_of_the_plan_choose_and_score():
    plan, found = searched()
    few = replace(plan, specs=tuple(spec for spec in plan.specs if spec.seed < 3))
    assert {s.scored_by for s in lists(few, found) if len(s.scored_by) > 1} == {(0, 1, 2)}


@pytest.mark.parametrize(
    ("selector", "cut"),
    [
        ("global", ("global", 0.0)),
        ("class_error", ("class_error", 0.15)),
        ("beta", ("global", 0.0)),
    ],
)
def test_random_lists_are_cut_by_evidence_of_the_same_mark_but_by_none_of_single_rows(
    selector, cut
):
    plan, found = searched(selector=selector)
    beside = [s for s in lists(plan, found) if s.signal == "random"]
    assert {(spec.selector, spec.warmup) for spec in beside} == {cut}


ASKED = Request(
    grid="demo", datasets=("synthetic:300",), model="linear", seeds=(1, 2, 3), rates=(0.1, 0.3),
    signals=("random", "keep_one"), limit_test=90,
)  # fmt: skip


@pytest.fixture
def planned(tmp_path):
    def make(run=None, **asked):
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path)
        return plan_sweep(replace(ASKED, **asked), resources, run=run, command="", tolerance=50.0)

    return make


def finish(sweep, spec, number=0):
    """Put a row of its own chance into the store."""
    right = np.random.default_rng([number, spec.seed]).random(90) < 0.8
    row = TrialResult(
        spec=spec, accuracy=float(right.mean()), correct=np.packbits(right).tobytes(), n_test=90,
        class_counts=(150, 150), phases={"training": Phase(seconds=1.0, examples=1000)},
        kept_sha="one",
    )  # fmt: skip
    sweep.store.put("result", spec.result_key, lambda path: path.write_text(to_json(row)))


def test_a_sweep_grows_by_its_confirmation_when_all_else_is_done_and_the_same_again(planned):
    sweep = planned()
    assert len(sweep.specs) == 15 and not sweep.grown().plan.specs[15:]
    for spec in sweep.specs:
        finish(sweep, spec)
    grown = sweep.grown()
    assert len(grown.specs) in (25, 30)
    assert {*grown.specs[15:]} <= {task.spec for task in grown.left if task.is_trial}
    assert planned().specs == grown.specs
    for spec in grown.specs[15:]:
        finish(sweep, spec)
    assert all(map(sweep.is_done, planned().specs)) and planned().specs == grown.specs


def test_trials_that_failed_are_waited_for_until_all_else_is_over(planned):
    sweep = planned()
    *done, last = sweep.specs
    for spec in done:
        finish(sweep, spec)
    sweep.run.write_plan(sweep.plan)
    sweep.run.write_failure(last, "out of memory")
    assert sweep.grown().specs == sweep.specs
    assert len(sweep.grown(is_over=True).specs) > len(sweep.specs)


def test_whether_a_sweep_confirms_is_settled_with_its_plan(planned, tmp_path):
    first = planned(run=tmp_path / "run")
    first.run.write_plan(first.plan)
    other = planned(run=tmp_path / "run", confirm=False)
    with pytest.raises(PlanChangedError, match=r"planned with a confirmation.*give --confirm"):
        other.run.write_plan(other.plan)
    assert planned(confirm=False).run.folder != planned().run.folder


def test_a_list_needs_the_scores_of_the_seeds_that_make_it_and_no_warm_up_of_its_own(planned):
    sweep = planned()
    listed = next(
        replace(s, seed=901, scored_by=(1, 2)) for s in sweep.specs if s.signal == "keep_one"
    )
    tasks = {t.name: t for t in plan_tasks([*sweep.specs, listed.baseline, listed], sweep.sizes)}
    task = tasks[f"result:{listed.result_key}"]
    assert {need for need in task.needs if need[0] == "scores"} == {
        ("scores", one.score_key) for one in listed.scorers
    }
    assert not [need for need in task.needs if need[0] == "warm"]
    assert tasks[f"result:{listed.baseline.result_key}"].marks == ()


def test_where_nothing_may_be_safe_a_finished_sweep_promises_no_more_trials(planned):
    sweep = planned()
    for spec in sweep.specs:
        right = np.arange(90) < (72 if spec.is_baseline else 5)
        row = TrialResult(
            spec=spec, accuracy=float(right.mean()), correct=np.packbits(right).tobytes(), n_test=90,
            class_counts=(150, 150), phases={},
        )  # fmt: skip
        sweep.store.put(
            "result", spec.result_key, lambda path, row=row: path.write_text(to_json(row))
        )
    again = planned()
    assert len(again.specs) == 15 and unchosen(again, next(iter(again.datasets))).trials == 0
    text = StringIO()
    print_plan(again, Console(file=text, width=300))
    assert "nothing of synthetic:300 is confirmed" in text.getvalue()


def test_a_run_of_one_epoch_is_scored_before_its_end(planned):
    assert planned(training=(("epochs", 1), ("batch_size", 256))).specs[-1].warmup == 0.9

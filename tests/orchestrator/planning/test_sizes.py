"""Total size as an axis: which trials it adds, what they share, and what is refused."""

import re
import shutil
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from analysis.page.render import render
from analysis.report import write_study
from analysis.run_files import Plan
from analysis.study import read_runs
from analysis.total_sizes import size_families
from orchestrator.execution.collect_dropped import write_dropped
from orchestrator.planning.estimate import full_runs
from orchestrator.planning.own_asked import OwnAsked
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.sizes import sizes_in
from orchestrator.planning.stored_inputs import store_inputs
from orchestrator.planning.tasks import TASKS, by_need
from orchestrator.terminal.estimate_text import print_estimate
from orchestrator.terminal.plan_text import print_plan
from orchestrator.terminal.size_text import size_lines
from orchestrator.terminal.summary import summarise
from trainables.arrays import read_arrays
from trainables.data.catalog import load
from trainables.data.columns import Columns
from trainables.errors import UsageError
from trainables.trainers.server_process import close_servers

SIZED = Request(
    datasets=("synthetic:200",), model="linear", seeds=(11, 17), rates=(0.5,), signals=("el2n",), sizes=(50, 100, 0),
    budget="steps", limit_test=40, tune=False, precision="fp32",
)  # fmt: skip


@pytest.fixture
def planned(tmp_path):
    def make(request=SIZED):
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        return plan_sweep(request, resources, run=None, command="python", tolerance=1.0)

    return make


def steps(spec, rows):
    return spec.training.epochs * -(-rows // spec.training.batch_size)


def blank(spec):
    training = replace(spec.training, epochs=1)
    return replace(spec, dataset="", data_sha="", training=training)


def test_every_trial_runs_again_on_the_subsets_of_its_own_seed(planned):
    sweep = planned()
    of_whole = [spec for spec in sweep.specs if spec.data_sha in sweep.wholes]
    assert len(of_whole) == 2 * (1 + 2) and len(sweep.specs) == 3 * len(of_whole)
    for sha, subset in sweep.plan.subsets.items():
        own = [spec for spec in sweep.specs if spec.data_sha == sha]
        same = [spec for spec in of_whole if spec.seed == subset.seed]
        assert {blank(spec) for spec in own} == {blank(spec) for spec in same}
        assert {sweep.plan.whole_of(spec) for spec in own} == {subset.whole} == {*sweep.wholes}
    assert [spec.is_baseline for spec in sweep.specs] == sorted(
        (spec.is_baseline for spec in sweep.specs), reverse=True
    )


def test_every_full_run_takes_as_many_steps_to_half_an_epoch(planned):
    sweep = planned()
    full = [spec for spec in sweep.specs if spec.is_baseline]
    taken = {sweep.sizes[spec.data_sha]: steps(spec, sweep.sizes[spec.data_sha]) for spec in full}
    assert sorted(taken) == [50, 100, 200]
    for rows, count in taken.items():
        assert abs(count - taken[200]) <= -(-rows // full[0].training.batch_size) / 2


def test_by_epochs_every_row_is_passed_over_as_often_at_every_size(planned):
    sweep = planned(replace(SIZED, budget="epochs"))
    assert len({spec.training for spec in sweep.specs}) == 1


def test_scores_are_taken_after_the_same_share_of_the_steps(planned):
    assert len({spec.warmup for spec in planned().specs if spec.signal == "el2n"}) == 1


def test_the_largest_size_is_the_data_set_that_limit_would_not_name(planned):
    sweep = planned(replace(SIZED, sizes=(50, 100)))
    ((sha, whole),) = sweep.wholes.items()
    assert len(whole.train) == 100 and whole.limited and sweep.plan.limited
    assert {len(sweep.datasets[one].train) for one in sweep.plan.subsets} == {50}
    # What opens the run again, to prune by it, reads the very same rows.
    assert SIZED.sources()["synthetic:200"].size == 0
    (source,) = replace(SIZED, sizes=(50, 100)).sources().values()
    assert source.size == 100 and load(source).sha == sha
    assert sha != next(iter(planned().wholes))


@pytest.mark.slow
def test_a_run_at_several_sizes_is_answered_at_its_largest_and_says_first_what_bends(planned):
    sizes, training = (25, 50, 100, 0), (("epochs", 2),)
    sweep = planned(replace(SIZED, sizes=sizes, seeds=(1, 2, 3), training=training, confirm=False))
    store_inputs(sweep)
    for task in by_need(sweep.left):
        TASKS[task.kind].run(task, sweep.store)
    sweep.run.begin(sweep.plan)
    sweep.run.write_plan(sweep.plan)
    for spec in sweep.specs:
        sweep.run.copy_row(spec, sweep.store)
    write_dropped(sweep, examples=False)
    seen = read_runs([sweep.run.folder])
    assert len(seen.results) == len(sweep.specs) == 4 * 3 * 3
    assert [source.data_sha for source in seen.sources] == [*sweep.wholes]
    assert {sum(row.class_counts) for row in seen.whole_results} == {200}
    assert {one.spec.data_sha for one in seen.dropped.lists} == {*sweep.wholes}
    (family,) = size_families(seen)
    assert {point.total for point in family.family.unpruned} == {25, 50, 100, 200}
    page = render(seen)
    assert (
        "Does a signal bend the frontier?" in page and "Total sizes: 25, 50, 100, 200 rows" in page
    )
    out = StringIO()
    summarise(seen, Console(file=out, width=300))
    assert (
        "frontier of synthetic:200, " in out.getvalue() and "Total sizes: 25, 50" in out.getvalue()
    )
    # From the table alone, too.
    write_study(seen, sweep.run.folder / "report.html")
    shutil.rmtree(sweep.run.folder / "trials")
    assert len(size_families(read_runs([sweep.run.folder]))) == 1


def test_a_plan_remembers_its_subsets(planned):
    plan = planned().plan
    assert len(plan.subsets) == 4 and {one.rows for one in plan.subsets.values()} == {50, 100}
    assert Plan.from_json(plan.to_json()).subsets == plan.subsets


def test_only_the_largest_size_is_looked_at_curved_timed_and_confirmed(planned):
    sweep = planned()
    assert {*sweep.inspections} == {*sweep.wholes} == {*full_runs(sweep)}
    assert {spec.data_sha for spec in sweep.curves} == {*sweep.wholes}
    assert {*sweep.plan.candidates} == {*sweep.wholes}
    assert sweep.plan.candidates == planned(replace(SIZED, sizes=())).plan.candidates


def test_the_plan_says_the_sizes_and_counts_all_trials_once(planned):
    out = StringIO()
    sweep, console = planned(), Console(file=out, width=400)
    print_plan(sweep, console)
    print_estimate(sweep, {}, console)
    said = out.getvalue()
    assert re.search(
        r"synthetic:200 at 3 total sizes: 50 by \d+ epochs, 100 by \d+ epochs, 200", said
    )
    assert "data synthetic:200; " in said and said.count("restart: ") == 1
    assert "will not be told: 4 total sizes or more are needed" in said
    assert re.search(r"\ntotal +33 |\n total +33 ", said)  # 18, and 15 that may confirm


@pytest.mark.parametrize(
    ("sizes", "seeds", "lacks"),
    [
        ((50, 100, 0), (11, 17), "4 total sizes or more are needed"),
        ((50, 70, 100, 0), (11, 17), "3 seeds or more are needed"),
        ((50, 70, 100, 0), (11, 17, 23), ""),
    ],
)
def test_the_plan_says_what_a_frontier_lacks_before_anything_runs(planned, sizes, seeds, lacks):
    lines = [*size_lines(planned(replace(SIZED, sizes=sizes, seeds=seeds)))]
    said = f"whether a signal bends the frontier of synthetic:200 will not be told: {lacks}"
    assert [line[: len(said)] for line in lines[1:]] == ([said] if lacks else [])


def test_every_data_set_has_subsets_of_its_own_and_what_prunes_nothing_has_none(planned):
    sweep = planned(replace(SIZED, datasets=("synthetic:200", "synthetic:240"), null=True))
    assert len(sweep.wholes) == 2
    of = [one.whole for one in sweep.plan.subsets.values()]
    assert {sha: of.count(sha) for sha in sweep.wholes} == dict.fromkeys(sweep.wholes, 4)
    assert {spec.data_sha for spec in sweep.specs if spec.kind == "null"} == {*sweep.wholes}


def test_the_same_request_without_sizes_shares_its_trials(planned):
    alone = {spec.result_key for spec in planned(replace(SIZED, sizes=())).specs}
    assert alone < {spec.result_key for spec in planned().specs}


def test_a_score_model_takes_as_many_steps_at_every_size_too(planned):
    sweep = planned(replace(SIZED, model="tiny", score_model="linear"))
    scored = [spec for spec in sweep.specs if spec.signal == "el2n"]
    taken = {
        sweep.sizes[spec.data_sha]: steps(spec.twin, sweep.sizes[spec.data_sha]) for spec in scored
    }
    assert all(abs(count - taken[200]) <= 2 for count in taken.values()) and len(taken) == 3


def test_scores_of_ones_own_go_with_their_rows(planned, tmp_path):
    lines = "".join(f"{row},{row * row}\n" for row in range(200))
    (tmp_path / "mine.csv").write_text(f"id,score\n{lines}")
    sweep = planned(replace(SIZED, signals=(), scores=(str(tmp_path / "mine.csv"),)))
    store_inputs(sweep)
    given = {spec.data_sha: spec.signal_sha for spec in sweep.specs if spec.signal == "given"}
    assert len({*given.values()}) == len(given) == 5
    for data, sha in given.items():
        arrays, _ = read_arrays(sweep.store.find("given", sha))
        ids = sweep.datasets[data].train.ids.astype(np.float32)
        assert arrays["score"].tolist() == (ids * ids).tolist()


def test_a_trainer_of_ones_own_sees_the_table_of_each_subset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(
        "def fit(train, test, *, seed): return ['a'] * test.num_rows\n"
    )
    rows = "".join(f"word{i % 7} other{i},{'ab'[i % 2]},{i}\n" for i in range(80))
    (tmp_path / "texts.csv").write_text(f"text,label,length\n{rows}")
    resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
    request = Request(
        datasets=("texts.csv",), columns=Columns(text=("text",), label="label"), test_fraction=0.25, rates=(0.5,),
        signals=("random",), seeds=(11,), sizes=(20, 40, 0), own=OwnAsked(function="train.py:fit", probe=False),
    )  # fmt: skip
    sweep = plan_sweep(request, resources, run=None, command="", tolerance=None)
    close_servers()
    tables = sweep.loaded.own.tables
    assert {tables[spec.data_sha].sha == spec.columns_sha for spec in sweep.specs} == {True}
    assert len({spec.columns_sha for spec in sweep.specs}) == 3
    with pytest.raises(UsageError, match="with --budget steps"):
        plan_sweep(
            replace(request, budget="steps"), resources, run=None, command="", tolerance=None
        )
    close_servers()


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        (
            {"sizes": (8, 0), "signals": ("keep_one",)},
            "keep_one looks at 10 neighbours, and synthetic:200, 8 rows has 8 rows: give keep_one,k=1 to k=7",
        ),
        ({"protocol": "continue"}, "with the protocol continue"),
        ({"adaptive": True}, "with --seeds adaptive"),
        ({"sizes": (50, 300)}, "--size 300 of synthetic:200: it has 200 training rows"),
        ({"sizes": (1, 0)}, "--size 1 of synthetic:200: .* the fewest with a row of every class"),
        (
            {"sizes": (5, 0), "rates": (0.9,)},
            "rate 0.9 of the 5 training rows of synthetic:200, 5 rows",
        ),
    ],
)
def test_sizes_that_would_compare_nothing_or_are_not_there_are_refused(planned, changed, match):
    with pytest.raises(UsageError, match=match):
        planned(replace(SIZED, **changed))


def test_sizes_are_read_by_commas_or_one_by_one_in_any_order():
    assert (
        sizes_in(["2000,500", "all", "1000"])
        == sizes_in(["500, 1000,2000", " all"])
        == (500, 1000, 2000, 0)
    )
    assert sizes_in([]) == ()


@pytest.mark.parametrize(
    ("written", "match"),
    [
        (["1,000"], "--size '1,000': '000' is no number of rows"),
        (["0.5"], "'0.5' is no number of rows"),
        (["-5"], "'-5' is no number"),
        (["5,"], "'' is no number"),
        (["500", "500"], "an entry twice: 500, 500"),
        (["all", "all"], "an entry twice"),
        (["0"], "'0' is no number of rows"),
    ],
)
def test_a_size_that_is_no_number_of_rows_is_named(written, match):
    with pytest.raises(UsageError, match=match):
        sizes_in(written)

"""A sweep by scores of one's own: what it runs, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.methods import condition_of
from analysis.wording import method_labels
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.stored_inputs import store_inputs
from orchestrator.planning.tasks import TASKS, by_need
from trainables.errors import UsageError
from trainables.records import from_json
from trainables.run_context import RunContext
from trainables.selection.scoring import select

OWN = Request(
    datasets=("synthetic:60",), model="linear", seeds=(1, 2), rates=(0.2,), limit_test=40, tune=False,
    precision="fp32",
)  # fmt: skip


@pytest.fixture
def planned(tmp_path):
    def make(request):
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        return plan_sweep(request, resources, run=None, command="python", tolerance=1.0)

    return make


@pytest.fixture
def files(tmp_path):
    """Two files: the higher the row number, the higher the score; and the other way round."""
    found = []
    for name, sign in (("mine", 1), ("yours", -1)):
        lines = [f"{row},{sign * row}" for row in range(60)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,score", *lines]), encoding="utf-8")
        found.append(str(tmp_path / f"{name}.csv"))
    return tuple(found)


def arms(sweep):
    pruned = (spec for spec in sweep.specs if spec.kind == "pruned")
    return {(s.signal, dict(s.settings).get("name"), s.warmup) for s in pruned}


def test_scores_alone_are_swept_beside_random_and_wait_for_no_warm_up(planned, files):
    sweep = planned(replace(OWN, scores=files))
    assert arms(sweep) == {("given", "mine", 0.0), ("given", "yours", 0.0), ("random", None, 0.0)}
    assert not any(kind == "warm" for task in sweep.tasks for kind, _ in task.makes)


def test_beside_other_signals_each_has_random_rows_of_its_own_warm_up(planned, files):
    asked = replace(OWN, scores=files[:1], signals=("el2n", "given:global:high"))
    found = {(signal, warmup) for signal, _, warmup in arms(planned(asked))}
    assert found == {("el2n", 0.05), ("random", 0.05), ("given", 0.0), ("random", 0.0)}
    assert {s.prune for s in planned(asked).specs if s.signal == "given"} == {"high"}


def test_scores_that_change_are_run_again_and_a_file_that_moves_is_not(planned, files, tmp_path):
    one = planned(replace(OWN, scores=files[:1]))
    (tmp_path / "there").mkdir()
    moved = tmp_path / "there" / "mine.csv"
    moved.write_text(Path(files[0]).read_text(encoding="utf-8"), encoding="utf-8")
    assert planned(replace(OWN, scores=(str(moved),))).specs == one.specs
    moved.write_text(moved.read_text(encoding="utf-8").replace("7,7", "7,7.5"), encoding="utf-8")
    changed = planned(replace(OWN, scores=(str(moved),)))
    assert not {s for s in changed.specs if s.signal == "given"} & {*one.specs}


@pytest.mark.slow
def test_the_rows_of_the_lowest_scores_go(planned, files):
    sweep = planned(replace(OWN, scores=files))
    store_inputs(sweep)
    for task in by_need(sweep.left):
        if task.kind != "curve":
            TASKS[task.kind].run(task, sweep.store)
    (dataset,) = sweep.datasets.values()
    for spec in sweep.specs:
        if spec.signal == "given":
            path = sweep.store.find("result", spec.result_key)
            assert from_json(path.read_text(encoding="utf-8")).phases["warmup"].seconds == 0
            keep, _ = select(spec, RunContext(dataset, sweep.store))
            gone = (
                np.arange(60) < 12 if dict(spec.settings)["name"] == "mine" else np.arange(60) > 47
            )
            assert np.array_equal(keep, ~gone)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"scores": (), "signals": ("given",)}, "signal given without a file"),
        ({"signals": ("given,name=other",)}, "given,name=other: no scores of that name; .*mine"),
        ({"scores": ("mine.csv", "there/mine.parquet")}, "are both called mine; rename one"),
        ({"datasets": ("synthetic:60", "synthetic:80")}, "for 2 data sets; scores are of the rows"),
    ],
    ids=["no file", "no such name", "one name twice", "two data sets"],
)
def test_what_cannot_be_is_refused_at_the_plan(planned, files, fields, says):
    with pytest.raises(UsageError, match=says):
        planned(replace(replace(OWN, scores=files[:1]), **fields))


def test_a_method_is_called_by_the_file_of_its_scores(planned, files):
    sweep = planned(replace(OWN, scores=files))
    methods = {condition_of(s).method for s in sweep.specs if s.signal == "given"}
    assert {*method_labels(methods).values()} == {
        "Scores of mine (global)", "Scores of yours (global)"
    }  # fmt: skip

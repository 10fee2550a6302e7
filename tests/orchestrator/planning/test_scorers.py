"""A model that scores the rows for another: planned, shared, and run."""

from dataclasses import replace
from io import StringIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from orchestrator.planning.estimate import Pace
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.stored_inputs import store_data
from orchestrator.planning.tasks import TASKS, by_need
from orchestrator.terminal.estimate_text import print_estimate
from orchestrator.terminal.plan_text import print_plan
from trainables.data.columns import Columns
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.records import from_json

SMALL = Request(
    datasets=("synthetic:60",), model="linear", seeds=(1, 2), rates=(0.2,), limit_test=40, tune=False,
    signals=("el2n", "redundancy:class_error", "tfidf"), precision="fp32", validation_fraction=0.2,
)  # fmt: skip
BIG = replace(SMALL, model="tiny", score_model="linear", training=(("epochs", 1),))


@pytest.fixture
def planned(tmp_path):
    """Plans a request over a store of its own."""

    def make(request):
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        return plan_sweep(request, resources, run=None, command="python", tolerance=1.0)

    return make


def ran(sweep):
    """Every task of a sweep run here, one after another; its rows."""
    store_data(sweep.datasets, sweep.store)
    for task in by_need(sweep.left):
        if task.kind != "curve":
            TASKS[task.kind].run(task, sweep.store)
    found = [sweep.store.find("result", spec.result_key) for spec in sweep.specs]
    return [from_json(path.read_text(encoding="utf-8")) for path in found]


def kept_by(rows):
    pruned = [row for row in rows if row.spec.kind == "pruned"]
    return {(r.spec.signal, r.spec.selector, r.spec.seed): r.kept_sha for r in pruned}


def scored(sweep):
    return {spec for spec in sweep.specs if spec.scorer}


def test_the_small_models_own_sweep_and_another_model_share_scores_and_warm_ups(planned):
    own, other = planned(SMALL), planned(BIG)
    assert {spec.score_key for spec in scored(other)} <= {spec.score_key for spec in own.specs}
    assert {spec.warm_key for spec in scored(other)} <= {spec.warm_key for spec in own.specs}
    assert not {s.result_key for s in own.specs} & {s.result_key for s in other.specs}


def test_what_looks_at_no_learner_waits_for_none(planned):
    sweep = planned(BIG)
    bare = {(s.signal, s.selector) for s in sweep.specs if s.kind == "pruned" and not s.scorer}
    assert bare == {("tfidf", "global"), ("random", "global")}
    assert {s.warmup for s in sweep.specs if not s.scorer} == {0.0}
    # A cut that looks at evidence is given the same to look at when it cuts at random.
    assert ("random", "class_error") in {(s.signal, s.selector) for s in scored(sweep)}


def test_warm_ups_are_shares_of_the_run_that_scores(planned):
    epochs = LEARNERS["linear"].training.epochs
    assert {spec.warmup for spec in scored(planned(BIG))} == {1 / epochs}
    with pytest.raises(UsageError, match=r"after 0\.2 epochs .*needs every sample seen 2 times"):
        planned(replace(BIG, signals=("forgetting",), warmups=(0.01,)))


def test_a_warm_up_of_the_scorer_is_a_task_and_no_trial(planned):
    sweep = planned(BIG)
    kinds = [task.kind for task in sweep.tasks if task.spec.learner == "linear"]
    assert kinds.count("warm_up") == 2 and "baseline" not in kinds
    assert [spec.learner for spec in sweep.specs if spec.is_baseline] == ["tiny", "tiny"]


def test_a_model_that_scores_for_itself_is_no_other_model(planned):
    alone, named = planned(SMALL), planned(replace(SMALL, score_model="linear"))
    assert alone.specs == named.specs


@pytest.mark.slow
def test_a_run_by_another_models_scores_keeps_the_rows_that_model_would(planned):
    own, sweep = ran(planned(SMALL)), planned(BIG)
    assert not [task for task in sweep.left if task.spec.learner == "linear"]
    rows = ran(sweep)
    assert kept_by(rows) == kept_by(own)
    by = {row.spec: row.phases for row in rows if row.spec.scorer}
    assert all(phases["warmup"].seconds > 0 for phases in by.values())
    assert all("embedding" in phases for phases in by.values())


def test_a_run_that_goes_on_cannot_be_scored_by_another(planned):
    with pytest.raises(UsageError, match="--protocol continue, but linear scores the rows"):
        planned(replace(BIG, protocol="continue"))


def with_vectors(tmp_path, **fields):
    """A file of texts with vectors, asked for with a model that reads texts alone."""
    table = {
        "text": [f"text of row {i}" for i in range(60)],
        "vec": pa.array([[float(i), 1.0] for i in range(60)]),
        "label": [0, 1] * 30,
    }
    pq.write_table(pa.table(table), tmp_path / "mine.parquet")
    return replace(
        BIG, datasets=(str(tmp_path / "mine.parquet"),), test_fraction=0.3, score_model="",
        columns=Columns(embedding="vec"), signals=("redundancy",), **fields,
    )  # fmt: skip


def test_vectors_that_the_model_does_not_read_score_its_rows(planned, tmp_path):
    sweep = planned(with_vectors(tmp_path))
    assert {(s.scorer.model, s.warmup) for s in scored(sweep)} == {("vectors", 0.0)}
    assert not any(task.kind == "warm_up" for task in sweep.tasks)


@pytest.mark.slow
def test_a_run_scored_by_vectors_removes_rows(planned, tmp_path):
    rows = ran(planned(with_vectors(tmp_path)))
    assert {sum(row.kept_counts) for row in rows if row.spec.scorer} == {28}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"signals": ("el2n",)}, "el2n:global needs probs, and the vectors .*--score-model linear"),
        ({"warmups": (0.3,)}, "--warmup 0.3 beside --embedding-column vec"),
        ({"score_model": "tiny"}, "vectors, which tiny and tiny do not read"),
    ],
    ids=["needs more than vectors", "warm-up", "nobody reads them"],
)
def test_what_vectors_cannot_score_is_refused(planned, tmp_path, fields, says):
    with pytest.raises(UsageError, match=says):
        planned(replace(with_vectors(tmp_path), **fields))


def test_a_head_on_vectors_gives_every_signal_of_the_linear_model(planned, tmp_path):
    asked = replace(with_vectors(tmp_path), score_model="linear", signals=("el2n",))
    assert {spec.scorer.model for spec in scored(planned(asked))} == {"linear"}


def test_hours_count_the_run_that_scores_by_its_own_pace(planned):
    sweep, text = planned(BIG), StringIO()
    (sha,) = sweep.datasets
    big, small = (Pace(low=s, expected=s, high=s, basis="measured") for s in (3600.0, 7200.0))
    print_estimate(sweep, {sha: big}, Console(file=text, width=160), scoring={sha: small})
    assert "measured; scored by linear: measured" in text.getvalue()
    text = StringIO()
    print_estimate(sweep, {sha: big}, Console(file=text, width=160))
    assert "unknown" in text.getvalue() and "linear never ran here: --calib" in text.getvalue()


def test_the_plan_says_whose_run_the_warm_up_is_of(planned):
    text = StringIO()
    print_plan(planned(BIG), Console(file=text, width=200))
    assert "scores from the full-data run of linear after 5% of its steps" in text.getvalue()

"""A sweep judged by a metric: what it refuses, what its trials must leave, what runs again."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from analysis.answers import answers
from analysis.contributions import Truth
from analysis.criteria import Asked
from analysis.guards import criterion_of
from analysis.outcomes import answers_file, outcome_file
from analysis.study import read_runs
from analysis.table_rows import TABLES
from orchestrator.planning.judging import (
    answers_of,
    check_criterion,
    judging_notes,
    kinds_kept,
    write_tests,
)
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.stored_inputs import store_data
from orchestrator.planning.tasks import TASKS
from orchestrator.store.run_folder import Run
from trainables.data.dataset import Dataset, Split
from trainables.errors import UsageError
from trainables.learners import LEARNERS

ASKED = Request(
    datasets=("synthetic:200",), model="linear", seeds=(1, 2, 3), rates=(0.2,), signals=("el2n",),
    limit_test=120, confirm=False, tune=False,
)  # fmt: skip


def dataset(counts=(60, 30, 3), *, own=None, targets=None):
    """A data set of classes of these test rows."""
    labels = np.repeat(np.arange(len(counts)), counts)
    texts = [f"text {i}" for i in range(len(labels))]
    split = Split(
        inputs=pa.array(texts, pa.large_string()), labels=labels, ids=np.arange(len(labels)),
        own=own, targets=targets,
    )  # fmt: skip
    names = tuple("abcdefgh"[: len(counts)]) if targets is None else ()
    plain = split if targets is None else replace(split, labels=0 * labels)
    return Dataset(name="made", kind="text", class_names=names, train=plain, test=plain)


def own(**columns):
    return pa.table(columns)


def test_the_answers_of_a_test_set_say_what_training_knows_without_a_look():
    found = answers_of(dataset((60, 30, 10), own=own(lang=["de", "en"] * 50, text=["x"] * 100)))
    assert found.prior.tolist() == [0.6, 0.3, 0.1] and found.class_names == ("a", "b", "c")
    assert found.own["lang"][:2].tolist() == ["de", "en"]
    numbers = answers_of(dataset((3, 1), targets=np.array([1.0, 2.0, 3.0, 10.0])))
    assert (numbers.mean, numbers.median, numbers.labels) == (4.0, 2.5, None)


def test_a_column_of_as_many_values_as_rows_is_no_group():
    many = own(key=[f"row {i}" for i in range(2000)], share=np.linspace(0, 1, 2000))
    assert answers_of(dataset((1500, 500), own=many)).own == {}


@pytest.mark.parametrize(
    ("asked", "data", "said"),
    [
        ({"metric": "mae"}, dataset(), "mae is of numbers, and it has classes"),
        ({"metric": "macro_f1"}, dataset(targets=np.ones(93)), "is of classes, and it has numbers"),
        ({"guards": ("worst_class:3",), "metric": "mae"}, dataset(targets=np.ones(93)), "is of cl"),
        ({"metric": "hits:higher", "tolerance": "1"}, dataset(), "needs column 'hits'"),
        ({"metric": "token_loss", "tolerance": "1"}, dataset(), "needs column 'weight'"),
        ({"metric": "auroc"}, dataset((9, 8, 7)), "AUROC needs 10 test rows"),
        ({"metric": "auroc"}, dataset((9, 0)), "AUROC needs 1 test rows"),
        ({"guards": ("worst_group:2",), "group_column": "lang"}, dataset(), "no column 'lang'"),
        (
            {"group_column": "lng"},
            dataset((60, 40), own=own(lang=["de", "en"] * 50)),
            "Did you mean 'lang'",
        ),
        (
            {"group_column": "share"},
            dataset((60, 40), own=own(share=np.linspace(0, 1, 100))),
            "groups are named by at most",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_before_anything_runs(asked, data, said):
    by = criterion_of(**asked)
    with pytest.raises(UsageError, match=said):
        check_criterion(by, [data], ("predicted", "loss", "probs"))


@pytest.mark.parametrize(
    ("metric", "leaves", "remedy"),
    [
        ("token_loss", LEARNERS["tiny"].leaves, "it is of language models"),
        ("accuracy", LEARNERS["causal_lm"].leaves, "give --metric token_loss"),
    ],
)
def test_a_metric_of_another_kind_of_learner_is_refused_with_what_to_give(metric, leaves, remedy):
    with pytest.raises(UsageError, match=remedy):
        check_criterion(criterion_of(metric), [dataset()], leaves)


def test_what_a_trainer_of_ones_own_leaves_is_not_known_before():
    check_criterion(criterion_of("hits:higher", "1"), [dataset()])


def test_trials_leave_no_more_than_is_asked_for():
    assert kinds_kept(criterion_of(guards=("worst_class:3",)), dataset()) == ()
    assert kinds_kept(criterion_of("macro_f1"), dataset()) == ("outcome",)
    assert kinds_kept(criterion_of("auroc"), dataset()) == ("outcome", "probs")
    assert kinds_kept(criterion_of("auroc"), dataset((50, 50))) == ("outcome",)
    assert kinds_kept(criterion_of(guards=("log_loss",)), dataset()) == ("outcome",)


def test_the_plan_says_of_how_many_classes_a_mean_is_and_what_nothing_tolerates():
    notes = [*judging_notes(criterion_of("macro_f1", 0.0), [dataset()])]
    assert notes == [
        "tolerance 0: only an improvement passes",
        "made: macro-F1 is a mean over 2 of 3 classes: the others have fewer than 5 test rows",
    ]
    assert [*judging_notes(criterion_of(), [dataset()])] == []


@pytest.fixture
def swept(tmp_path):
    """Runs a sweep in this process: its plan as it was before, and its folder."""

    def make(name="run", tolerance=None, **asked):
        sweep = plan_sweep(
            replace(ASKED, asked=Asked(**asked)),
            Resources(cache=tmp_path / "cache", runs=tmp_path / "runs"),
            run=tmp_path / name, command="sweep", tolerance=tolerance,
        )  # fmt: skip
        sweep.run.write_plan(sweep.plan)
        write_tests(sweep.run, sweep.datasets.values())
        store_data(sweep.datasets, sweep.store)
        left = sweep.left
        for task in left:
            TASKS[task.kind].run(task, sweep.store)
        for spec in sweep.specs:
            sweep.run.copy_row(spec, sweep.store)
        return sweep, left

    return make


def tables(run, asked=None):
    seen = read_runs([run], asked or Asked())
    kept = ("envelope", "verdicts", "signals", "trials", "leaks", "bias")
    return {what: list(map(str, TABLES[what](seen))) for what in kept}, answers(seen)


def test_a_report_by_another_metric_equals_the_sweep_made_with_it(swept, tmp_path):
    asked = {"metric": "macro_f1", "guards": ("log_loss:20%", "worst_class:9")}
    plain, _ = swept("plain")
    made, left = swept("made", **asked)
    assert left == [] or not any(task.is_trial for task in left)
    assert made.plan.specs == plain.plan.specs
    anew, found = tables(tmp_path / "plain", Asked(**asked))
    as_planned, answer = tables(tmp_path / "made")
    assert anew == as_planned and [a.state for a in found] == [a.state for a in answer]
    assert anew != tables(tmp_path / "plain")[0]


def test_trials_that_left_no_probabilities_run_again_for_them_and_no_other(swept, tmp_path):
    swept("plain")
    sweep, left = swept("ranked", metric="auroc")
    assert {task.spec.result_key for task in left if task.is_trial} == {
        spec.result_key for spec in sweep.specs
    }
    for spec in sweep.specs:
        assert sweep.is_done(spec)
        assert outcome_file(tmp_path / "ranked", "probs", spec.result_key).is_file()
    (cell, *_) = read_runs([tmp_path / "ranked"]).rows
    assert cell.verdict is not None and cell.verdict.scale == 100
    assert not any(task.is_trial for task in swept("again", metric="auroc")[1])


def test_rows_of_before_outcomes_run_again_where_another_metric_decides(swept, tmp_path):
    sweep, _ = swept("plain")
    for spec in sweep.specs[:2]:
        sweep.store.ref("outcome", spec.result_key).unlink()
    again, left = swept("made", metric="log_loss")
    trials = [task.spec.result_key for task in left if task.is_trial]
    assert sorted(trials) == sorted(spec.result_key for spec in sweep.specs[:2])
    assert read_runs([again.run.folder]).metric.name == "log_loss"
    assert not any(task.is_trial for task in swept("accuracy")[1])


def test_seeds_and_the_list_to_confirm_are_chosen_by_the_metric(swept):
    sweep, _ = swept("plain", metric="log_loss", tolerance="90%")
    rows = list(sweep._rows())
    seen = sweep.judging.study(rows, sweep.plan)
    assert {row.verdict.scale for row in seen.rows} == {1.0}
    assert {row.verdict.tolerance for row in seen.rows} != {90.0}


def test_the_folder_of_a_run_is_another_where_another_metric_decides(tmp_path):
    def folder(**asked):
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        request = replace(ASKED, asked=Asked(**asked))
        return plan_sweep(request, resources, run=None, command="").run.folder

    assert folder() == folder(metric="accuracy")
    assert len({folder(), folder(metric="macro_f1"), folder(guards=("worst_class:3",))}) == 3


def test_answers_in_a_folder_are_written_once_and_mended(tmp_path):
    run, data = Run(tmp_path / "run"), dataset((50, 50))
    write_tests(run, [data])
    path = answers_file(run.folder, data.sha)
    first = path.stat().st_mtime_ns, path.read_bytes()
    write_tests(run, [data])
    assert (path.stat().st_mtime_ns, path.read_bytes()) == first
    run.write_answers(
        data.sha, Truth(labels=np.zeros(3, dtype=int), class_names=("a",)), np.arange(3)
    )
    assert path.read_bytes() != first[1]


def test_a_result_that_is_to_be_made_again_counts_as_none(swept):
    sweep, _ = swept("run")
    again, _ = swept("run")
    assert len(list(again._rows())) == len(again.specs)
    for spec in again.specs:
        again.store.ref("outcome", spec.result_key).unlink()
    judged = replace(again, kept={spec.data_sha: ("outcome",) for spec in sweep.specs})
    assert list(judged._rows()) == [] and judged.run.row(judged.specs[0]).exists()

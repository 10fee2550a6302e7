"""What a run is judged by: its plan, or what is asked for anew; and what its trials must have kept."""

import json

import numpy as np
import pytest

from analysis.criteria import Asked, coarse_margin, criterion_in
from analysis.guards import criterion_of
from analysis.metrics import METRICS, Margin
from analysis.run_files import Plan
from analysis.study import read_runs
from tests.analysis.runs_with_outcomes import classified, spec_of, truth_of, write_run
from trainables.errors import DataError, UsageError

PLAN = Plan(metric="macro_f1", tolerance=2.0, guards=("worst_class:3",))


def test_a_run_is_judged_as_its_plan_says():
    by = criterion_in(PLAN)
    assert (by.metric.name, by.margin) == ("macro_f1", Margin(value=2.0))
    assert [guard.text for guard in by.guards] == ["worst_class:3"]


def test_another_metric_is_judged_by_a_margin_of_its_own():
    by = criterion_in(PLAN, Asked(metric="log_loss"))
    assert by.margin == Margin(value=0.05, is_share=True) and len(by.guards) == 1
    assert criterion_in(PLAN, Asked(metric="macro_f1")).margin.value == 2.0
    assert criterion_in(PLAN, Asked.of("accuracy", None, ["none"], None)).guards == ()


def test_a_plan_of_an_earlier_release_is_judged_by_accuracy():
    plan = Plan.from_json(json.dumps({"specs": [], "tolerance_pp": 2.0}))
    assert criterion_in(plan) == criterion_of(tolerance=2.0)
    assert criterion_in(Plan()) == criterion_of()


def test_a_tolerance_of_nothing_is_judged_at_nothing():
    assert criterion_in(Plan(tolerance=0.0)).margin == Margin(value=0.0)


def test_a_plan_comes_back_with_what_it_is_judged_by():
    plan = Plan(metric="log_loss", tolerance="5%", guards=("macro_f1:2",), group_column="lang")
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    "plan",
    [Plan(metric="evil.py:f"), Plan(metric="evil:f:lower"), Plan(guards=("evil.py:f:2",))],
)
def test_a_function_that_a_plan_names_is_not_called(plan):
    with pytest.raises(UsageError, match=r"function of yours"):
        criterion_in(plan)


@pytest.fixture
def kept(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.choice(3, 300)
    said = {
        spec: {k: v for k, v in classified(rng, labels).items() if k != "probs"}
        for seed in (1, 2, 3)
        for spec in (spec_of(seed), spec_of(seed, rate=0.1))
    }
    write_run(tmp_path, truth_of(labels), said)
    return tmp_path


def as_release_before(run):
    """The rows as they were written before outcomes were kept."""
    for path in (run / "trials").glob("*.json"):
        row = json.loads(path.read_text())
        del row["outcome"], row["check"]
        path.write_text(json.dumps(row | {"schema_version": 2}))
    for path in (run / "outcomes").glob("*.parquet"):
        path.unlink()


def test_rows_of_before_outcomes_are_judged_by_accuracy_alone(kept):
    before = read_runs([kept], Asked(guards=("worst_class:3",))).rows[0]
    as_release_before(kept)
    after = read_runs([kept], Asked(guards=("worst_class:3",))).rows[0]
    assert before.verdict == after.verdict and before.guards == after.guards
    with pytest.raises(DataError, match=r"macro_f1 needs predicted .* 6 trials have not kept it"):
        read_runs([kept], Asked(metric="macro_f1"))
    with pytest.raises(DataError, match="run the sweep's own command again with --guard log_loss"):
        read_runs([kept], Asked(guards=("log_loss:5%",)))


def test_a_ranking_of_several_classes_says_how_many_trials_keep_no_probabilities(kept):
    with pytest.raises(DataError, match=r"auroc needs probs .* 6 trials have not kept it"):
        read_runs([kept], Asked(metric="auroc"))


def test_a_column_that_no_trial_leaves_is_named_with_those_there_are(kept):
    with pytest.raises(DataError, match=r"leave predicted, loss\. Did you mean 'loss'"):
        read_runs([kept], Asked(metric="losss:lower", tolerance="1"))


def test_a_metric_of_numbers_is_refused_where_classes_are_predicted(kept):
    with pytest.raises(UsageError, match="mae is of numbers, and its trials predict classes"):
        read_runs([kept], Asked(metric="mae"))


def test_a_copied_folder_is_judged_anew(kept, tmp_path_factory):
    import shutil

    copy = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(kept, copy)
    one, other = (read_runs([run], Asked(metric="macro_f1")) for run in (kept, copy))
    assert [row.verdict for row in one.rows] == [row.verdict for row in other.rows]


def test_a_margin_larger_than_half_of_what_is_missing_is_told_with_a_finer_one():
    auroc = criterion_of("auroc")
    assert coarse_margin(auroc, 0.97) == ""
    text = coarse_margin(auroc, 0.99)
    assert "1 pp from perfect" in text and "2.0 times the errors" in text
    assert "--tolerance 0.2" in text
    assert "perfect" in coarse_margin(auroc, 1.0)
    assert coarse_margin(criterion_of("log_loss"), 0.99) == ""


def test_classes_of_few_test_rows_are_told(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], (200, 100, 3))
    said = {
        spec: classified(rng, labels)
        for seed in (1, 2, 3)
        for spec in (spec_of(seed), spec_of(seed, rate=0.1))
    }
    write_run(tmp_path, truth_of(labels), said)
    seen = read_runs([tmp_path], Asked(metric="macro_f1"))
    assert "made: macro-F1 is a mean over 2 of 3 classes" in seen.judging_notes[0]
    assert METRICS["macro_f1"] is seen.metric and read_runs([tmp_path]).judging_notes == ()

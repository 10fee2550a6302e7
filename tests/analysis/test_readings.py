"""What a metric reads of a run's folder, and what is judged by it, each recomputed another way."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, recall_score, roc_auc_score

from analysis.criteria import Asked
from analysis.metrics import METRICS, Margin, metric_of
from analysis.outcomes import Outcomes, outcomes_of
from analysis.readings import OF_ACCURACY, Reading, needed
from analysis.study import read_runs
from analysis.verdicts import judge
from tests.analysis.runs_with_outcomes import classified, row_of, spec_of, truth_of, write_run
from trainables.errors import DataError
from trainables.outcome import LARGEST_LOSS, Outcome

N, SEEDS = 1500, (1, 2, 3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of three classes, unsorted: random pruning that hurts class c, and keep_one that does not."""
    rng = np.random.default_rng(0)
    labels = rng.choice(3, N, p=(0.6, 0.3, 0.1))
    groups = rng.choice(["de", "en"], N)
    said = {}
    for seed in SEEDS:
        said[spec_of(seed)] = classified(rng, labels)
        said[spec_of(seed, rate=0.1)] = classified(rng, labels, hurt=2, extra=0.3)
        said[spec_of(seed, rate=0.1, signal="keep_one")] = classified(rng, labels, wrong=0.19)
    folder = tmp_path_factory.mktemp("run")
    truth = truth_of(labels, groups=groups)
    rows = write_run(folder, truth, said)
    return folder, truth, {row.spec: (row, said[row.spec]) for row in rows}


def by_hand(name, labels, columns):
    """The value as scikit-learn has it."""
    if name == "log_loss":
        return log_loss(labels, columns["probs"])
    if name == "auroc":
        return roc_auc_score(labels, columns["probs"], multi_class="ovr", average="macro")
    if name == "macro_f1":
        return f1_score(labels, columns["predicted"], average="macro")
    if name == "accuracy_by_training_shares":
        recalls = recall_score(labels, columns["predicted"], average=None)
        return recalls @ truth_of(labels).prior
    if name == "balanced_accuracy":
        return balanced_accuracy_score(labels, columns["predicted"])
    return (labels == columns["predicted"]).mean()


CLASSES = [name for name, metric in METRICS.items() if metric.is_of == "classes"]


@pytest.mark.parametrize("name", CLASSES)
def test_the_value_of_a_trial_is_that_of_scikit_learn(name, run):
    folder, truth, trials = run
    reading = Reading(METRICS[name], outcomes_of([folder]))
    for row, columns in trials.values():
        assert reading.value(row) == pytest.approx(by_hand(name, truth.labels, columns), abs=1e-3)


@pytest.mark.parametrize("name", CLASSES)
def test_differences_below_zero_are_worse_and_in_the_unit_of_the_metric(name, run):
    folder, truth, trials = run
    seen = read_runs([folder], Asked(metric=name))
    metric = METRICS[name]
    for cell, v in seen.rows:
        signal = cell.condition.signal
        values = [
            by_hand(name, truth.labels, trials[spec_of(seed, rate=0.1, signal=signal)][1])
            - by_hand(name, truth.labels, trials[spec_of(seed)][1])
            for seed in SEEDS
        ]
        expected = metric.sign * metric.scale * np.array(values)
        assert cell.delta == pytest.approx(expected, abs=metric.scale * 1e-3)
        assert v.mean == pytest.approx(expected.mean(), abs=metric.scale * 1e-3)
        assert v.scale == metric.scale and v.low < v.mean < v.high


def test_contributions_are_in_the_order_of_the_rows_own_bits(run):
    folder, truth, trials = run
    row, columns = next(iter(trials.values()))
    losses = Reading(METRICS["log_loss"], outcomes_of([folder])).of(row)
    order = np.argsort(truth.labels, kind="stable")
    assert losses == pytest.approx(columns["loss"][order], abs=2e-2)
    right = (columns["predicted"] == truth.labels)[order]
    assert OF_ACCURACY.of(row).tolist() == right.astype(int).tolist()


def test_some_rows_give_the_metric_on_these_rows_alone(run):
    folder, truth, trials = run
    reading = Reading(METRICS["macro_f1"], outcomes_of([folder]))
    row, columns = next(iter(trials.values()))
    order = np.argsort(truth.labels, kind="stable")
    mask = np.arange(N) % 3 == 0
    chosen = order[mask]
    expected = f1_score(truth.labels[chosen], columns["predicted"][chosen], average="macro")
    assert reading.of(row, mask).mean() == pytest.approx(expected)
    assert reading.gained(row, row, mask).shape == (mask.sum(),)


def test_a_margin_as_a_share_of_the_gain_holds_what_is_not_known_of_the_gain(run):
    folder, truth, trials = run
    seen = read_runs([folder], Asked(metric="log_loss", tolerance="10%"))
    prior = np.bincount(truth.labels) / N
    without = -np.log(prior[truth.labels])
    for cell, v in seen.rows:
        x, g = [], []
        for seed in SEEDS:
            full = trials[spec_of(seed)][1]["loss"].astype(np.float16).astype(float)
            pruned = trials[spec_of(seed, rate=0.1, signal=cell.condition.signal)][1]["loss"]
            x.append(full - pruned.astype(np.float16).astype(float))
            g.append(without - full)
        x, g = np.stack(x, axis=1), np.stack(g, axis=1)
        order = np.argsort(truth.labels, kind="stable")
        adjusted = (x + 0.1 * (g - g.mean()))[order]
        most = 1.1 * LARGEST_LOSS
        expected = judge(adjusted, tolerance=0.1 * g.mean(), metric=METRICS["log_loss"], most=most)
        assert (v.low, v.high, v.tolerance) == pytest.approx(
            (expected.low, expected.high, expected.tolerance), rel=1e-6
        )
        assert v.verdict == expected.verdict


def test_a_margin_turns_the_verdict_exactly_where_it_says(run):
    folder, _, _ = run
    v = read_runs([folder], Asked(metric="log_loss", tolerance="5")).rows[0].verdict
    just_above, just_below = -v.low * 1.001, -v.low * 0.999
    for tolerance, word in ((just_above, "within"), (just_below, "inconclusive")):
        found = read_runs([folder], Asked(metric="log_loss", tolerance=f"{tolerance:.9f}"))
        assert found.rows[0].verdict.verdict == word


def test_of_two_classes_the_ranking_needs_the_loss_alone_and_of_more_the_probabilities():
    assert needed(METRICS["auroc"], ("a", "b")) == ("loss",)
    assert needed(METRICS["auroc"], ("a", "b", "c")) == ("probs",)


def test_numbers_are_judged_by_their_errors(tmp_path):
    rng = np.random.default_rng(1)
    targets = rng.normal(size=800)
    said = {}
    for seed in SEEDS:
        said[spec_of(seed)] = {"predicted": targets + rng.normal(size=800) * 0.3}
        said[spec_of(seed, rate=0.1)] = {"predicted": targets + rng.normal(size=800) * 0.9}
    write_run(tmp_path, truth_of(targets=targets), said)
    for name, error in (("mae", np.abs), ("rmse", np.square)):
        (row,) = read_runs([tmp_path], Asked(metric=name)).rows
        values = {spec: error(c["predicted"] - targets).mean() for spec, c in said.items()}
        if name == "rmse":
            values = {spec: value**0.5 for spec, value in values.items()}
        lost = [values[spec_of(s)] - values[spec_of(s, rate=0.1)] for s in SEEDS]
        assert row.cell.delta == pytest.approx(lost) and row.verdict.verdict == "outside"


def test_what_has_learned_nothing_is_given_no_within(tmp_path):
    rng = np.random.default_rng(2)
    targets = rng.normal(size=800)
    said = {
        spec: {"predicted": np.full(800, np.median(targets)) + rng.normal(size=800) * 0.01}
        for seed in SEEDS
        for spec in (spec_of(seed), spec_of(seed, rate=0.1))
    }
    write_run(tmp_path, truth_of(targets=targets), said)
    seen = read_runs([tmp_path], Asked(metric="mae", tolerance="1"))
    (learned,) = seen.learned.values()
    assert not learned.is_shown and seen.rows[0].verdict.verdict == "inconclusive"


def test_columns_and_functions_of_ones_own_decide(run, tmp_path):
    folder, _, _ = run
    (tmp_path / "mine.py").write_text(
        "def right(y, columns):\n    return float((columns['predicted'] == y).mean())\n"
    )
    asked = Asked(metric=f"{tmp_path / 'mine.py'}:right", tolerance="0.01")
    accuracy, own = read_runs([folder]), read_runs([folder], asked)
    for one, other in zip(accuracy.rows, own.rows, strict=True):
        assert 100 * np.array(other.cell.delta) == pytest.approx(np.array(one.cell.delta))
        assert 100 * other.verdict.low == pytest.approx(one.verdict.low, abs=0.8)
    seen = read_runs([folder], Asked(metric="loss:lower", tolerance="0.1"))
    plain = read_runs([folder], Asked(metric="log_loss", tolerance="0.1"))
    assert [r.verdict.mean for r in seen.rows] == [r.verdict.mean for r in plain.rows]


def test_a_run_that_fell_out_below_by_its_loss_is_named(tmp_path):
    rng = np.random.default_rng(3)
    labels = rng.choice(2, 400)
    said = {}
    for seed in (1, 2, 3, 4, 5):
        said[spec_of(seed)] = classified(rng, labels)
        said[spec_of(seed, rate=0.1)] = classified(rng, labels)
    said[spec_of(4, rate=0.1)]["loss"] = np.full(400, 3.0)
    write_run(tmp_path, truth_of(labels), said)
    (row,) = read_runs([tmp_path], Asked(metric="log_loss")).rows
    assert row.cell.diverged == (4,) and row.verdict.verdict != "within"


def test_an_outcome_of_another_test_set_is_refused(run):
    folder, truth, trials = run
    row, columns = next(iter(trials.values()))
    short = row_of(row.spec, truth, Outcome(columns=columns))
    object.__setattr__(short, "n_test", N - 1)
    with pytest.raises(DataError, match="not of its 1499 test rows"):
        Reading(METRICS["log_loss"], outcomes_of([folder])).of(short)


def test_without_answers_another_metric_says_what_writes_them(run):
    _, _, trials = run
    row, _ = next(iter(trials.values()))
    with pytest.raises(DataError, match="answers of the test set"):
        Reading(metric_of("log_loss"), Outcomes()).value(row)


def test_a_margin_is_written_as_a_plan_holds_it():
    assert Margin(value=0.05, is_share=True).written == "5%"
    assert Margin(value=2.0).written == 2.0

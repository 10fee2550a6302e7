from dataclasses import replace

import numpy as np
import pytest

from analysis.class_means import (
    of_accuracy_by_training_shares,
    of_balanced_accuracy,
    of_macro_f1,
)
from analysis.contributions import (
    NoValueError,
    Truth,
    by_jackknife,
    enough,
    of_accuracy,
    of_auroc,
    of_log_loss,
    prior_loss,
    rankable,
    ratio,
)
from analysis.metrics import METRICS
from analysis.verdicts import judge
from tests.analysis.made_outcomes import TEST_SETS, rows_of, suits
from trainables.errors import DataError

EPSILON = 1e-5
CASES = [(name, made) for name in METRICS for made in TEST_SETS if suits(METRICS[name], made)]
every_case = pytest.mark.parametrize(("name", "made"), CASES, ids=[f"{a}, {b}" for a, b in CASES])


# Each metric a second time, with a weight for each row: as slow and as plain as its definition.
def _recall(y, said, w, k):
    return w[(y == k) & (said == k)].sum() / w[y == k].sum()


def _f1(y, said, w, k):
    hit = w[(y == k) & (said == k)].sum()
    return 2 * hit / (w[y == k].sum() + w[said == k].sum())


def _area(y, score, w, k):
    positive, others = y == k, y != k
    above = score[positive][:, None] > score[others]
    same = score[positive][:, None] == score[others]
    each = w[positive][:, None] * w[others]
    return (each * (above + same / 2)).sum() / each.sum()


def _auroc(truth, columns, w):
    if len(truth.class_names) == 2:
        return _area(truth.y, columns["probs"][:, 1], w, 1)
    return np.mean([_area(truth.y, columns["probs"][:, k], w, k) for k in rankable(truth)])


WEIGHTED = {
    "accuracy": lambda t, c, w: np.average(t.y == c["predicted"], weights=w),
    "balanced_accuracy": lambda t, c, w: np.mean([
        _recall(t.y, c["predicted"], w, k) for k in enough(t)
    ]),
    "accuracy_by_training_shares": lambda t, c, w: np.average(
        [_recall(t.y, c["predicted"], w, k) for k in enough(t)], weights=t.prior[enough(t)]
    ),
    "macro_f1": lambda t, c, w: np.mean([_f1(t.y, c["predicted"], w, k) for k in enough(t)]),
    "log_loss": lambda t, c, w: np.average(c["loss"], weights=w),
    "auroc": _auroc,
    "mae": lambda t, c, w: np.average(abs(c["predicted"] - t.y), weights=w),
    "rmse": lambda t, c, w: np.sqrt(np.average((c["predicted"] - t.y) ** 2, weights=w)),
    "token_loss": lambda t, c, w: (w * c["loss"]).sum() / (w * c["weight"]).sum(),
}  # fmt: skip


def small_class_factor(name, truth):
    """What the influence of a class's rows is widened by, as a recall of few rows varies more."""
    if name not in ("balanced_accuracy", "accuracy_by_training_shares"):
        return np.ones(len(truth.y))
    counts = np.bincount(truth.y)[truth.y]
    return np.sqrt(counts / np.maximum(counts - 1, 1))


def test_by_training_shares_each_row_weighs_its_classs_training_share_over_its_test_share():
    truth, columns = TEST_SETS["other shares in training"]
    weight = truth.prior / np.bincount(truth.y) * len(truth.y)
    expected = (weight[truth.y] * (columns["predicted"] == truth.y)).mean()
    assert of_accuracy_by_training_shares(truth, columns).mean() == pytest.approx(expected)
    assert abs(expected - of_accuracy(truth, columns).mean()) > 0.005


def test_classes_absent_from_either_side_have_no_part_in_accuracy_by_training_shares():
    y, said = np.repeat([0, 1, 3], [10, 20, 10]), np.repeat([0, 2, 1, 3], [10, 10, 10, 10])
    names = tuple("abcd")
    # Of class c there is no test row, of class d no training row: a and b count 3 to 1.
    truth = Truth(labels=y, class_names=names, prior=np.array([0.3, 0.1, 0.6, 0.0]))
    found = of_accuracy_by_training_shares(truth, {"predicted": said})
    assert found.mean() == pytest.approx((3 * 1.0 + 1 * 0.5) / 4)
    assert np.ptp(found[30:]) == 0


@pytest.mark.parametrize("prior", [None, np.array([0.0, 0.0, 1.0])])
def test_without_a_class_on_both_sides_there_is_no_accuracy_by_training_shares(prior):
    truth = Truth(labels=np.repeat([0, 1], 10), class_names=tuple("abc"), prior=prior)
    with pytest.raises(NoValueError, match="training"):
        of_accuracy_by_training_shares(truth, {"predicted": truth.y})


def test_every_metric_is_written_a_second_time_here():
    assert set(WEIGHTED) == set(METRICS)


@every_case
def test_the_mean_of_contributions_is_the_value(name, made):
    truth, columns = TEST_SETS[made]
    contributions = METRICS[name].of(truth, columns)
    assert contributions.shape == truth.y.shape and np.isfinite(contributions).all()
    value = WEIGHTED[name](truth, columns, np.ones(len(truth.y)))
    assert contributions.mean() == pytest.approx(value, abs=1e-9)


@every_case
def test_an_influence_is_what_the_value_changes_by_where_a_row_counts_a_little_more(name, made):
    truth, columns = TEST_SETS[made]
    contributions, n = METRICS[name].of(truth, columns), len(truth.y)
    slopes, value = [], WEIGHTED[name]
    for row in range(n):
        more, less = np.ones(n), np.ones(n)
        more[row], less[row] = 1 + EPSILON, 1 - EPSILON
        slopes.append((value(truth, columns, more) - value(truth, columns, less)) / (2 * EPSILON))
    expected = n * np.array(slopes) * small_class_factor(name, truth)
    if name == "rmse" and not WEIGHTED[name](truth, columns, np.ones(n)):
        expected = np.zeros(n)  # a root has no slope at 0
    np.testing.assert_allclose(contributions - contributions.mean(), expected, atol=1e-6)


@every_case
def test_the_order_of_rows_decides_nothing(name, made):
    truth, columns = TEST_SETS[made]
    order = np.random.default_rng(4).permutation(len(truth.y))
    found = METRICS[name].of(*rows_of(truth, columns, order))
    np.testing.assert_allclose(found, METRICS[name].of(truth, columns)[order], atol=1e-9)


@every_case
def test_a_run_that_says_the_same_differs_in_nothing(name, made):
    truth, columns = TEST_SETS[made]
    metric = METRICS[name]
    same = {column: values.copy() for column, values in columns.items()}
    assert not (metric.of(truth, columns) - metric.of(truth, same)).any()


@every_case
def test_one_row_gives_a_finite_number_or_a_clear_fault(name, made):
    truth, columns = rows_of(*TEST_SETS[made], np.array([0]))
    try:
        found = METRICS[name].of(truth, columns)
    except DataError as error:
        assert "AUROC" in str(error)
    else:
        assert found.shape == (1,) and np.isfinite(found).all()


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "mae", "rmse"])
def test_answers_and_predictions_may_change_places(name):
    made = "three classes" if METRICS[name].is_of == "classes" else "numbers"
    truth, columns = TEST_SETS[made]
    key = "labels" if METRICS[name].is_of == "classes" else "targets"
    turned = replace(truth, **{key: columns["predicted"]})
    found = METRICS[name].of(turned, {"predicted": truth.y})
    np.testing.assert_allclose(found, METRICS[name].of(truth, columns), atol=1e-9)


def test_a_recall_turned_around_is_a_precision():
    truth, columns = TEST_SETS["three classes"]
    said = columns["predicted"]
    turned = of_balanced_accuracy(replace(truth, labels=said), {"predicted": truth.y})
    precision = [np.mean(truth.y[said == k] == k) for k in np.unique(said)]
    assert turned.mean() == pytest.approx(np.mean(precision), abs=1e-12)


def test_an_area_turned_around_is_what_is_missing_to_one():
    truth, columns = TEST_SETS["two classes"]
    wrong = {"loss": -np.log(-np.expm1(-columns["loss"]))}
    assert of_auroc(truth, wrong).mean() == pytest.approx(1 - of_auroc(truth, columns).mean())
    swapped = replace(truth, labels=1 - truth.labels)
    assert of_auroc(swapped, columns).mean() == pytest.approx(of_auroc(truth, columns).mean())


@pytest.mark.parametrize("p", [0.0005, *np.linspace(0.01, 0.99, 15).round(3).tolist(), 0.9995])
def test_rows_of_one_probability_tie_whatever_their_class_also_after_rounding(p):
    y = np.repeat([0, 1], [30, 20])
    truth = replace(TEST_SETS["two classes"][0], labels=y)
    exact = np.where(y == 1, -np.log(p), -np.log1p(-p))
    for loss in (exact, exact.astype(np.float16).astype(np.float64)):
        assert of_auroc(truth, {"loss": loss}).tolist() == pytest.approx([0.5] * 50, abs=1e-12)


def test_rounded_losses_rank_as_exact_ones_do():
    rng = np.random.default_rng(8)
    y = (rng.random(4000) < 0.3).astype(np.int64)
    odds = 3 * rng.standard_normal(4000) + 4 * (2 * y - 1)
    loss = np.logaddexp(0, np.where(y == 1, -odds, odds)).clip(max=15.9)
    truth = replace(TEST_SETS["two classes"][0], labels=y)
    exact, rounded = (
        of_auroc(truth, {"loss": each})
        for each in (loss, loss.astype(np.float16).astype(np.float64))
    )
    assert rounded.mean() == pytest.approx(exact.mean(), abs=1e-4)
    assert rounded.var() == pytest.approx(exact.var(), rel=1e-2)


def test_perfect_predictions_leave_no_influence():
    truth, columns = TEST_SETS["perfect"]
    for of in (of_accuracy, of_balanced_accuracy, of_macro_f1, of_auroc):
        found = of(truth, columns)
        assert found.tolist() == pytest.approx([1.0] * len(truth.y), abs=1e-12)


def test_a_prediction_that_is_no_class_is_refused():
    truth, columns = TEST_SETS["two classes"]
    with pytest.raises(DataError, match="class 2 is predicted; the data set has 2 classes"):
        of_macro_f1(truth, {"predicted": columns["predicted"] + 1})
    with pytest.raises(DataError, match="class -1 is predicted"):
        of_macro_f1(truth, {"predicted": columns["predicted"] - 1})


@pytest.mark.parametrize("c", [1, 2, 3])
def test_one_class_alone_has_no_area(c):
    y = np.zeros(40, dtype=np.int64)
    columns = {"loss": np.full(40, 0.2), "probs": np.full((40, c), 1 / c)}
    with pytest.raises(DataError, match="there is no AUROC"):
        of_auroc(Truth(labels=y, class_names=("a", "b", "c")[:c]), columns)


def test_numbers_have_no_classes_and_a_set_without_answers_has_nothing():
    with pytest.raises(DataError, match="the test set has no classes"):
        of_macro_f1(Truth(targets=np.ones(3)), {"predicted": np.ones(3)})
    with pytest.raises(DataError, match="neither classes nor numbers"):
        METRICS["mae"].of(Truth(), {"predicted": np.ones(3)})


def test_a_class_of_fewer_than_five_rows_moves_no_mean_over_classes():
    y = np.repeat([0, 1, 2], [20, 20, 4])
    truth = Truth(labels=y, class_names=("a", "b", "c"))
    right, wrong = y.copy(), np.where(y == 2, 0, y)
    assert of_balanced_accuracy(truth, {"predicted": wrong}).tolist() == [1.0] * 44
    # Its rows still are wrong answers to the class they are taken for.
    one_less = of_macro_f1(truth, {"predicted": right}) - of_macro_f1(truth, {"predicted": wrong})
    assert one_less.mean() == pytest.approx((1 - 40 / 44) / 2)


def test_the_loss_without_a_look_is_that_of_the_training_sets_shares():
    truth = Truth(labels=np.array([0, 1, 1]), class_names=("a", "b"), prior=np.array([0.2, 0.8]))
    assert of_log_loss(truth, prior_loss(truth)) == pytest.approx(-np.log([0.2, 0.8, 0.8]))
    with pytest.raises(DataError, match="classes are not known"):
        prior_loss(replace(truth, prior=None))


def test_weights_that_sum_to_nothing_are_refused():
    with pytest.raises(DataError, match="must be above 0"):
        ratio(np.ones(3), np.zeros(3))


def test_left_out_one_by_one_a_mean_has_its_own_rows_as_contributions():
    truth, columns = TEST_SETS["numbers"]
    found = by_jackknife(lambda y, c: float(np.mean(np.abs(c["predicted"] - y))), truth, columns)
    n = len(truth.y)
    assert n < 100
    order = np.argsort(np.random.default_rng(0).permutation(n))
    np.testing.assert_allclose(found, METRICS["mae"].of(truth, columns)[order], atol=1e-9)


def test_the_jackknife_of_a_hundred_parts_says_the_variance_that_contributions_say():
    rng = np.random.default_rng(5)
    y = rng.choice(3, size=3000, p=(0.6, 0.3, 0.1))
    said = np.where(rng.random(3000) < 0.8, y, rng.integers(0, 3, 3000))
    truth, columns = Truth(labels=y, class_names=("a", "b", "c")), {"predicted": said}
    parts = by_jackknife(
        lambda y, c: WEIGHTED["macro_f1"](replace(truth, labels=y), c, np.ones(len(y))),
        truth, columns,
    )  # fmt: skip
    each = of_macro_f1(truth, columns)
    assert len(parts) == 100 and parts.mean() == pytest.approx(each.mean(), abs=1e-12)
    assert parts.var() / 100 == pytest.approx(each.var() / 3000, rel=0.3)


def test_a_metric_of_ones_own_that_is_no_number_is_refused():
    truth, columns = TEST_SETS["numbers"]
    with pytest.raises(DataError, match="not a finite number"):
        by_jackknife(lambda y, c: float("nan"), truth, columns)
    with pytest.raises(DataError, match="needs two"):
        by_jackknife(lambda y, c: 1.0, *rows_of(truth, columns, np.array([0])))


@every_case
def test_every_case_can_be_judged(name, made):
    """Against a prediction that says one thing of all rows: nothing of it is not a number."""
    truth, columns = TEST_SETS[made]
    metric = METRICS[name]
    first = {column: np.repeat(values[:1], len(values), 0) for column, values in columns.items()}
    x = metric.sign * (metric.of(truth, first) - metric.of(truth, columns))
    most = metric.most(truth, columns) if metric.most else None
    found = judge(np.stack([x, x / 2], 1), tolerance=0.5, metric=metric, most=most)
    if len(x) == 1:
        assert (found.verdict, found.low) == ("inconclusive", None)
        return
    assert np.isfinite([found.mean, found.low, found.high]).all() and found.low <= found.mean

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as theirs

from analysis.contributions import enough, rankable
from analysis.metrics import METRICS
from benchmarks.real_predictions import classified, measured
from tests.analysis.made_outcomes import TEST_SETS, rows_of, said_of, suits

CASES = [(name, made) for name in METRICS for made in TEST_SETS if suits(METRICS[name], made)]
every_metric = pytest.mark.parametrize("name", METRICS)


def _usual(name):
    """A usual test set of a metric."""
    return next(TEST_SETS[made] for made in TEST_SETS if suits(METRICS[name], made))


def _over(classes, each):
    return float(np.mean([each(k) for k in classes]))


def _auroc(t, c):
    if len(t.class_names) == 2:
        return theirs.roc_auc_score(t.y, c["probs"][:, 1])
    return _over(rankable(t), lambda k: theirs.roc_auc_score(t.y == k, c["probs"][:, k]))


def _weights(t):
    """Of each row its class's training share over its test share; 0 of classes too small to count."""
    counts = np.bincount(t.y, minlength=len(t.class_names))
    each = np.zeros(len(counts))
    each[enough(t)] = t.prior[enough(t)] / counts[enough(t)]
    return each[t.y]


# What scikit-learn says of the same rows.
SCIKIT_LEARN = {
    "accuracy": lambda t, c: theirs.accuracy_score(t.y, c["predicted"]),
    "balanced_accuracy": lambda t, c: theirs.recall_score(
        t.y, c["predicted"], labels=enough(t), average="macro"
    ),
    "accuracy_by_training_shares": lambda t, c: theirs.accuracy_score(
        t.y, c["predicted"], sample_weight=_weights(t)
    ),
    "macro_f1": lambda t, c: theirs.f1_score(
        t.y, c["predicted"], labels=enough(t), average="macro"
    ),
    "log_loss": lambda t, c: theirs.log_loss(t.y, c["probs"], labels=range(len(t.class_names))),
    "auroc": _auroc,
    "mae": lambda t, c: theirs.mean_absolute_error(t.y, c["predicted"]),
    "rmse": lambda t, c: theirs.root_mean_squared_error(t.y, c["predicted"]),
    "token_loss": lambda t, c: np.average(c["loss"] / c["weight"], weights=c["weight"]),
}
REAL = ("ag_news", "imdb", "sms_spam", "yahoo_health22")


@pytest.fixture(scope="module")
def said_of_real(real_data):
    """What quick models say of real test rows: of their classes, and of the length of their texts."""
    return {
        name: (
            classified(real_data, name, train=2000, test=1200),
            measured(real_data, name, train=1500, test=800),
        )
        for name in REAL
    }


@pytest.mark.parametrize("data", REAL)
@every_metric
def test_the_value_is_scikit_learns_on_real_predictions(name, data, said_of_real):
    of_classes, of_numbers = said_of_real[data]
    truth, runs = of_numbers if METRICS[name].is_of == "numbers" else of_classes
    weight = 1.0 + np.arange(len(truth.y)) % 40
    for run in runs:
        columns = run
        if "weight" in METRICS[name].needs:
            columns = {"loss": run["loss"] * weight, "weight": weight}
        found = METRICS[name].of(truth, columns).mean()
        assert found == pytest.approx(SCIKIT_LEARN[name](truth, columns), abs=1e-9)


@pytest.mark.parametrize(("name", "made"), CASES, ids=[f"{a}, {b}" for a, b in CASES])
def test_contributions_are_the_slope_of_the_value_by_copies_of_a_row(name, made):
    """Holds a metric of this table that has no second version: from `of` and copies of rows alone."""
    truth, columns = TEST_SETS[made]
    metric, copies, n = METRICS[name], 40, len(truth.y)
    often = rows_of(truth, columns, np.repeat(np.arange(n), copies))
    contributions = metric.of(*often)
    for row in range(0, n, max(1, n // 8)):
        counts = np.full(n, copies)
        counts[row] += 1
        more = metric.of(*rows_of(truth, columns, np.repeat(np.arange(n), counts))).mean()
        counts[row] -= 2
        less = metric.of(*rows_of(truth, columns, np.repeat(np.arange(n), counts))).mean()
        slope, influence = n * copies * (more - less) / 2, contributions[row * copies]
        room = 0.02 * max(1.0, float(np.ptp(contributions)))
        assert influence - contributions.mean() == pytest.approx(slope, abs=room)


def _changed(rng, truth, columns, row):
    """The same predictions, but for one row: any answer, as sure or unsure as can be."""
    c = len(truth.class_names)
    probs = columns["probs"].copy()
    sure = np.eye(c)[rng.integers(c)]
    probs[row] = sure if rng.random() < 0.7 else rng.dirichlet(np.full(c, 0.3))
    return said_of(probs, truth.y)


def _largest_change(rng, metric, share):
    """The most that a change of one row is found to move a value by, as a share of `share * most`."""
    worst = 0.0
    for _ in range(60):
        c = int(rng.integers(2, 5))
        counts = rng.integers(5 if metric.name != "auroc" else 10, 25, c)
        y = rng.permutation(np.repeat(np.arange(c), counts))
        prior = np.arange(1.0, c + 1) / np.arange(1.0, c + 1).sum()
        own = {"labels": y, "class_names": tuple("abcd"[:c]), "prior": prior}
        truth = replace(TEST_SETS["two classes"][0], **own)
        # From useless to perfect, also where a class is hardly ever said.
        best = np.where(rng.random(len(y)) < rng.random(), y, rng.integers(c))
        best = np.where((best == rng.integers(c)) & (rng.random() < 0.5), rng.integers(c), best)
        columns = said_of(0.98 * np.eye(c)[best] + 0.02 / c, y)
        most = share * metric.most(truth, columns)
        value = metric.of(truth, columns).mean()
        for row in rng.permutation(len(y))[:12]:
            moved = metric.of(truth, _changed(rng, truth, columns, row)).mean() - value
            worst = max(worst, abs(moved) * len(y) / most)
    return worst


BOUNDED = [name for name, metric in METRICS.items() if metric.most and metric.is_of == "classes"]


@pytest.mark.parametrize("name", BOUNDED)
def test_no_change_of_one_row_moves_the_value_by_more_than_most(name):
    assert _largest_change(np.random.default_rng(1), METRICS[name], 1.0) <= 1 + 1e-9


@pytest.mark.parametrize("name", BOUNDED)
def test_half_of_most_is_found_to_be_too_little(name):
    assert _largest_change(np.random.default_rng(1), METRICS[name], 0.5) > 1


def test_the_first_hit_of_a_class_moves_its_f1_by_nearly_twice_its_share():
    y = np.repeat([0, 1], [5, 5])
    truth = replace(TEST_SETS["two classes"][0], labels=y, class_names=("a", "b"))
    none = {"predicted": np.ones(10, dtype=np.int64)}
    one = {"predicted": np.array([0] + [1] * 9)}
    metric = METRICS["macro_f1"]
    moved = metric.of(truth, one).mean() - metric.of(truth, none).mean()
    assert moved == pytest.approx((2 / 6 + 10 / 14 - 10 / 15) / 2)
    assert metric.most(truth, none) == pytest.approx(10 * moved)


@every_metric
def test_a_reference_looks_at_no_example(name):
    metric = METRICS[name]
    if metric.reference is None:
        assert not metric.margin.endswith("%") or name == "token_loss"
        return
    truth, columns = _usual(name)
    for column, values in metric.reference(truth).items():
        assert column in metric.needs and values.shape == columns[column].shape
    order = np.random.default_rng(2).permutation(len(truth.y))
    mixed, _ = rows_of(truth, columns, order)
    turned = metric.of(mixed, metric.reference(mixed))
    expected = metric.of(truth, metric.reference(truth))[order]
    np.testing.assert_allclose(turned, expected, atol=1e-12)


@every_metric
def test_better_predictions_are_better_by_the_sign(name):
    """Each row's answer moved towards the truth: the value times the sign rises."""
    metric = METRICS[name]
    truth, columns = _usual(name)
    if metric.is_of == "numbers":
        better = {"predicted": (columns["predicted"] + 3 * truth.y) / 4}
    elif metric.is_of == "classes":
        probs = (columns["probs"] + 3 * np.eye(len(truth.class_names))[truth.y]) / 4
        better = said_of(probs, truth.y)
    else:
        better = columns | {"loss": columns["loss"] / 2}
    was, found = (metric.sign * metric.of(truth, each).mean() for each in (columns, better))
    assert found > was


@every_metric
def test_a_row_of_the_table_is_whole(name):
    metric = METRICS[name]
    assert metric.name == name and metric.label and metric.needs
    assert metric.scale == (100.0 if metric.unit == "pp" else 1.0)
    assert metric.is_of in ("classes", "numbers", "")

"""What can be named as a metric, and as a margin."""

import numpy as np
import pytest

from analysis.contributions import Truth
from analysis.metrics import METRICS, Margin, margin_of, metric_of
from trainables.errors import DataError, UsageError

COLUMNS = {"hits": np.array([1.0, 0.0, 3.0]), "tries": np.array([2.0, 2.0, 4.0])}
TRUTH = Truth(targets=np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("name", METRICS)
def test_every_row_of_the_table_can_be_named(name):
    assert metric_of(name) is METRICS[name]


def test_a_column_of_ones_own_is_its_mean():
    metric = metric_of("hits:lower")
    assert metric.of(TRUTH, COLUMNS).mean() == pytest.approx(4 / 3)
    assert (metric.sign, metric.label, metric.unit, metric.needs) == (-1, "hits", "", ("hits",))


def test_two_columns_are_the_ratio_of_their_sums():
    metric = metric_of("hits/tries:higher")
    assert metric.of(TRUTH, COLUMNS).mean() == pytest.approx(0.5)
    assert metric.sign == 1


def test_a_function_of_ones_own_is_called_from_its_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def most(y, columns):\n    return float((columns['hits'] * y).mean())\n")
    metric = metric_of(f"{file}:most:lower")
    assert metric.of(TRUTH, COLUMNS).mean() == pytest.approx(10 / 3)
    assert (metric.sign, metric.label) == (-1, "most")
    assert metric_of(f"{file}:most").sign == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acuracy", "Did you mean 'accuracy'"),
        ("", "is not known"),
        ("hits", "NAME:higher or NAME:lower"),
        ("a/b/c:higher", "A/B:higher"),
        ("/:lower", "A/B:higher"),
        ("nowhere.py:f", "there is no file"),
        ("no_such_module_at_all:f", "No module named"),
        ("math:coss", "Did you mean 'cos'"),
        ("hits:loewr", "Did you mean 'lower'"),
        ("macro_f1:2", "--metric macro_f1 --tolerance 2"),
        ("log_loss:5%", "--metric log_loss --tolerance 5%"),
        ("worst_class:3", "is not known"),
    ],
)
def test_what_is_no_metric_is_refused_with_what_to_write(text, said):
    with pytest.raises(UsageError, match=said):
        metric_of(text)


@pytest.mark.parametrize("body", ["return 1 / 0", "return float('nan')", "return 'much'"])
def test_a_function_that_gives_no_number_is_named(body, tmp_path):
    (tmp_path / "bad.py").write_text(f"def f(y, columns):\n    {body}\n")
    with pytest.raises(DataError, match=r"bad\.py:f"):
        metric_of(f"{tmp_path / 'bad.py'}:f").of(TRUTH, COLUMNS)


@pytest.mark.parametrize(
    ("text", "name", "margin"),
    [
        ("", "accuracy", Margin(value=1.0)),
        ("0", "accuracy", Margin(value=0.0)),
        ("2.5", "macro_f1", Margin(value=2.5)),
        ("", "log_loss", Margin(value=0.05, is_share=True)),
        ("10%", "mae", Margin(value=0.1, is_share=True)),
        ("0.01", "hits:higher", Margin(value=0.01)),
    ],
)
def test_a_margin_is_a_number_in_the_unit_or_a_share_of_the_gain(text, name, margin):
    assert margin_of(text, metric_of(name)) == margin


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("5%", "accuracy", "share of what training gains"),
        ("", "hits:higher", "has no margin of its own"),
        ("-1", "accuracy", "0 or more"),
        ("101", "accuracy", "0 or more"),
        ("nan", "log_loss", "0 or more"),
        ("100%", "log_loss", "0 or more"),
        ("a bit", "log_loss", "give a number in nats"),
    ],
)
def test_a_margin_that_says_nothing_is_refused(text, name, said):
    with pytest.raises(UsageError, match=said):
        margin_of(text, metric_of(name))

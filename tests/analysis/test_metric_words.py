"""How a metric is written: its unit, its sign and its decimals, for every row of METRICS."""

from dataclasses import replace

import pytest

from analysis.metric_words import MetricWords, kept_share, metric_words, significant
from analysis.metrics import METRICS, metric_of
from analysis.verdicts import Verdict

EVERY = [*METRICS.values(), metric_of("reward:higher"), metric_of("wrong/asked:lower")]
every = pytest.mark.parametrize("metric", EVERY, ids=lambda one: one.name)


def verdict(tolerance=1.0, mean=0.0, low=None, high=None):
    return Verdict(mean=mean, low=low, high=high, n_seeds=3, tolerance=tolerance)


@every
def test_a_change_has_its_unit_and_says_which_way_is_worse(metric):
    words = metric_words(metric, [verdict()])
    text = words.change(-0.5, -0.75, 0.25)
    assert text.startswith("−0.5") and ", likely −0.8" in text.replace("−0.75", "−0.8")
    assert ("below 0 is worse" in text) == (not metric.higher)
    assert ("points" in text) == (metric.unit == "pp") and ("nats" in text) == (
        metric.unit == "nats"
    )


@every
def test_an_axis_names_the_metric_its_unit_and_which_way_is_worse(metric):
    axis = metric_words(metric).axis
    assert axis.startswith(f"Δ {metric.label}") and (f"({metric.unit})" in axis) == bool(
        metric.unit
    )
    assert axis.endswith(", below 0 is worse") == (not metric.higher)


@every
def test_a_value_of_a_share_is_in_per_cent_and_others_in_their_unit(metric):
    text = metric_words(metric, [verdict(0.02)]).value(0.534)
    assert text == {"pp": "53.4%", "nats": "0.534 nats", "": "0.534"}[metric.unit]


@every
def test_harm_of_a_metric_of_which_more_is_worse_is_a_rise(metric):
    words = metric_words(metric, [verdict()])
    text = words.harm(words.size(1.0), "less than")
    assert text.startswith("loses less than 1" if metric.higher else f"raises {words.noun} by less")


def test_points_have_two_decimals_and_a_small_margin_gets_more():
    assert metric_words(METRICS["macro_f1"], [verdict(0.001)]).digits == 2
    assert metric_words(METRICS["log_loss"], [verdict(0.02), verdict(3.0)]).number(0.0123) == (
        "+0.012"
    )
    assert metric_words(METRICS["mae"], [verdict(1000.0)]).short(-1200.4) == "−1,200"
    assert metric_words(METRICS["mae"], [verdict(4e-5)]).short(-1.2e-5) == "−0.000012"


def test_without_a_margin_the_narrowest_interval_sets_the_decimals():
    found = [verdict(0.0, low=-3.0, high=3.0), verdict(0.0, low=-0.01, high=0.03)]
    assert metric_words(METRICS["log_loss"], found).digits == 3
    assert metric_words(METRICS["log_loss"]).digits == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.02346, "0.0235"), (12345.0, "12,345"), (0.5, "0.5"), (1000.0, "1,000"), (0.0, "0")],
)
def test_a_size_keeps_three_digits_and_all_of_a_whole_number(value, text):
    assert significant(value) == text


def test_accuracy_is_written_as_it_always_was():
    words = MetricWords()
    assert (words.axis, words.delta, words.short(-0.2)) == ("Δ accuracy (pp)", "Δ pp", "−0.20 pp")
    assert words.change(0.5) == "+0.50 points" and words.loss(1.0) == "1 point"
    assert (words.value(0.77), words.margin(1.0), words.hover) == ("77.0%", "1 pp", ":+.2f} pp")


def test_a_kept_share_has_its_line_where_the_verdict_has_it():
    one = verdict(tolerance=0.025, mean=-0.02, low=-0.035, high=-0.01)
    kept = kept_share(one, 0.5)
    assert kept.text == "keeps 96.0% [93.0, 98.0] of what training gains"
    at_line = kept_share(replace(one, low=-one.tolerance), one.tolerance / 0.05)
    assert at_line.low == pytest.approx(0.95)
    assert kept_share(verdict(mean=-0.2), 0.5).text == "keeps 60% of what training gains"


def test_an_axis_says_which_way_is_worse_however_long_the_name_is():
    long = MetricWords(metric=metric_of(f"{'share_of_tickets_sent_back' * 3}:lower"))
    assert len(long.axis) <= 60 and long.axis.endswith("…, below 0 is worse")


NATS = MetricWords(metric=METRICS["token_loss"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ((-0.04, -0.05, -0.03), "0.04 nats worse, likely 0.03 to 0.05"),
        ((0.04, 0.03, 0.05), "0.04 nats better, likely 0.03 to 0.05"),
        ((-0.01, -0.03, 0.01), "0.01 nats worse, likely 0.03 worse to 0.01 better"),
        ((-0.001, -0.03, 0.001), "0.00 nats, likely 0.03 worse to 0.00"),
        ((-0.04, None, None), "0.04 nats worse"),
    ],
)
def test_a_change_of_what_is_better_small_is_told_in_words_beside_its_values(change, told):
    assert NATS.turned(*change) == told


def test_a_change_of_what_is_better_large_keeps_its_sign():
    words = MetricWords(metric=METRICS["auroc"])
    assert words.turned(-0.5, -0.75, 0.25) == words.change(-0.5, -0.75, 0.25)


def test_perplexity_is_the_exponential_of_a_token_loss_and_of_nothing_else():
    assert NATS.perplexity(3.42) == "30.6" and NATS.perplexity(1e6) == "4.6e+299"
    assert MetricWords(metric=METRICS["log_loss"]).perplexity(3.42) == ""


def test_a_span_of_values_has_its_unit_once():
    assert NATS.span(3.4, 3.45) == "3.40 to 3.45 nats"
    assert MetricWords(metric=METRICS["auroc"]).span(0.77, 0.781) == "77.0% to 78.1%"


def test_what_a_cut_does_to_a_loss_is_told_in_words_and_to_accuracy_by_a_sign():
    assert NATS.does(-0.04) == "makes the token loss 0.04 nats worse"
    assert NATS.does(0.0, -0.03, 0.01, many=True) == (
        "change the token loss by 0.00 nats, likely 0.03 worse to 0.01 better"
    )
    assert (
        NATS.moves(-0.04, -0.05, -0.03)
        == "the token loss gets 0.04 nats worse, likely 0.03 to 0.05"
    )
    assert MetricWords().does(-0.2) == "changes accuracy by −0.20 points"
    assert (NATS.line(0.0829), MetricWords(metric=METRICS["auroc"]).line(0.5)) == (
        "0.083 nats worse", "−0.5 points",
    )  # fmt: skip

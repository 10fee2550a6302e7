"""Slopes over the rates: their line, its bend, their interval, and how often these err."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t

from analysis.envelope import cells
from analysis.metric_words import MetricWords
from analysis.page.figures.rate_lines import by_dataset_data
from analysis.page.slope_words import slope_text
from analysis.slopes import bend_weights, line_weights, slope, slope_rows, slopes_of
from analysis.study import study
from benchmarks.slopes import SETTINGS, missed, seen

RATES = (0.1, 0.2, 0.3)


@pytest.fixture
def over(paired):
    """Pairs of a method over its rates: deltas in pp by rate, a list over seeds each."""

    def make(deltas, rates=RATES):
        rows = [
            row for rate, own in zip(rates, deltas, strict=True) for row in paired(own, rate=rate)
        ]
        return list({row.spec.result_key: row for row in rows}.values())

    return make


def test_the_slope_is_that_of_least_squares_through_zero(over):
    deltas = [[-0.2, -0.4, -0.3], [-0.6, -0.5, -0.9], [-0.9, -1.5, -1.1]]
    found = slope(cells(over(deltas)))
    means = np.mean(deltas, axis=1)
    line = np.linalg.lstsq(np.array(RATES)[:, None], means, rcond=None)[0]
    assert found.mean == pytest.approx(0.1 * line[0])
    design = np.stack([np.array(RATES), np.array(RATES) ** 2], axis=1)
    square = np.linalg.lstsq(design, means, rcond=None)[0][1]
    assert found.bend == pytest.approx(0.1 * 2 * (RATES[-1] - RATES[0]) * square)


def test_the_slope_of_every_seed_alone_has_the_slope_as_its_mean(over):
    deltas = np.array([[-0.2, -0.4, -0.3], [-0.6, -0.5, -0.9], [-0.9, -1.5, -1.1]])
    found = slope(cells(over(deltas.tolist())))
    own = [0.1 * np.linalg.lstsq(np.array(RATES)[:, None], d, rcond=None)[0][0] for d in deltas.T]
    assert found.mean == pytest.approx(np.mean(own))
    # Never narrower than by the noise between seeds alone.
    half = t.ppf(0.95, 2) * np.std(own, ddof=1) / np.sqrt(3)
    assert found.low <= np.mean(own) - half + 1e-9 and found.high >= np.mean(own) + half - 1e-9


@pytest.mark.parametrize("rates", [RATES, (0.1, 0.3, 0.5, 0.9), (0.05, 0.5, 0.51)])
def test_a_straight_line_has_its_slope_and_no_bend(rates):
    line = -3.0 * np.array(rates)
    assert line_weights(rates) @ line == pytest.approx(-0.3)
    assert bend_weights(rates) @ line == pytest.approx(0, abs=1e-12)
    parabola = np.array(rates) ** 2
    steps = [0.1 * 2 * rate for rate in (rates[0], rates[-1])]
    assert bend_weights(rates) @ parabola == pytest.approx(steps[1] - steps[0])


def test_one_rate_has_no_slope_and_two_no_bend(over):
    assert slope(cells(over([[-0.1, -0.2]], rates=(0.1,)))) is None
    two = slope(cells(over([[-0.1, -0.2], [-0.3, -0.2]], rates=(0.1, 0.2))))
    assert two.bend is None and not two.is_bent and two.low is not None
    assert "2 rates do not show" in slope_text(two, MetricWords())


def test_one_seed_has_a_slope_without_an_interval(over):
    one = slope(cells(over([[-0.1], [-0.3], [-0.2]])))
    assert (one.low, one.high, one.bend_p, one.is_bent) == (None, None, None, False)
    assert "one seed" in slope_text(one, MetricWords())


def test_only_seeds_that_every_rate_has_are_counted(over):
    rows = [
        row for row in over([[-0.1, -0.2, -0.3], [-0.2, -0.3, -0.1], [-0.3, -0.3, -0.4]])
        if not (row.spec.rate == 0.2 and row.spec.seed == 3)
    ]  # fmt: skip
    found = slope(cells(rows))
    assert found.seeds == (1, 2) and "without seed 3" in found.notes[0]
    assert found.mean == pytest.approx(
        slope(cells(over([[-0.1, -0.2], [-0.2, -0.3], [-0.3, -0.3]]))).mean
    )


def test_a_run_that_diverged_is_counted_and_told(over):
    deltas = [[-0.1, 0.0, -0.1, 0.1, 0.0], [0.1, 0.0, -0.1, 0.0, -20.0], [0.0, 0.1, 0.0, -0.1, 0.1]]
    assert "seed 5 diverged" in slope(cells(over(deltas))).notes[-1]


def test_what_costs_what_gains_and_what_is_open_have_words_of_their_own(over):
    falls = [[-1.0, -1.1, -0.9], [-2.0, -2.1, -1.9], [-3.0, -3.1, -2.9]]

    def words(deltas):
        return slope_text(slope(cells(over(deltas))), MetricWords())

    assert words(falls).startswith(
        "each further 10% removed costs accuracy: −1.00 points, likely −1."
    )
    assert "a straight line fits, no bend is shown" in words(falls)
    rises = [[-d for d in own] for own in falls]
    assert words(rises).startswith("each further 10% removed improves accuracy: +1.00 points")
    open_one = words([[0.3, -0.2, 0.1], [0.0, -0.1, 0.2], [0.2, 0.1, -0.2]])
    assert open_one.startswith("that each further 10% removed changes accuracy is not shown: ")
    cliff = [[0.0, 0.1, -0.1], [0.0, -0.1, 0.1], [-6.0, -6.1, -5.9]]
    assert "it bends, later rows cost more: what 10% do at a rate of 30% differs" in words(cliff)
    assert words(cliff).startswith("on average each further 10% removed")
    late = [[0.6, 0.7, 0.5], [0.6, 0.5, 0.7], [-0.9, -0.8, -1.0]]
    assert words(late).startswith(
        "that on average each further 10% removed changes accuracy is not"
    )


def test_table_and_figure_tell_the_same(over):
    seen_ = study(over([[-0.2, -0.4, -0.3], [-0.6, -0.5, -0.9], [-0.9, -1.5, -1.1]]))
    (row,), (data,) = slope_rows(seen_), by_dataset_data(seen_)
    (one,) = slopes_of(seen_, next(iter(seen_.sources)))
    assert (row["slope"], row["bend_p"], row["is_bent"]) == (one.mean, one.bend_p, one.is_bent)
    told = f" imdb: {slope_text(one, data.words)}."
    assert data.caption.startswith(told) and "of one line alone" in data.caption


def test_bounds_miss_and_bends_are_claimed_in_one_study_of_twenty_at_most():
    """A small part of benchmarks/slopes.py, whose figures docs/verdicts.md has."""
    studies, setting = 120, SETTINGS["straight, 8 seeds, heavy tails"]
    small = replace(setting, world=replace(setting.world, n=300), seeds=5)
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
    assert max(missed(small, studies)) <= most


def test_a_line_that_bends_is_found_out():
    bent = replace(SETTINGS["bent, 5 seeds"], true=(0.0, 0.0, -0.05))
    assert np.mean([seen(bent, number).is_bent for number in range(20)]) > 0.9

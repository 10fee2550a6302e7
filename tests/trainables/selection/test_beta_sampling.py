"""Beta sampling against the source's own draw: as it is at low rates, nested at high ones."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import beta, chi2

from trainables.selection.beta_sampling import keep_beta
from trainables.selection.cuts import n_keep

N = 4000
LABELS = np.zeros(N, dtype=np.int64)


@pytest.fixture(scope="module")
def rows():
    """Scores, lots and losses of four visits, the label's probability being high for most rows."""
    rng = np.random.default_rng(0)
    chances = 1 / (
        1 + np.exp(-(1 + rng.standard_normal((N, 1)) + 0.5 * rng.standard_normal((N, 4))))
    )
    scores = (chances.std(axis=1) * (1 - chances.mean(axis=1))).astype(np.float32)
    return scores, rng.random(N), -np.log(chances).astype(np.float32)


def weights_of(scores, losses, rate, power=4.0):
    """The source's: its density, written out, times the score."""
    mean = np.exp(-losses.astype(np.float64)).mean(axis=1)
    start = mean[np.argsort(scores)[-10:]].mean()
    b = 15 * (1 - start) * (1 - rate**power)
    return beta.pdf(mean, 16 - b, b) * scores, mean


def drawn_one_by_one(weights, count, lots):
    """A draw without replacement: the next row is the one whose exponential clock rings first."""
    left = dict(enumerate(-np.log(lots) / weights))
    kept = []
    for _ in range(count):
        first = min(left, key=left.get)
        kept.append(first)
        del left[first]
    return np.isin(np.arange(len(weights)), kept)


def kept(rows, rate, **settings):
    scores, lots, losses = rows
    return keep_beta(scores, LABELS[: len(scores)], rate, lots, losses, **settings)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_at_low_rates_it_is_the_sources_draw_by_the_same_lots(rows, rate):
    few = tuple(one[:600] for one in rows)
    weights, _ = weights_of(few[0], few[2], rate)
    direct = drawn_one_by_one(weights, n_keep(600, rate), few[1])
    assert (kept(few, rate) == direct).mean() > 0.995


def test_lots_give_the_odds_that_numpy_draws_by():
    """Of four rows two stay: how often each pair does, over many lots, against the exact chances."""
    scores = np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32)
    losses = -np.log(np.array([[0.8], [0.6], [0.5], [0.4]], dtype=np.float32))
    w, _ = weights_of(scores, losses, 0.01)
    w = w / w.sum()
    lots = np.random.default_rng(1).random((1500, 4))
    # At 25 % one row goes in the stages up to there, whose densities differ by less than 0.4 %.
    seen = np.zeros(4)
    for own in lots:
        seen[np.flatnonzero(~keep_beta(scores, LABELS[:4], 0.25, own, losses))] += 1
    orders = np.array(
        [
            sum(
                w[a] * w[b] / (1 - w[a]) * w[c] / (1 - w[a] - w[b])
                for a in range(4)
                for b in range(4)
                for c in range(4)
                if len({a, b, c, gone}) == 4
            )
            for gone in range(4)
        ]
    )
    assert orders.sum() == pytest.approx(1)
    statistic = ((seen - 1500 * orders) ** 2 / (1500 * orders)).sum()
    assert statistic < chi2.isf(0.001, 3)


def test_at_higher_rates_easier_rows_stay(rows):
    _, mean = weights_of(rows[0], rows[2], 0.5)
    levels = [mean[kept(rows, rate)].mean() for rate in (0.7, 0.8, 0.9)]
    assert all(lower < higher for lower, higher in pairwise(levels))


def test_at_90_per_cent_it_lies_between_a_draw_that_never_moves_and_the_sources(rows):
    """What nesting costs: the easy rows that the source would bring back are gone."""
    scores, lots, losses = rows
    far, mean = weights_of(scores, losses, 0.9)
    near, _ = weights_of(scores, losses, 0.5)
    still, source = (
        mean[np.argsort(-np.log(lots) / w)[: n_keep(N, 0.9)]].mean() for w in (near, far)
    )
    assert still < mean[kept(rows, 0.9)].mean() < source


def test_the_top_scored_rows_decide_where_the_density_starts(rows):
    scores, lots, losses = rows
    easy = np.exp(-losses).mean(axis=1).astype(np.float32)
    _, mean = weights_of(scores, losses, 0.5)
    assert mean[kept((easy, lots, losses), 0.3)].mean() > mean[kept(rows, 0.3)].mean() + 0.1


def test_scores_below_zero_count_from_the_lowest_and_where_all_are_alike_the_density_decides(rows):
    scores, lots, losses = rows
    shifted = kept((scores - scores.min() - 1, lots, losses), 0.3)
    assert (shifted == kept((scores - scores.min(), lots, losses), 0.3)).mean() > 0.99
    alike = kept((np.zeros(N, dtype=np.float32), lots, losses), 0.3)
    _, mean = weights_of(scores, losses, 0.3)
    assert mean[alike].std() < mean.std()


def test_a_row_worth_nothing_goes_before_all_others(rows):
    scores, lots, losses = rows
    scores = scores.copy()
    scores[:50] = 0
    assert not kept((scores, lots, losses), 0.1)[:50].any()


def test_a_row_that_was_never_visited_and_a_power_of_zero_are_refused(rows):
    scores, lots, losses = rows
    with pytest.raises(ValueError, match="power is 0; it must be above 0"):
        kept(rows, 0.3, power=0.0)
    with pytest.raises(ValueError, match="fewer than 1 visits"):
        kept((scores, lots, np.full_like(losses, np.nan)), 0.3)

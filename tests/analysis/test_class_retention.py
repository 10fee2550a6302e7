import math

import numpy as np
import pytest

from analysis.class_retention import null_se_pp, retention, retention_bias_pp
from analysis.envelope import cells


def test_the_bias_is_the_kept_share_of_a_class_minus_that_of_all():
    assert retention_bias_pp((400, 600), (340, 560)) == pytest.approx((-5.0, 10 / 3))


def test_a_cut_in_proportion_has_no_bias():
    assert retention_bias_pp((400, 600), (360, 540)) == pytest.approx((0.0, 0.0))


def test_a_class_without_samples_has_no_bias():
    assert retention_bias_pp((0, 600), (0, 540))[0] == 0


@pytest.mark.parametrize("kept", [(401, 0), (1, 2, 3)])
def test_counts_that_cannot_be_are_refused(kept):
    with pytest.raises(ValueError, match="a class keeps at most what it has"):
        retention_bias_pp((400, 600), kept)


@pytest.mark.parametrize(("count", "n", "expected"), [(400, 8000, 1.46), (900, 20000, 0.98)])
def test_random_pruning_varies_by_the_hypergeometric_error(count, n, expected):
    assert null_se_pp((count, n - count), 0.1)[0] == pytest.approx(expected, abs=5e-3)


def test_random_draws_vary_as_the_formula_says():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], (100, 300))
    drawn = [labels[rng.permutation(400)[:320]] for _ in range(4000)]
    bias = [retention_bias_pp((100, 300), np.bincount(kept))[0] for kept in drawn]
    assert np.std(bias) == pytest.approx(null_se_pp((100, 300), 0.2)[0], rel=0.04)


def test_a_cell_has_the_mean_bias_of_its_seeds(paired, result, pruned):
    rows = [result(pruned(seed).baseline, 0.9) for seed in (1, 2)]
    rows += [result(pruned(1), 0.9, kept_counts=(340, 560))]
    rows += [result(pruned(2), 0.9, kept_counts=(350, 550))]
    found = retention(cells(rows)[0])
    assert found.bias_pp == pytest.approx((-3.75, 2.5))
    assert found.class_names[found.worst] == "negative"


def test_recall_is_compared_with_the_baseline_of_the_seed(result, pruned):
    rows = [
        result(pruned().baseline, 0.9, recall=(0.9, math.nan)),
        result(pruned(), 0.9, recall=(0.88, math.nan)),
    ]
    found = retention(cells(rows)[0]).recall_delta_pp
    assert found[0] == pytest.approx(-2.0) and math.isnan(found[1])


def test_rows_that_do_not_say_what_was_kept_have_no_retention(result, pruned):
    rows = [result(pruned().baseline, 0.9), result(pruned(), 0.9, kept_counts=())]
    assert retention(cells(rows)[0]) is None


def by_class(result, spec, right, counts=(4000, 6000)):
    """A trial that is right on the first `right` samples of each class."""
    bits = np.concatenate([np.arange(n) < r for n, r in zip(counts, right, strict=True)])
    recall = tuple(r / n if n else math.nan for n, r in zip(counts, right, strict=True))
    return result(
        spec, float(bits.mean()), sum(counts), correct=np.packbits(bits).tobytes(),
        test_counts=counts, recall=recall,
    )  # fmt: skip


def test_each_class_has_bounds_by_its_own_samples_and_seeds(result, pruned):
    rows = []
    for seed, lost in ((1, 80), (2, 120), (3, 100)):
        rows.append(by_class(result, pruned(seed).baseline, (3600, 5400)))
        rows.append(by_class(result, pruned(seed), (3600 - lost, 5400)))
    found = retention(cells(rows)[0])
    assert found.recall_delta_pp == pytest.approx((-2.5, 0.0))
    changed = [
        np.where((np.arange(4000) >= 3600 - n) & (np.arange(4000) < 3600), -1, 0)
        for n in (80, 120, 100)
    ]
    v_test = np.mean(changed, axis=0).var() / 4000 * 1e4
    half = math.sqrt((2.920 * 0.5 / math.sqrt(3)) ** 2 + 1.6449**2 * v_test)
    assert found.recall_low_pp[0] == pytest.approx(-2.5 - half, abs=2e-3)
    assert found.recall_high_pp[0] == pytest.approx(-2.5 + half, abs=2e-3)
    assert (found.recall_low_pp[1], found.recall_high_pp[1]) == (0.0, 0.0)
    assert found.worst_recall == 0


def test_one_seed_and_a_class_the_test_set_lacks_have_no_bounds(result, pruned):
    rows = []
    for seed in (1, 2):
        rows.append(by_class(result, pruned(seed).baseline, (3600, 0), (4000, 0)))
        rows.append(by_class(result, pruned(seed), (3500, 0), (4000, 0)))
    found = retention(cells(rows)[0])
    assert np.isfinite(found.recall_low_pp).tolist() == [True, False]
    one = retention(cells(rows[:2])[0])
    assert not np.isfinite(one.recall_low_pp).any()

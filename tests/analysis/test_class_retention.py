import math

import numpy as np
import pytest

from analysis.class_retention import (
    hurt_most,
    null_se_pp,
    retention,
    retention_bias_pp,
    worst_class,
)
from analysis.envelope import cells
from analysis.intervals import bounds, parts


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
    # Of the 4,000 of the first class, the last right ones are lost: 80, 120 and 100 of them.
    place = np.arange(4000)[:, None]
    own = np.where((place < 3600) & (place >= 3600 - np.array([80, 120, 100])), -1, 0)
    low, high = bounds(parts(own))
    assert (found.recall_low_pp[0], found.recall_high_pp[0]) == pytest.approx(
        (100 * low, 100 * high)
    )
    # Of the 6,000 of the second none differs, which up to -ln(0.05) differing ones may hide.
    hidden = -100 * math.log(0.05) / 6000
    assert (found.recall_low_pp[1], found.recall_high_pp[1]) == pytest.approx((-hidden, hidden))
    assert found.worst_recall == 0


def test_the_bounds_of_a_class_do_not_depend_on_the_other_classes(result, pruned):
    rows = {
        other: [
            by_class(result, spec, (3600 - lost, right))
            for seed, noise in ((1, 0), (2, 20), (3, 10))
            for spec, lost, right in (
                (pruned(seed).baseline, 0, 5400),
                (pruned(seed), noise, 5400 + other * noise),
            )
        ]
        for other in (0, -25, 25)
    }
    one, two, three = (retention(cells(r)[0]) for r in rows.values())
    for found in (two, three):
        assert found.recall_low_pp[0] == one.recall_low_pp[0]
        assert found.recall_high_pp[0] == one.recall_high_pp[0]


def test_a_stricter_level_widens_the_bounds(result, pruned):
    rows = []
    for seed, lost in ((1, 80), (2, 120), (3, 100)):
        rows.append(by_class(result, pruned(seed).baseline, (3600, 5400)))
        rows.append(by_class(result, pruned(seed), (3600 - lost, 5400)))
    (cell,) = cells(rows)
    usual, strict = retention(cell), retention(cell, alpha=0.01)
    assert (strict.recall_low_pp < usual.recall_low_pp).all()
    assert (strict.recall_high_pp > usual.recall_high_pp).all()


def test_a_class_of_one_test_sample_has_a_change_and_no_bounds(result, pruned):
    rows = []
    for seed in (1, 2, 3):
        rows.append(by_class(result, pruned(seed).baseline, (1, 5400), (1, 6000)))
        rows.append(by_class(result, pruned(seed), (0, 5400), (1, 6000)))
    found = retention(cells(rows)[0])
    assert found.recall_delta_pp[0] == -100
    assert np.isnan(found.recall_low_pp[0]) and np.isnan(found.recall_high_pp[0])
    assert np.isfinite(found.recall_low_pp[1])


def test_one_seed_and_a_class_the_test_set_lacks_have_no_bounds(result, pruned):
    rows = []
    for seed in (1, 2):
        rows.append(by_class(result, pruned(seed).baseline, (3600, 0), (4000, 0)))
        rows.append(by_class(result, pruned(seed), (3500, 0), (4000, 0)))
    found = retention(cells(rows)[0])
    assert np.isfinite(found.recall_low_pp).tolist() == [True, False]
    one = retention(cells(rows[:2])[0])
    assert not np.isfinite(one.recall_low_pp).any()


def test_the_worst_class_is_told_with_its_counts_and_bounds(result, pruned):
    rows = []
    for seed, lost in ((1, 80), (2, 120), (3, 100)):
        rows.append(by_class(result, pruned(seed).baseline, (3600, 5400)))
        rows.append(by_class(result, pruned(seed), (3600 - lost, 5400)))
    (cell,) = cells(rows)
    found, own = worst_class(cell, alpha=0.01), retention(cell, alpha=0.01)
    assert (found.name, found.n_test, found.kept, found.count) == ("negative", 4000, 360, 400)
    assert found.recall_delta_pp == pytest.approx(-2.5)
    assert (found.low, found.high) == (own.recall_low_pp[0], own.recall_high_pp[0])
    # Picked among two: each has half of the error, and of that the choice of test rows its share.
    picked = hurt_most(cell, alpha=0.02, item_share=0.25)
    own = retention(cell, alpha=0.01, item_share=0.25)
    assert (picked.low, picked.high) == (own.recall_low_pp[0], own.recall_high_pp[0])
    assert picked.name == "negative" and picked.low < worst_class(cell, alpha=0.02).low


@pytest.mark.parametrize(("n", "name"), [(19, "positive"), (20, "negative")])
def test_a_class_of_too_few_test_samples_is_not_called_the_worst(result, pruned, n, name):
    rows = []
    for seed in (1, 2, 3):
        rows.append(by_class(result, pruned(seed).baseline, (n, 5400), (n, 6000)))
        rows.append(by_class(result, pruned(seed), (0, 5390), (n, 6000)))
    assert worst_class(cells(rows)[0]).name == name


def test_without_counts_of_the_test_set_no_class_is_the_worst(paired):
    assert worst_class(cells(paired([-1.0, -2.0, -1.0]))[0]) is None


def test_the_worst_class_of_one_seed_has_no_bounds(result, pruned):
    rows = [
        by_class(result, pruned().baseline, (3600, 5400)),
        by_class(result, pruned(), (3500, 5400)),
    ]
    found = worst_class(cells(rows)[0])
    assert (found.name, found.low, found.high) == ("negative", None, None)

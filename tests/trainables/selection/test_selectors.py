from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.evidence.requirements import parameters
from trainables.selection.cuts import n_keep
from trainables.selection.selectors import SELECTORS, fill

RATES = (0.0, 0.05, 0.1, 0.29, 0.3, 0.5, 0.9, 0.99)
# Settings beside the defaults under which the contract must hold as well.
VARIANTS = {
    "coverage": [{"bins": 3, "cutoff": 0.2}, {"bins": 7}],
    "floor": [{"share": 0.0}, {"share": 0.9}, {"share": 1.0}],
    "window": [{"top": 0.0}, {"top": 0.3}, {"top": 1.0}],
}
# Those that do not keep the best-scored of each class: they cut elsewhere than at one end.
NOT_ONE_END = {"coverage", "window"}


def cutting(name, options):
    """The selector as the trial calls it, with what evidence it asks for."""
    cut = SELECTORS[name].cut

    def select(scores, labels, rate, ties):
        given = {"labels": labels, "class_recall": RECALL[: labels.max() + 1]}
        evidence = {needed: given[needed] for needed in parameters(cut)[0]}
        return cut(scores=scores, rate=rate, ties=ties, **{"labels": labels} | evidence, **options)

    select.name = name
    return select


RECALL = np.array([0.9, 0.5, np.nan, 1.0, 0.0, 0.7, 0.99, 0.2])
CUTS = {
    " ".join([name, *(f"{k}={v}" for k, v in options.items())]): cutting(name, options)
    for name in SELECTORS
    for options in [{}, *VARIANTS.get(name, [])]
}
every_selector = pytest.mark.parametrize("select", CUTS.values(), ids=CUTS)
ONE_END = {key: select for key, select in CUTS.items() if select.name not in NOT_ONE_END}
sizes = st.lists(st.integers(1, 60), min_size=1, max_size=8)


def made(sizes, seed=0, *, tied=False):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int64)
    n = len(labels)
    scores = (rng.integers(0, 3, n) if tied else rng.random(n)).astype(np.float32)
    return scores, labels, rng.random(n)


@pytest.mark.parametrize(
    ("n", "rate", "kept"),
    [(100, 0.29, 71), (10, 0.3, 7), (411, 0.1, 370), (3, 0.1, 3), (7, 0.0, 7)],
)
def test_what_stays_is_rounded_up_from_the_exact_product(n, rate, kept):
    assert n_keep(n, rate) == kept


@every_selector
@settings(deadline=None, max_examples=60)
@given(sizes=sizes, seed=st.integers(0, 99), rate=st.sampled_from(RATES), tied=st.booleans())
def test_every_selector_keeps_exactly_as_many_as_asked(select, sizes, seed, rate, tied):
    scores, labels, ties = made(sizes, seed, tied=tied)
    assert select(scores, labels, rate, ties).sum() == n_keep(len(labels), rate)


@every_selector
@settings(deadline=None, max_examples=40)
@given(sizes=sizes, seed=st.integers(0, 99), rate=st.sampled_from(RATES), tied=st.booleans())
def test_no_selector_looks_at_the_order_of_rows(select, sizes, seed, rate, tied):
    scores, labels, ties = made(sizes, seed, tied=tied)
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = select(scores[order], labels[order], rate, ties[order])
    assert (shuffled == select(scores, labels, rate, ties)[order]).all()


@every_selector
@settings(deadline=None, max_examples=25)
@given(
    sizes=st.one_of(sizes, st.sampled_from([[1], [1, 2, 3], [40, 10], [70, 5]])),
    seed=st.integers(0, 99),
    tied=st.booleans(),
)
def test_every_selector_keeps_less_of_the_same_at_a_higher_rate(select, sizes, seed, tied):
    scores, labels, ties = made(sizes, seed, tied=tied)
    n = len(labels)
    # Every number of rows that can be left, of larger sets every second or third and so on.
    kept = [select(scores, labels, gone / n, ties) for gone in range(0, n, 1 + n // 60)]
    assert all((more | less == more).all() for more, less in pairwise(kept))


@pytest.mark.parametrize("select", ONE_END.values(), ids=ONE_END)
def test_within_a_class_no_selector_of_one_end_keeps_a_row_and_drops_a_better_one(select):
    scores, labels, ties = made([400, 100, 7])
    keep = select(scores, labels, 0.3, ties)
    for label in range(3):
        mine = labels == label
        gone = scores[mine & ~keep]
        assert not len(gone) or scores[mine & keep].min() > gone.max()


@every_selector
def test_equal_scores_are_cut_by_the_ties_and_not_by_place(select):
    labels = np.repeat([0, 1], 500).astype(np.int64)
    ties = np.random.default_rng(1).random(1000)
    keep = select(np.zeros(1000, dtype=np.float32), labels, 0.5, ties)
    flipped = select(np.zeros(1000, dtype=np.float32), labels, 0.5, ties[::-1])
    assert keep.sum() == flipped.sum() == 500
    assert 0.2 < (keep != flipped).mean() < 0.8


def test_the_global_selector_keeps_the_best_whatever_the_class():
    scores = np.array([0.1, 0.9, 0.2, 0.8], dtype=np.float32)
    keep = SELECTORS["global"].cut(scores, np.array([0, 1, 0, 1]), 0.5, np.arange(4.0))
    assert keep.tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("sizes", "rate", "quotas"),
    [
        ((4000, 2000, 1000), 0.1, (3600, 1800, 900)),
        ((1400, 100), 0.3, (980, 70)),
        ((400, 1, 3, 7), 0.1, (360, 1, 3, 6)),
    ],
)
def test_each_class_keeps_its_own_quota_and_not_the_last_ones(sizes, rate, quotas):
    scores, labels, ties = made(sizes)
    keep = SELECTORS["stratified"].cut(scores, labels, rate, ties)
    assert np.bincount(labels[keep], minlength=len(sizes)).tolist() == list(quotas)


@settings(deadline=None, max_examples=300)
@given(sizes=sizes, rate=st.floats(0, 0.99).map(lambda r: round(r, 3)))
def test_stratified_is_near_every_classes_exact_share(sizes, rate):
    scores, labels, ties = made(sizes)
    keep = SELECTORS["stratified"].cut(scores, labels, rate, ties)
    exact = np.array(sizes) * keep.mean()
    # Half a row by rounding its own share, and its part of half a row for each class by the others'.
    near = 1 / 2 + len(sizes) / 2 * np.array(sizes) / len(labels)
    kept = np.bincount(labels[keep], minlength=len(sizes))
    assert (np.abs(kept - exact) <= near + 1e-9).all()


def test_many_small_classes_can_cost_a_large_one_more_than_a_row():
    scores, labels, ties = made([1, 1, 1, 8])
    keep = SELECTORS["stratified"].cut(scores, labels, 0.375, ties)
    assert np.bincount(labels[keep]).tolist() == [1, 1, 1, 4]  # of 8, 5.09 would be exact


def test_largest_remainders_would_not_nest_and_so_are_not_what_stratified_uses():
    sizes = np.array([6, 6, 2])

    def by_largest_remainders(seats):
        exact = sizes * seats / sizes.sum()
        quotas = np.floor(exact).astype(int)
        quotas[np.argsort(-(exact - quotas), kind="stable")[: seats - quotas.sum()]] += 1
        return quotas

    # The Alabama paradox: one row more in all, one row fewer for the small class.
    assert by_largest_remainders(10)[2] == 2
    assert by_largest_remainders(11)[2] == 1


def test_bins_are_filled_from_the_smallest_on_as_coverage_selection_has_it():
    assert fill(np.array([100, 5, 0, 50]), 60).tolist() == [28, 5, 0, 27]


@settings(deadline=None, max_examples=200)
@given(sizes=sizes)
def test_one_row_more_takes_a_place_from_no_bin(sizes):
    quotas = [fill(np.array(sizes), budget) for budget in range(sum(sizes) + 1)]
    assert all((less <= more).all() for less, more in pairwise(quotas))
    assert [int(q.sum()) for q in quotas] == list(range(sum(sizes) + 1))


def test_coverage_drops_the_cutoff_from_the_top_first():
    scores, labels, ties = made([1000])
    keep = SELECTORS["coverage"].cut(scores, labels, 0.5, ties, cutoff=0.2)
    assert scores[keep].max() <= np.sort(scores)[799]


def test_coverage_below_its_cutoff_takes_the_highest_only():
    scores, labels, ties = made([1000])
    keep = SELECTORS["coverage"].cut(scores, labels, 0.1, ties, cutoff=0.2)
    assert scores[keep].max() < scores[~keep].min()


def test_coverage_keeps_equal_numbers_over_the_range_of_scores():
    # 50, 30, 20 and 10 rows at four scores, each in a bin of its own.
    scores = np.repeat([0, 1, 2, 3], [50, 30, 20, 10]).astype(np.float32)
    ties = np.random.default_rng(0).random(110)
    keep = SELECTORS["coverage"].cut(scores, np.zeros(110, int), 0.5, ties, bins=4)
    assert np.bincount(scores[keep].astype(int)).tolist() == [15, 15, 15, 10]


def test_coverage_draws_within_a_bin_whatever_the_scores_there():
    scores, labels, ties = made([1000])
    keep = SELECTORS["coverage"].cut(scores, labels, 0.5, ties, bins=1)
    assert (keep == SELECTORS["global"].cut(ties.astype(np.float32), labels, 0.5, ties)).all()


@pytest.mark.parametrize(
    ("name", "options", "like"),
    [
        ("floor", {"share": 0.0}, "global"),
        ("floor", {"share": 1.0}, "stratified"),
        ("class_error", {"class_recall": np.full(3, np.nan)}, "stratified"),
        ("window", {"top": 0.0}, "global"),
    ],
)
def test_at_the_end_of_its_range_a_selector_is_a_simpler_one(name, options, like):
    scores, labels, ties = made([100, 30, 7])
    keep = SELECTORS[name].cut(scores, labels, 0.37, ties, **options)
    assert (keep == SELECTORS[like].cut(scores, labels, 0.37, ties)).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_floor_leaves_each_class_half_of_its_proportional_quota(rate):
    labels = np.repeat([0, 1, 2], [1000, 250, 70]).astype(np.int64)
    scores = np.linspace(1, 0, 1320, dtype=np.float32)  # the last class is worth least
    ties = np.random.default_rng(0).random(1320)
    quotas = np.bincount(labels[SELECTORS["stratified"].cut(scores, labels, rate, ties)])
    kept = np.bincount(labels[SELECTORS["floor"].cut(scores, labels, rate, ties)], minlength=3)
    assert (kept >= quotas / 2).all()
    assert kept[2] == np.ceil(quotas[2] / 2)


@pytest.mark.parametrize(
    ("sizes", "rate", "recall", "kept"),
    [
        ([500, 500, 500], 0.6, [0.9, 0.6, 0.8], [86, 343, 171]),
        ([500, 100, 500], 0.5, [0.8, 0.1, 0.8], [225, 100, 225]),  # what one cannot take, others do
        ([1000, 1000], 0.5, [1.0, 0.81], [50, 950]),  # without error, and yet not gone
        ([100, 100, 100], 0.5, [0.5, np.nan, 0.9], [83, 50, 17]),  # unknown, so as the mean
    ],
)
def test_class_error_shares_out_by_size_and_error(sizes, rate, recall, kept):
    scores, labels, ties = made(sizes)
    keep = SELECTORS["class_error"].cut(scores, labels, rate, ties, np.array(recall))
    assert np.bincount(labels[keep]).tolist() == kept


def as_the_source_has_it(sizes, recall, density):
    """Algorithm 1 of DRoP: densities in proportion to error, the excess handed on."""
    densities, free = np.zeros(len(sizes)), np.ones(len(sizes), dtype=bool)
    excess = density * sizes.sum()
    while excess > 1e-9:
        share = excess * (1 - recall) / (sizes * (1 - recall))[free].sum()
        densities[free] += share[free]
        excess = (sizes * np.maximum(densities - 1, 0)).sum()
        free &= densities < 1
        densities = np.minimum(densities, 1)
    return sizes * densities


@settings(deadline=None, max_examples=200)
@given(
    classes=st.lists(st.tuples(st.integers(1, 60), st.floats(0, 0.98)), min_size=1, max_size=5),
    rate=st.floats(0.01, 0.99).map(lambda r: round(r, 3)),
)
def test_class_error_is_within_a_row_a_class_of_the_sources_algorithm(classes, rate):
    sizes, recall = (np.array(column) for column in zip(*classes, strict=True))
    scores, labels, ties = made(sizes)
    keep = SELECTORS["class_error"].cut(scores, labels, rate, ties, recall)
    exact = as_the_source_has_it(sizes, recall, keep.mean())
    kept = np.bincount(labels[keep], minlength=len(sizes))
    assert (np.abs(kept - exact) < len(sizes)).all()


@pytest.mark.parametrize(
    ("recall", "message"),
    [([0.5], "holds 1 classes but labels go up to 1"), ([0.5, 1.2], r"\[0.5, 1.2\]; it must lie")],
)
def test_recall_that_is_none_is_refused(recall, message):
    scores, labels, ties = made([10, 10])
    with pytest.raises(ValueError, match=message):
        SELECTORS["class_error"].cut(scores, labels, 0.5, ties, np.array(recall))


@pytest.mark.parametrize(("top", "kept"), [(0, [4, 9]), (0.25, [3, 8]), (0.5, [2, 7]), (1, [0, 5])])
def test_the_window_takes_one_tail_or_both(top, kept):
    scores = np.arange(10, dtype=np.float32)
    keep = SELECTORS["window"].cut(scores, np.zeros(10, int), 0.4, np.arange(10.0), top=top)
    assert np.flatnonzero(keep)[[0, -1]].tolist() == kept


@pytest.mark.parametrize("name", SELECTORS)
def test_every_selector_says_what_it_does(name):
    assert SELECTORS[name].about.endswith(".")
    assert SELECTORS[name].source or name == "global"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("floor", {"share": 1.5}, "share is 1.5"),
        ("coverage", {"bins": 0}, "bins is 0"),
        ("coverage", {"cutoff": 1.0}, "cutoff is 1"),
        ("window", {"top": -0.1}, "top is -0.1"),
    ],
)
def test_a_setting_out_of_range_is_refused(name, options, message):
    scores, labels, ties = made([20])
    with pytest.raises(ValueError, match=message):
        SELECTORS[name].cut(scores, labels, 0.5, ties, **options)

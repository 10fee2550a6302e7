from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.selectors import SELECTORS, n_keep

RATES = (0.0, 0.05, 0.1, 0.29, 0.3, 0.5, 0.9, 0.99)
every_selector = pytest.mark.parametrize("select", SELECTORS.values(), ids=SELECTORS)
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
@settings(deadline=None, max_examples=60)
@given(sizes=sizes, seed=st.integers(0, 99), tied=st.booleans())
def test_every_selector_keeps_less_of_the_same_at_a_higher_rate(select, sizes, seed, tied):
    scores, labels, ties = made(sizes, seed, tied=tied)
    kept = [select(scores, labels, rate, ties) for rate in RATES]
    assert all((more | less == more).all() for more, less in pairwise(kept))


@every_selector
@settings(deadline=None, max_examples=40)
@given(sizes=sizes, seed=st.integers(0, 99), rate=st.sampled_from(RATES), tied=st.booleans())
def test_no_selector_looks_at_the_order_of_rows(select, sizes, seed, rate, tied):
    scores, labels, ties = made(sizes, seed, tied=tied)
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = select(scores[order], labels[order], rate, ties[order])
    assert (shuffled == select(scores, labels, rate, ties)[order]).all()


@every_selector
def test_within_a_class_no_selector_keeps_a_row_and_drops_a_better_one(select):
    scores, labels, ties = made([400, 100, 7])
    keep = select(scores, labels, 0.3, ties)
    for label in range(3):
        mine = labels == label
        assert scores[mine & keep].min() > scores[mine & ~keep].max()


@every_selector
def test_equal_scores_are_cut_by_the_ties_and_not_by_place(select):
    labels = np.repeat([0, 1], 500).astype(np.int64)
    ties = np.random.default_rng(1).random(1000)
    keep = select(np.zeros(1000, dtype=np.float32), labels, 0.5, ties)
    assert keep[:500].sum() == pytest.approx(250, abs=40)
    assert ties[keep & (labels == 0)].min() > ties[~keep & (labels == 0)].max()


def test_the_global_selector_keeps_the_best_whatever_the_class():
    scores = np.array([0.1, 0.9, 0.2, 0.8], dtype=np.float32)
    keep = SELECTORS["global"](scores, np.array([0, 1, 0, 1]), 0.5, np.arange(4.0))
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
    keep = SELECTORS["stratified"](scores, labels, rate, ties)
    assert np.bincount(labels[keep], minlength=len(sizes)).tolist() == list(quotas)


@settings(deadline=None, max_examples=300)
@given(sizes=sizes, rate=st.floats(0, 0.99).map(lambda r: round(r, 3)))
def test_stratified_is_within_one_row_of_every_classes_exact_share(sizes, rate):
    scores, labels, ties = made(sizes)
    keep = SELECTORS["stratified"](scores, labels, rate, ties)
    share = np.array(sizes) * keep.sum() / len(labels)
    assert (np.abs(np.bincount(labels[keep], minlength=len(sizes)) - share) <= 1).all()


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

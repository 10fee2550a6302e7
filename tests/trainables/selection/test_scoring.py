import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainables.neighbours.exact import Neighbours
from trainables.selection.contracts import recall_warnings
from trainables.selection.scoring import join_scores
from trainables.signals.redundancy import keep_one
from trainables.spec import TrialSpec

SPEC = TrialSpec(
    dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1, warmup=0.15,
    signal="keep_one", settings=(("probes", 4),), selector="global", rate=0.1,
)  # fmt: skip


@pytest.mark.parametrize("recall", [None, 1.0, 0.99])
def test_neighbours_that_are_nearly_all_the_true_ones_need_no_warning(recall):
    assert recall_warnings(SPEC, recall) == ()


def test_neighbours_that_miss_true_ones_are_warned_of_with_what_to_do():
    (warning,) = recall_warnings(SPEC, 0.9899)
    assert "keep_one" in warning
    assert "the 4 nearest clusters alone and found 98.9% of the true ones; raise probes" in warning


def slow_join(scores):
    """The mean rank of each row, and the k-th mean score for the k-th of them, one by one."""
    seeds, n = scores.shape

    def rank(values, i):
        below = sum(other < values[i] for other in values)
        return below + (sum(other == values[i] for other in values) + 1) / 2

    means = [sum(rank(row, i) for row in scores) / seeds for i in range(n)]
    spread = [sum(sorted(row)[k] for row in scores.tolist()) / seeds for k in range(n)]
    places = [rank(means, i) - 1 for i in range(n)]
    low = [int(place) for place in places]
    return [
        spread[k] + (place - k) * (spread[min(k + 1, n - 1)] - spread[k])
        for k, place in zip(low, places, strict=True)
    ]


small_scores = arrays(np.float32, (3, 7), elements=st.sampled_from([-1.0, 0.0, 0.25, 2.0, 3.5]))


@given(small_scores)
def test_joined_scores_are_what_a_slow_count_of_ranks_gives(scores):
    assert join_scores(scores, is_set=False) == pytest.approx(slow_join(scores), abs=1e-5)


@given(small_scores)
def test_of_one_seed_the_joined_scores_are_its_own(scores):
    assert join_scores(scores[:1], is_set=False) == pytest.approx(scores[0])
    assert (join_scores(scores[:1], is_set=True) == scores[0]).all()


@given(small_scores, st.permutations(range(3)))
def test_the_order_of_seeds_changes_no_mean(scores, order):
    first, again = join_scores(scores, is_set=False), join_scores(scores[order], is_set=False)
    assert (np.argsort(first, kind="stable") == np.argsort(again, kind="stable")).all()


def twins(pairs, lone, seeds):
    """Scores of keep_one where the first rows are pairs of copies, by seeds that draw differently."""
    n = 2 * pairs + lone
    rows = np.arange(n, dtype=np.int32)[:, None]
    other = np.where(rows < 2 * pairs, rows ^ 1, (rows - 2 * pairs + 1) % lone + 2 * pairs)
    similarity = np.where(rows < 2 * pairs, 1.0, 0.1).astype(np.float32)
    near = Neighbours(rows=other.astype(np.int32), similarity=similarity)
    draws = [np.random.default_rng(seed).random(n) for seed in range(seeds)]
    return np.stack([keep_one(near, one, k=1) for one in draws])


def whole_pairs_gone(scores, pairs):
    gone = np.zeros(len(scores), dtype=bool)
    gone[np.argsort(scores, kind="stable")[:pairs]] = True
    by_pair = gone[: 2 * pairs].reshape(pairs, 2).sum(axis=1)
    return int((by_pair == 2).sum()), int((by_pair == 1).sum())


def test_of_copies_a_joined_list_lets_one_go_where_a_mean_of_ranks_would_not():
    scores = twins(pairs=40, lone=40, seeds=5)
    assert whole_pairs_gone(join_scores(scores, is_set=True), 40) == (0, 40)
    # The control: each seed lets another twin go, so their mean ranks say little of either.
    assert whole_pairs_gone(join_scores(scores, is_set=False), 40)[1] < 36

import inspect

import numpy as np
import pytest

from trainables.data.dataset import uniform_draws
from trainables.neighbours.exact import Neighbours, class_neighbours, neighbours
from trainables.selection.contracts import check_scores
from trainables.signals import SIGNALS
from trainables.signals.redundancy import keep_one, redundancy

every_signal = pytest.mark.parametrize("name", SIGNALS)


@every_signal
def test_every_signal_says_what_it_is_and_where_it_is_from(name):
    row = SIGNALS[name]
    assert row.about
    assert row.source
    assert row.cost
    assert "higher" in inspect.getdoc(row.score)


@every_signal
def test_every_signal_that_names_labels_says_that_it_needs_them(name):
    if "labels" in SIGNALS[name].needs:
        assert SIGNALS[name].needs_labels


def test_every_signal_says_how_labels_reach_it():
    found = {}
    for name, row in SIGNALS.items():
        found.setdefault(row.labels_by, set()).add(name)
    assert found["no"] == {"random", "tfidf", "length"}
    assert found["not known"] == {"given"}
    assert found["through embeddings"] >= {
        "redundancy",
        "keep_one",
        "semdedup",
        "d4",
        "ssl_prototypes",
    }
    assert found["through predictions"] >= {"entropy", "margin", "stability_under_dropout"}
    assert all((row.labels_by == "yes") == row.needs_labels for row in SIGNALS.values())
    assert {name for name, row in SIGNALS.items() if row.is_held_out} == {
        "label_quality",
        "mem_head",
    }


def planted(copies=200, singles=1000, noise=1e-3):
    """Unit-like vectors and near-copies of the first of them; a pair is (i, singles + i)."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((singles, 64)).astype(np.float32)
    twins = vectors[:copies] + noise * rng.standard_normal((copies, 64)).astype(np.float32)
    return np.concatenate([vectors, twins])


def pairs_lost(scores, count, copies=200, singles=1000):
    gone = np.zeros(len(scores), dtype=bool)
    gone[np.argsort(scores, kind="stable")[:count]] = True
    return int((gone[:copies] & gone[singles : singles + copies]).sum())


@pytest.mark.parametrize("count", [200, 240, 600])
def test_keep_one_never_takes_both_of_a_planted_pair(count):
    found = neighbours(planted())
    scores = keep_one(found, uniform_draws(np.arange(1200), 0, "dice"))
    assert pairs_lost(scores, count) == 0


def test_plain_redundancy_takes_both_of_more_than_a_hundred_planted_pairs():
    assert pairs_lost(redundancy(neighbours(planted())), 240) > 100


def test_keep_one_takes_exactly_one_of_each_planted_pair_first():
    scores = keep_one(neighbours(planted()), uniform_draws(np.arange(1200), 0, "dice"))
    gone = set(np.argsort(scores)[:200].tolist())
    assert all((i in gone) != (1000 + i in gone) for i in range(200))


def test_of_a_group_of_copies_one_survives_until_only_representatives_are_left():
    rng = np.random.default_rng(2)
    singles = rng.standard_normal((30, 32)).astype(np.float32)
    group = np.repeat(rng.standard_normal((1, 32)).astype(np.float32), 6, axis=0)
    scores = keep_one(
        neighbours(np.concatenate([singles, group]), k=8), uniform_draws(np.arange(36), 0, "d")
    )
    assert (np.argsort(scores)[:5] >= 30).all()
    assert np.argsort(scores)[5] < 30


def test_of_three_in_a_chain_the_middle_one_goes_for_both():
    angles = np.array([0.0, 0.1, 0.2])
    chain = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert np.argsort(keep_one(neighbours(chain, k=2), np.array([0.1, 0.2, 0.3])))[0] == 1


def test_keep_one_scores_are_an_order_without_ties():
    scores = keep_one(neighbours(planted()), uniform_draws(np.arange(1200), 0, "dice"))
    assert len(np.unique(scores)) == 1200
    assert scores.min() == 0
    assert scores.max() < 1


def test_redundancy_is_minus_the_mean_similarity_of_the_k_nearest():
    similarity = np.array([[0.9, 0.5, 0.1]], dtype=np.float32)
    found = Neighbours(rows=np.array([[1, 2, 3]], dtype=np.int32), similarity=similarity)
    assert redundancy(found, k=2).tolist() == pytest.approx([-0.7])


def test_the_only_row_of_a_class_is_the_last_to_go_for_redundancy_within_class():
    embeddings = np.random.default_rng(0).standard_normal((20, 8)).astype(np.float32)
    labels = np.array([0] * 19 + [1])
    scores = SIGNALS["redundancy_within_class"].score(class_neighbours(embeddings, labels))
    assert scores.argmax() == 19


def test_el2n_is_the_length_of_the_error_between_zero_and_root_two():
    probs = np.array([[1, 0], [0, 1], [0.5, 0.5]], dtype=np.float32)
    scores = SIGNALS["el2n"].score(probs, np.array([0, 0, 0]))
    assert scores.tolist() == pytest.approx([0, 2**0.5, 0.5**0.5])


def test_el2n_refuses_probabilities_of_another_split():
    with pytest.raises(ValueError, match="probs holds 3 samples but labels holds 2"):
        SIGNALS["el2n"].score(np.ones((3, 2), dtype=np.float32) / 2, np.array([0, 1]))


def test_random_scores_differ_by_seed_and_not_by_what_was_drawn_before():
    np.random.seed(1)  # noqa: NPY002 - the very thing that must not matter
    one = uniform_draws(np.arange(50), 1, "dice")
    np.random.random(100)  # noqa: NPY002
    assert (uniform_draws(np.arange(50), 1, "dice") == one).all()
    assert (uniform_draws(np.arange(50), 2, "dice") != one).all()
    assert (uniform_draws(np.arange(50), 1, "ties") != one).all()


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.zeros(3), "float64"),
        (np.zeros(2, dtype=np.float32), r"shape \(2,\)"),
        (np.array([0, np.nan, 1], dtype=np.float32), r"rows 1"),
        (np.array([0, 0, np.inf], dtype=np.float32), r"rows 2"),
    ],
)
def test_scores_that_order_not_every_row_are_refused(scores, message):
    with pytest.raises(ValueError, match=message):
        check_scores(scores, 3, "mine")

"""InfoMax against a literal loop, the best that any rows could be, and the source's relaxation."""

from itertools import combinations

import numpy as np
import pytest

from trainables.errors import UsageError
from trainables.neighbours.exact import Neighbours, neighbours
from trainables.signals.informativeness import IMPORTANCE, infomax


def made(n=120, d=6, c=3, copies=0, k=5, seed=0):
    """Neighbours, probabilities, labels and draws; the last rows are copies of the first."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, d)).astype(np.float32)
    probs = rng.dirichlet(np.ones(c), n).astype(np.float32)
    labels, draws = rng.integers(0, c, n), rng.random(n)
    for values in (points, probs, labels):
        values[n - copies :] = values[:copies]
    return neighbours(points, k=k), probs, labels, draws


def programme(found, probs, labels, *, by="el2n"):
    """The dense I (n,) and K (n, n), of mean 1 and of rows that sum to 1 in the mean."""
    n = len(labels)
    near = np.zeros((n, n))
    for row, (others, shares) in enumerate(zip(found.rows, found.similarity, strict=True)):
        for other, share in zip(others, shares, strict=True):
            near[row, other] = near[other, row] = max(float(share), 0.0)
    importance = IMPORTANCE[by](probs, labels).astype(float)
    return importance / importance.mean(), near * n / near.sum()


def worth(importance, near, alpha, rows):
    """What the source's aim makes of some rows."""
    there = np.zeros(len(importance))
    there[list(rows)] = 1
    return importance @ there - alpha * there @ near @ there


def slow_infomax(importance, near, alpha):
    """The row without which the rest is worth most goes, all added up anew each time."""
    left, removed = list(range(len(importance))), []
    while left:
        rest = [worth(importance, near, alpha, [i for i in left if i != row]) for row in left]
        removed.append(left.pop(int(np.argmax(np.round(rest, 9)))))
    return removed


def relaxed(importance, near, alpha, count, *, steps=300, rate=0.5):
    """Rows by the source's relaxation: each is there to a share in (0, 1), all shares sum to count.

    Steps along the gradient, then a softmax in which no share passes 1, by bisection.
    """
    lean = np.random.default_rng(0).standard_normal(len(importance)) / 100
    for _ in range(steps):
        low, high = -lean.max() - 40, -lean.min() + 40
        for _ in range(60):
            level = (low + high) / 2
            shares = 1 / (1 + np.exp(-(lean + level)))
            low, high = (low, level) if shares.sum() > count else (level, high)
        lean = np.clip(lean + level + rate * (importance - 2 * alpha * near @ shares), -300, 300)
    return np.argsort(-shares)[:count]


def order_of(scores):
    return np.argsort(scores, kind="stable").tolist()


@pytest.mark.parametrize("by", IMPORTANCE)
@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_infomax_takes_rows_off_as_the_slow_loop_does(by, alpha):
    found, probs, labels, draws = made(n=40)
    scores = infomax(found, probs, labels, draws, by=by, alpha=alpha)
    assert order_of(scores) == slow_infomax(*programme(found, probs, labels, by=by), alpha)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_infomax_comes_near_the_best_rows_there_are_and_its_first_to_go_do_not(alpha):
    """Of all subsets of ten rows, on the way from the worst to the best."""
    reached = {"last": [], "first": []}
    for seed in range(15):
        found, probs, labels, draws = made(n=10, k=3, seed=seed)
        importance, near = programme(found, probs, labels)
        order = order_of(infomax(found, probs, labels, draws, alpha=alpha))
        for count in (3, 5, 7, 9):
            every = [worth(importance, near, alpha, s) for s in combinations(range(10), count)]
            for end, rows in (("last", order[-count:]), ("first", order[:count])):
                own = worth(importance, near, alpha, rows)
                reached[end].append((own - min(every)) / (max(every) - min(every)))
    assert np.mean(reached["last"]) > 0.98 and min(reached["last"]) > 0.8
    assert np.mean(reached["first"]) < 0.5


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_infomax_reaches_what_the_relaxation_of_the_source_reaches_for_one_rate(rate):
    found, probs, labels, draws = made(n=200)
    importance, near = programme(found, probs, labels)
    order, count = order_of(infomax(found, probs, labels, draws)), round((1 - rate) * 200)
    ours = worth(importance, near, 1, order[-count:])
    theirs = worth(importance, near, 1, relaxed(importance, near, 1, count))
    by_importance = worth(importance, near, 1, np.argsort(-importance)[:count])
    assert ours >= 0.99 * theirs > by_importance


def test_without_redundancy_infomax_is_the_order_of_importance():
    found, probs, labels, draws = made()
    scores = infomax(found, probs, labels, draws, alpha=0.0)
    assert order_of(scores) == order_of(IMPORTANCE["el2n"](probs, labels))


def test_infomax_loses_far_fewer_pairs_of_copies_than_redundancy_counted_once_does():
    found, probs, labels, draws = made(n=200, d=30, copies=40)
    importance, near = programme(found, probs, labels)
    once = np.argsort(importance - 2 * near.sum(axis=1), kind="stable")[:40]
    ours = order_of(infomax(found, probs, labels, draws))[:40]
    lost = [sum(i in gone and 160 + i in gone for i in range(40)) for gone in (ours, once)]
    assert 2 * lost[0] < lost[1]


def test_of_two_equal_rows_the_one_with_the_lower_draw_goes_first():
    found = Neighbours(
        rows=np.array([[1], [0]], dtype=np.int32), similarity=np.ones((2, 1), dtype=np.float32)
    )
    probs, labels = np.full((2, 2), 0.5, dtype=np.float32), np.zeros(2, dtype=int)
    assert order_of(infomax(found, probs, labels, np.array([0.7, 0.2]))) == [1, 0]


def test_rows_without_neighbours_or_importance_are_taken_by_lot():
    found = Neighbours(
        rows=np.full((3, 1), -1, dtype=np.int32),
        similarity=np.full((3, 1), np.nan, dtype=np.float32),
    )
    probs = np.eye(3, dtype=np.float32)
    assert order_of(infomax(found, probs, np.arange(3), np.array([0.2, 0.1, 0.3]))) == [1, 0, 2]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"by": "aum"}, "by is 'aum'; give one of el2n, loss, entropy, margin, least_confidence"),
        ({"alpha": -0.5}, "alpha is -0.5; the weight of redundancy is at least 0"),
        ({"alpha": float("nan")}, "alpha is nan"),
    ],
)
def test_settings_of_infomax_that_mean_nothing_are_refused(settings, said):
    with pytest.raises(UsageError, match=said):
        infomax(*made(), **settings)

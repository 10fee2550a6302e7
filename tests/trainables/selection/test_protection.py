"""Of a class that may not be thinned out the best-scored of the rows that would go are put back."""

from types import SimpleNamespace

import numpy as np
import pytest

from trainables.errors import UsageError
from trainables.selection.protection import least_kept, put_back


def made(seed, n=200, c=4):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 12, n).astype(np.float32)
    labels, ties = rng.integers(0, c, n), rng.random(n)
    keep = np.zeros(n, dtype=bool)
    keep[rng.permutation(n)[: n // 2]] = True
    return keep, scores, labels, ties


def put_back_slowly(keep, scores, labels, ties, least):
    """Row by row, the best of the class first."""
    stays = keep.copy()
    while True:
        short = [c for c in range(len(least)) if stays[labels == c].sum() < least[c]]
        rows = [i for i in np.flatnonzero(~stays) if labels[i] in short]
        if not rows:
            return stays
        stays[max(rows, key=lambda i: (scores[i], ties[i]))] = True


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "least", [(0, 0, 0, 0), (10_000, 0, 30, 0), (40, 40, 40, 40), (7, 200, 1, 26)]
)
def test_the_best_scored_removed_rows_are_put_back(seed, least):
    keep, scores, labels, ties = made(seed)
    stays = put_back(keep, scores, labels, ties, np.array(least))
    assert (stays == put_back_slowly(keep, scores, labels, ties, least)).all()


@pytest.mark.parametrize("seed", range(5))
def test_what_goes_is_a_part_of_what_the_cut_removes(seed):
    keep, scores, labels, ties = made(seed)
    stays = put_back(keep, scores, labels, ties, np.array([1000, 45, 0, 0]))
    assert stays[keep].all()
    assert stays[labels == 0].all()
    assert stays[labels == 1].sum() == max(keep[labels == 1].sum(), min(45, (labels == 1).sum()))


SPEC = SimpleNamespace(protected=("spam",), min_per_class=3)


def data(names):
    return SimpleNamespace(class_names=names, name="mail", train=range(50))


def test_a_protected_class_keeps_all_it_has_and_others_at_least_so_many():
    assert least_kept(SPEC, data(("ham", "spam"))).tolist() == [3, 50]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ("ham", "spamm"),
            r"no class 'spam' to protect; it has 'ham', 'spamm'\. Did you mean 'spamm'",
        ),
        (("a", "b"), r"it has 'a', 'b'\.$"),
        (tuple(f"c{i}" for i in range(12)), r"'c4' and 7 more\.$"),
        ((), "has no classes; leave --protect-class"),
    ],
)
def test_a_class_that_is_not_there_is_refused_by_its_name(names, said):
    with pytest.raises(UsageError, match=said):
        least_kept(SPEC, data(names))

"""What is planted in the texts the package makes, and the truth about each row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.dataset import Split
from trainables.data.subsampling import lowest_of_each

Truth = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Plants:
    """What is put in to be found, in the training split only but for the imbalance.

    Attributes:
        imbalance: Largest class over smallest; sizes between are geometric.
        duplicates: Share of rows that copy another row, in [0, 1).
        exact: Share of the copies that change no word; the others change a few.
        wrong: Share of rows with a wrong label, in [0, 1).
    """

    imbalance: float = 4.0
    duplicates: float = 0.2
    exact: float = 0.25
    wrong: float = 0.05


def planted(
    texts: list[str],
    labels: NDArray[np.int64],
    sources: NDArray[np.int64],
    *,
    classes: int,
    wrong: float,
    rng: np.random.Generator,
) -> tuple[Split, Truth]:
    """The training split of n rows in random order, some labels made wrong, and the truth.

    Args:
        texts: The originals and then their copies, n in all.
        labels: Of the originals, in [0, classes).
        sources: For each copy, which original it copies.
        classes: How many there are.
        wrong: Share of rows with a wrong label, in [0, 1).
        rng: Decides the order and the wrong labels.

    Returns:
        The split, its ids the row numbers, and for each row: `duplicate_of` (the row it copies,
        or -1), `group` (the lowest row of its group of copies, or itself), `true_label` and
        `is_wrong`.
    """
    n = len(texts)
    order = rng.permutation(n)
    true_label = np.concatenate([labels, labels[sources]])[order]
    is_wrong = np.zeros(n, dtype=bool)
    is_wrong[rng.permutation(n)[: int(wrong * n)]] = True
    given = np.where(is_wrong, true_label + rng.integers(1, classes, size=n), true_label) % classes
    inputs = text_column([texts[row] for row in order])
    return Split(inputs=inputs, labels=given, ids=np.arange(n)), {
        **copies_truth(order, sources),
        "true_label": true_label,
        "is_wrong": is_wrong,
    }


def copies_truth(order: NDArray[np.int64], sources: NDArray[np.int64]) -> Truth:
    """Which rows copy which, of originals and then their copies in a new order.

    Args:
        order: Of each new row which old one it is, shape (n,).
        sources: For each copy, which original it copies.

    Returns:
        For each new row `duplicate_of` (the row it copies, or -1) and `group` (the lowest row of
        its group of copies, or itself).
    """
    originals = len(order) - len(sources)
    went = np.argsort(order)  # the new row of each old one
    source = np.concatenate([np.arange(originals), sources])[order]
    return {
        "duplicate_of": np.where(order >= originals, went[source], -1),
        "group": lowest_of_each(source),
    }


def planted_note(seed: int, truth: Truth) -> str:
    """What was made and planted, in words for the report."""
    return (
        f"the package made these texts (seed {seed}): of {len(truth['group']):,} training rows "
        f"{int((truth['duplicate_of'] >= 0).sum()):,} copy another one and "
        f"{int(truth['is_wrong'].sum()):,} have a wrong label"
    )


def geometric_shares(classes: int, imbalance: float) -> NDArray[np.float64]:
    """Falling shares of the classes, shape (classes,), the first `imbalance` times the last."""
    sizes = imbalance ** -(np.arange(classes) / (classes - 1))
    shares: NDArray[np.float64] = sizes / sizes.sum()
    return shares


def labels_by_share(
    shares: NDArray[np.float64], n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Labels in random order, shape (n,), int64; the shares are met exactly but for rounding."""
    # Exactly, so that small sets have all classes too.
    ends = np.cumsum(shares)
    labels = rng.permutation(np.searchsorted(ends / ends[-1], (np.arange(n) + 0.5) / n))
    return labels.astype(np.int64)


def zipf(count: int, rng: np.random.Generator, size: int, *, power: float) -> NDArray[np.int64]:
    """Ranks in [0, count) with frequency (rank + 2) to the minus power, shape (size,)."""
    ends = np.cumsum((np.arange(count) + 2.0) ** -power)
    ranks: NDArray[np.int64] = np.searchsorted(ends, rng.random(size) * ends[-1])
    return ranks


def text_column(texts: list[str]) -> pa.Array:
    """Texts as a split holds them."""
    return pa.array(texts, pa.large_string())

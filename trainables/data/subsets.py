"""Subsets of the training rows: a data set of fewer rows in all, the classes' shares kept."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trainables.data.dataset import Dataset, PartOf, uniform_draws
from trainables.data.subsampling import with_train_rows
from trainables.errors import UsageError

_STAGE = "subset"


@dataclass(frozen=True, kw_only=True, eq=False)
class SubsetOrder:
    """The order in which the subsets of a data set take its training rows: a larger one contains each smaller.

    Every row has a draw of its own, by its id. The row that is rank j (0, 1, ...) of a class of N rows
    has the position (j + 1/2) / N, and rows go in by position: every prefix is apportioned by
    Sainte-Laguë, which is what `keep_stratified` does, too.

    Attributes:
        dataset: What is taken from.
        seed: Decides the draws.
    """

    dataset: Dataset
    seed: int

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """All training rows in that order, shape (n,)."""
        labels = self.dataset.train.labels
        draws = uniform_draws(self.dataset.train.ids, self.seed, _STAGE)
        by_class = np.lexsort((draws, labels))
        counts = np.bincount(labels)
        first = np.cumsum(counts) - counts
        rank = np.empty(len(labels))
        rank[by_class] = np.arange(len(labels)) - first[labels[by_class]]
        return np.lexsort((draws, (rank + 0.5) / counts[labels])).astype(np.int64)

    @cached_property
    def least(self) -> int:
        """The smallest subset that has a row of every class there is."""
        _, first = np.unique(self.dataset.train.labels[self.rows], return_index=True)
        return int(first.max()) + 1

    def take(self, rows: int) -> Dataset:
        """The data set with so many training rows, in the order of the whole; other splits are the same.

        Raises:
            UsageError: If there are not so many, or a class would have none.
        """
        n = len(self.dataset.train)
        if not self.least <= rows <= n:
            raise UsageError(
                f"--size {rows:,} of {self.dataset.name}: it has {n:,} training rows, and {self.least:,} are "
                f"the fewest with a row of every class; give {self.least:,} to {n:,}, or all"
            )
        if rows == n:
            return self.dataset
        chosen = np.zeros(n, dtype=bool)
        chosen[self.rows[:rows]] = True
        note = f"{rows:,} of {n:,} train rows were taken, the classes' shares kept"
        return with_train_rows(self.dataset, chosen, note)


def of_size(dataset: Dataset, rows: int, *, seed: int) -> Dataset:
    """The data set cut to so many training rows, the classes' shares kept; 0 for all of them.

    Raises:
        UsageError: As `SubsetOrder.take`.
    """
    return SubsetOrder(dataset=dataset, seed=seed).take(rows) if rows else dataset


@dataclass(frozen=True, kw_only=True, eq=False)
class Subset:
    """A subset as a sweep trains on it, by one seed.

    Attributes:
        whole: Content hash of the data set it is of.
        seed: Of the runs that train on it; it drew the rows.
        dataset: The subset, named by its size.
    """

    whole: str
    seed: int
    dataset: Dataset


def subsets_of(dataset: Dataset, sizes: tuple[int, ...], seeds: tuple[int, ...]) -> list[Subset]:
    """The smaller data sets of a family: each seed draws rows of its own, each size contains the smaller ones.

    Sizes that the data set itself has are passed over.

    Args:
        dataset: The largest of the family.
        sizes: Training rows.
        seeds: Of the runs.

    Raises:
        UsageError: As `SubsetOrder.take`.
    """
    smaller = [rows for rows in sizes if rows and rows != len(dataset.train)]
    found = []
    for seed in seeds if smaller else ():
        order = SubsetOrder(dataset=dataset, seed=seed)
        for rows in smaller:
            part_of = PartOf(sha=dataset.sha, rows=np.sort(order.rows[:rows]))
            part = replace(order.take(rows), name=f"{dataset.name}, {rows:,} rows", part_of=part_of)
            found.append(Subset(whole=dataset.sha, seed=seed, dataset=part))
    return found

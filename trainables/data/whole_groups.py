"""Which groups of copies are held out whole, so that no row held out has its copy in training."""

import numpy as np
from numpy.typing import NDArray


class WholeGroups:
    """Groups of copies: how many rows of each class each has, and which of them are held out."""

    def __init__(self, groups: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
        """Count.

        Args:
            groups: Of each row, shape (n,), every number from 0 on.
            labels: Shape (n,), in [0, c).
        """
        c = int(labels.max()) + 1
        keys, counts = np.unique(groups * c + labels, return_counts=True)
        self._group, self._label = keys // c, keys % c
        # Of group g the parts starts[g] to starts[g + 1]: a class, and its rows in the group.
        self._starts = np.searchsorted(self._group, np.arange(groups.max() + 2)).tolist()
        self._parts = list(zip(self._label.tolist(), counts.tolist(), strict=True))
        self._sizes = np.bincount(groups).tolist()
        self._trained = np.bincount(self._label, minlength=c).tolist()  # groups of each class
        self._taken = [0] * c  # rows of each class that are held out
        self._held = np.zeros(len(self._sizes), dtype=bool)

    def may_leave(self) -> NDArray[np.bool_]:
        """Whether each group is one of several of each class in it."""
        alone = np.asarray(self._trained)[self._label] == 1
        free: NDArray[np.bool_] = np.bincount(self._group, weights=alone) == 0
        return free

    def held(self, walk: list[int], quotas: list[int]) -> NDArray[np.bool_]:
        """Whether each group is held out.

        Args:
            walk: Groups that may leave, in random order.
            quotas: Rows of each class to hold out, of classes from 0 on.
        """
        count, quotas = sum(quotas), quotas + [0] * (len(self._taken) - len(quotas))
        for group in walk:
            if all(self._taken[k] + m <= quotas[k] for k, m in self._of(group)):
                self._hold(group)
        self._hold_one_of_each(walk, quotas)
        total = sum(self._taken)
        for group in walk if total < count else []:
            is_short = any(self._taken[k] < quotas[k] for k, _ in self._of(group))
            if is_short and total + self._sizes[group] <= count and self._hold(group):
                total += self._sizes[group]
        return self._held

    def _hold_one_of_each(self, walk: list[int], quotas: list[int]) -> None:
        """Of every class that still has no row held out, its smallest group."""
        own: dict[int, list[int]] = {
            k: [] for k, quota in enumerate(quotas) if quota and not self._taken[k]
        }
        for group in walk if own else []:
            for k, _ in self._of(group):
                own.get(k, []).append(group)
        for k, groups in own.items():
            for group in sorted(groups, key=self._sizes.__getitem__):
                if not self._taken[k]:
                    self._hold(group)

    def _of(self, group: int) -> list[tuple[int, int]]:
        return self._parts[self._starts[group] : self._starts[group + 1]]

    def _hold(self, group: int) -> bool:
        """Hold a group out, unless it is, or a class would have no row left to train on."""
        if self._held[group] or any(self._trained[k] == 1 for k, _ in self._of(group)):
            return False
        self._held[group] = True
        for k, m in self._of(group):
            self._taken[k] += m
            self._trained[k] -= 1
        return True

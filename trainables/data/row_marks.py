"""Which rows of a split's files stay, told file by file and in order."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class RowMarks:
    """The marks of all rows of a split's files, taken in the order of the rows.

    Attributes:
        seen: Rows whose marks were taken.
        kept: Rows of these that stay.
    """

    def __init__(self, stays: NDArray[np.int64]) -> None:
        """Mark rows.

        Args:
            stays: The numbers of the rows that stay, rising, all files of the split in order; shape (k,).
        """
        self._mask = np.zeros(int(stays.max()) + 1 if len(stays) else 0, dtype=bool)
        self._mask[stays] = True
        self.seen = self.kept = 0

    @property
    def missing(self) -> int:
        """Rows that stay and were not seen yet."""
        return int(self._mask[self.seen :].sum())

    def next(self, count: int) -> NDArray[np.bool_]:
        """Whether each of the next rows stays, shape (count,)."""
        marks = np.zeros(count, dtype=bool)
        known = self._mask[self.seen : self.seen + count]
        marks[: len(known)] = known
        self.seen += count
        self.kept += int(known.sum())
        return marks

    def taken(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        """Those of the next rows that stay, a batch given; no batch is empty."""
        marks = self.next(batch.num_rows)
        if not marks.any():
            return []
        if marks.all():
            return [batch]
        try:
            return [batch.filter(pa.array(marks))]
        except pa.ArrowNotImplementedError:  # of some types rows can be cut out, not filtered
            return [batch.slice(start, end - start) for start, end in _runs(marks)]


def _runs(marks: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where each run of marked rows starts and ends."""
    edges: Any = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

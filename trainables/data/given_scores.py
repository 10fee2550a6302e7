"""Scores of one's own: a table of ids and scores, joined to the training rows."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data.columns import SHOWN_ROWS, ColumnOrigin, Columns, bad_rows, excerpt
from trainables.data.csv_dialects import Dialect
from trainables.data.dataset import Dataset
from trainables.data.own_columns import targets_of
from trainables.data.readers import header_of, table_of
from trainables.data.row_ids import ids_of
from trainables.errors import DataError
from trainables.keys import key_of

_ID, _SCORE = "id", "score"
# What an id that opens like a formula begins with in a CSV file of ours; `analysis.csv_lines` has the rule.
_GUARDED = re.compile(r"'(\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenScores:
    """The scores of one file for the training rows of one data set.

    Attributes:
        sha: Of the scores and the data set.
        scores: Shape (n,), float32, in the order of the training rows; higher is more worth keeping.
    """

    sha: str
    scores: NDArray[np.float32]


def read_given_scores(path: Path, dataset: Dataset) -> GivenScores:
    """The scores of a file, every row checked.

    Rows may be in any order. Those of the test and validation splits are passed over, and of a data
    set limited on purpose those of rows that were left out.

    Args:
        path: A table with the columns id and score, of any format that data are read from.
        dataset: Whose training rows they are of.

    Raises:
        DataError: If the file cannot be read, or an id is null, repeated, unknown or lacking, or a
            score is null, text, not finite, or not told from another one in 32 bits but by its last digits.
    """
    there = [field.name for field in header_of(path, Dialect(), (_ID, _SCORE))]
    if lacking := [name for name in (_ID, _SCORE) if name not in there]:
        raise DataError(
            f"{path}: no column {lacking[0]!r} among {', '.join(map(excerpt, there))}; write a table of the "
            "columns id and score, a row each training row, higher for more worth keeping"
        )
    table = table_of(path, Columns(id=_ID, label=_SCORE), Dialect())
    ids = ids_of(table, Columns(id=_ID), str(path))
    numbers = targets_of(table, ColumnOrigin(where=str(path), column=_SCORE, ids=ids), noun=_SCORE)
    row_of = {name: row for row, name in enumerate(_unguarded(ids, dataset))}
    _check_known(path, row_of, dataset)
    lacks = [name for name in dataset.train.ids.tolist() if str(name) not in row_of]
    if lacks:
        shown = ", ".join(excerpt(name) for name in lacks[:SHOWN_ROWS])
        more = f" and {len(lacks) - SHOWN_ROWS:,} more" if len(lacks) > SHOWN_ROWS else ""
        raise DataError(
            f"{path}: column {_ID!r}: {len(lacks):,} of {len(dataset.train):,} training rows of "
            f"{dataset.name} have no score, ids {shown}{more}; give every training row one"
        )
    rows = np.array([row_of[str(name)] for name in dataset.train.ids.tolist()], dtype=np.int64)
    scores = _in_32_bits(ColumnOrigin(where=str(path), column=_SCORE, ids=ids), numbers)[rows]
    return _named(scores, dataset)


def scores_of_part(given: GivenScores, part: Dataset) -> GivenScores:
    """The scores of a subset of the training rows that some scores are of."""
    assert part.part_of, "a subset says of what rows it is"
    return _named(given.scores[part.part_of.rows], part)


def _named(scores: NDArray[np.float32], dataset: Dataset) -> GivenScores:
    content = hashlib.sha256(scores.tobytes()).hexdigest()
    return GivenScores(sha=key_of({"data": dataset.sha, "scores": content}), scores=scores)


def _unguarded(ids: NDArray[Any], dataset: Dataset) -> list[str]:
    """Ids as the data have them: a CSV made for spreadsheets puts an apostrophe before what opens like a formula."""
    known = {str(name) for split in dataset.splits.values() for name in split.ids.tolist()}
    names = [str(name) for name in ids.tolist()]
    return [
        name[1:] if _GUARDED.match(name) and name not in known and name[1:] in known else name
        for name in names
    ]


def _check_known(path: Path, row_of: dict[str, int], dataset: Dataset) -> None:
    """Refuse ids of no row: of a data set cut short on purpose they cannot be told."""
    if dataset.limited:
        return
    known = {str(name) for split in dataset.splits.values() for name in split.ids.tolist()}
    unknown = [(row, name) for name, row in row_of.items() if name not in known]
    if unknown:
        shown = [f"row {row} {excerpt(name)}" for row, name in unknown[:SHOWN_ROWS]]
        first = excerpt(dataset.train.ids[0])
        raise bad_rows(
            str(path), _ID, shown, len(unknown),
            why=f"{dataset.name} has no row of that id, whose first is {first}: give the ids of its "
            "--id-column, or row numbers from 0 where it has none",
        )  # fmt: skip


def _in_32_bits(origin: ColumnOrigin, numbers: NDArray[np.float64]) -> NDArray[np.float32]:
    """Scores as float32, in which two may become equal by no more than their last digits.

    Raises:
        DataError: If some are too large, or become equal though they differ by more than a millionth of
            the range of all, or by more than a few millionths of themselves.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        # Plus 0: minus zero is zero.
        scores = numbers.astype(np.float32) + np.float32(0)
        step, size = np.spacing(np.abs(scores)).astype(float), np.abs(scores.astype(float))
        # Among some thousand random numbers two always share their first 24 bits; times of one day all may.
        coarse = step > np.minimum(1e-6 * np.ptp(numbers), 4e-6 * size)
    order = np.argsort(numbers, kind="stable")
    same = (np.diff(scores[order]) == 0) & (np.diff(numbers[order]) > 0) & coarse[order[1:]]
    for bad, why in (
        (~np.isfinite(scores), "it is beyond 32 bits: divide all by a constant"),
        (
            _placed(order[1:], same, len(order)),
            "32 bits do not tell it from another score: give ranks",
        ),
    ):
        rows = np.flatnonzero(bad)
        if len(rows):
            shown = [origin.row_shown(int(row), f"{numbers[row]}") for row in rows[:SHOWN_ROWS]]
            raise bad_rows(origin.where, _SCORE, shown, len(rows), why=why)
    return scores


def _placed(rows: NDArray[np.intp], are: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    """A mask of n rows that is true where `are` says so of `rows`."""
    mask = np.zeros(n, dtype=bool)
    mask[rows[are]] = True
    return mask

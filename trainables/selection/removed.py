"""Who was removed: each row with its place, its reason in words, and who stays in its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.dataset import Dataset
from trainables.evidence.collector import Runs
from trainables.neighbours.survivors import cosines, nearest_survivors
from trainables.selection.reasons import Places, places_of, reasons
from trainables.selection.surroundings import Surroundings, known_margins, surroundings
from trainables.spec import TrialSpec

# Similarities in fp32 may be so far off.
_ROUNDING = 1e-5
# Characters of a name in a sentence.
_LONGEST = 80

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Removal:
    """The removed training rows of a list, shape (r,) each, in the order of removal.

    Attributes:
        spec: The trial whose scores were cut, of kind "pruned".
        dataset: Its own.
        beside: What else is known of its rows.
        places: Their numbers among the training rows, and where they lie among the scores.
        scores: Their scores.
        percentile: Share of all training rows with a lower score.
        survivors: Numbers among the training rows of the nearest row that stays; -1 where none is known.
        similarity: Cosine to it; nan where none is known.
        twins: Number of a copy or near copy that stays; -1 where there is none.
        is_copy: Whether that one is a copy.
        search: How survivors were searched for: "exact", "approximate", or "none".
    """

    spec: TrialSpec
    dataset: Dataset
    beside: Surroundings
    places: Places
    scores: NDArray[np.float32]
    percentile: NDArray[np.float64]
    survivors: Rows
    similarity: NDArray[np.float32]
    twins: Rows
    is_copy: NDArray[np.bool_]
    search: str

    def reasons(self, chosen: Rows | None = None) -> list[str]:
        """Why rows went, in words: all of them, or those at some positions, shape (k,)."""
        chosen = np.arange(len(self.scores)) if chosen is None else chosen
        why = reasons(self.spec, self.places.take(chosen))
        return ["; ".join((one, *self._more(at))) for one, at in zip(why, chosen, strict=True)]

    @cached_property
    def _numbers(self) -> Rows:
        return file_rows(self.dataset)

    def _more(self, at: int) -> Iterator[str]:
        """What else a reason says: of the row's label, and of its copies."""
        row, other, train = self.places.rows[at], self.twins[at], self.dataset.train
        predicted, (have, have_near) = self.beside.predicted, self.beside.twins.have
        if predicted is not None and predicted[row] != train.labels[row]:
            name = _plain(self.dataset.class_names[predicted[row]])
            yield f"the model is surer of {name} than of its label"
        if other >= 0:
            number = self._numbers[other]
            which = f"row {number}" if number >= 0 else f"id {_plain(train.ids[other])}"
            yield f"a {'copy' if self.is_copy[at] else 'near copy'} of it stays: {which}"
        elif have[row] or have_near[row]:
            yield f"its {'copies' if have[row] else 'near copies'} go too"


def removed_rows(
    spec: TrialSpec, runs: Runs, keep: NDArray[np.bool_], scores: NDArray[np.float32]
) -> pa.Table:
    """The removed training rows as a table, in the order of removal.

    Args:
        spec: A pruned trial, or one of a fixed list.
        runs: The runs behind it.
        keep: Which training rows stay, shape (n,).
        scores: By which they were cut, of a fixed list the joined ones, shape (n,); higher is more
            worth keeping.

    Returns:
        As `removed_table`.
    """
    return removed_table(removal(spec, runs, keep, scores, surroundings(spec, runs)))


def removal(
    spec: TrialSpec,
    runs: Runs,
    keep: NDArray[np.bool_],
    scores: NDArray[np.float32],
    beside: Surroundings,
) -> Removal:
    """The removed training rows, each with its place and who stays in its place.

    Args:
        spec: As `removed_rows`, and so are the next three.
        runs: See there.
        keep: See there.
        scores: See there.
        beside: What else is known of the rows.
    """
    scorer, dataset = spec.twin.scorers[0], runs.dataset
    places = places_of(scorer, dataset, keep, scores, known_margins(scorer, runs))
    gone, ordered = places.rows, np.sort(scores)
    twins, copied = beside.twins.surviving(keep)
    survivors, similarity, search = twins[gone], np.full(len(gone), np.nan, np.float32), "none"
    if beside.vectors is not None:
        near = nearest_survivors(
            beside.vectors, gone, keep, known=beside.neighbours, directed=beside.directed
        )
        likeness = cosines(beside.vectors, gone, survivors)
        # Of rows that are equally near, the one that the reason names as a copy.
        named = (near.rows < 0) | (likeness >= near.similarity - _ROUNDING)
        survivors, similarity = np.where(named, survivors, near.rows), near.similarity
        search = "exact" if near.is_exact else "approximate"
    return Removal(
        spec=scorer,
        dataset=dataset,
        beside=beside,
        places=places,
        scores=scores[gone],
        percentile=np.searchsorted(ordered, scores[gone]) / len(ordered),
        survivors=survivors,
        similarity=similarity,
        twins=twins[gone],
        is_copy=copied[gone],
        search=search,
    )


def removed_table(removed: Removal) -> pa.Table:
    """A row of each removed row, in the order of removal.

    Returns:
        `row` (number in the user's own file, from 0; null for a copy that a stress test added), `id`,
        `class` (its name, or the number to predict; no such column where there is neither), `score`,
        `percentile` (share of all training rows with a lower score), `rank` (1 is the first to go),
        `survivor_row`, `survivor_id` and `similarity` (nearest row that stays, by the cosine of
        embeddings; without embeddings a copy or near copy that stays, and no similarity; null where
        there is none), `twin_survives` (whether a copy or near copy stays), `reason`. The metadata say
        how survivors and near copies were searched for.
    """
    dataset, gone, other = removed.dataset, removed.places.rows, removed.survivors
    columns = {
        "row": _numbers(dataset, gone),
        "id": pa.array(dataset.train.ids[gone]),
        "class": dataset.answers(gone),
        "score": removed.scores,
        "percentile": removed.percentile,
        "rank": np.arange(1, len(gone) + 1),
        "survivor_row": _numbers(dataset, other),
        "survivor_id": pa.array(dataset.train.ids[other], mask=other < 0),
        "similarity": pa.array(removed.similarity, mask=np.isnan(removed.similarity)),
        "twin_survives": removed.twins >= 0,
        "reason": pa.array(removed.reasons(), pa.string()),
    }
    table = pa.table({name: column for name, column in columns.items() if column is not None})
    looked = "all" if removed.beside.twins.is_complete else "not all"
    return table.replace_schema_metadata(
        {"nearest survivors": removed.search, "near copies": looked}
    )


def file_rows(dataset: Dataset) -> Rows:
    """Of each training row its number in the user's own file, shape (n,); -1 where it is in none.

    Of data that the package made, its number among the training rows.
    """
    rows = dataset.train.rows
    return np.arange(len(dataset.train)) if rows is None else rows


def _numbers(dataset: Dataset, rows: Rows) -> pa.Array:
    """Numbers in the user's own file; null for no row, and for one that no file has."""
    numbers = np.where(rows >= 0, file_rows(dataset)[rows], -1)
    return pa.array(numbers, mask=numbers < 0)


def _plain(value: object) -> str:
    """A name as it may stand in a sentence: on one line, and not long."""
    shown = "".join(c if c.isprintable() else "?" for c in str(value))
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"

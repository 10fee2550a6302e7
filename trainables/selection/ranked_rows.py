"""Scores as a table that a reader knows the rows of: id, label, rank, the nearest row, and copies."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.copies import normal_form
from trainables.data.dataset import Dataset
from trainables.data.near_copies import near_pairs
from trainables.evidence.collector import Evidence, Runs
from trainables.evidence.requirements import Settings
from trainables.neighbours.exact import Neighbours
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec

# Of a signal that looks at none: as many as the others look at, so that they share them.
NEIGHBOURS = 10
# What each column of `ranked_rows` is, for whoever opens the file.
COLUMNS = {
    "row": "number of the row in the file, from 0",
    "id": "its id, or its number where it has none",
    "label": "the name of its class, or the number to predict",
    "score": "higher is more worth keeping",
    "rank": "1 is the first to go",
    "percentile": "share of all rows that score lower, from 0 to 1",
    "nearest_row": "the row nearest to it by the embeddings, as row",
    "nearest_id": "the same, as id",
    "similarity": "cosine of the two",
    "is_copy": "whether another row is an exact or near copy of it",
}


def ranked_rows(
    dataset: Dataset,
    scores: NDArray[np.float32],
    ties: NDArray[np.float64],
    *,
    near: Neighbours | None = None,
    copies: NDArray[np.bool_],
) -> pa.Table:
    """The training rows in their own order, with all that their scores say of them.

    Args:
        dataset: Whose training rows.
        scores: Shape (n,), finite.
        ties: Shape (n,); of two rows of one score that of the lower goes first.
        near: The nearest other rows, where there are embeddings.
        copies: Of `have_copies`.

    Returns:
        Columns as COLUMNS has them; no label where there are neither classes nor numbers, and nothing
        of a nearest row without embeddings. None stands for the nearest row of one that has none.
    """
    train, n = dataset.train, len(dataset.train)
    rows = np.arange(n) if train.rows is None else train.rows
    ids = pa.array(train.ids)
    columns: dict[str, Any] = {"row": rows, "id": ids}
    if (answers := dataset.answers(np.arange(n))) is not None:
        columns["label"] = answers
    columns |= {"score": scores, "rank": ranks(scores, ties)}
    columns["percentile"] = np.searchsorted(np.sort(scores), scores, side="left") / n
    if near is not None:
        nearest = pa.array(near.rows[:, 0], mask=near.rows[:, 0] < 0)
        columns["nearest_row"] = pa.array(rows).take(nearest)
        columns["nearest_id"] = ids.take(nearest)
        columns["similarity"] = pa.array(near.similarity[:, 0], mask=near.rows[:, 0] < 0)
    columns["is_copy"] = copies
    return pa.table(columns)


def ranks(scores: NDArray[np.float32], ties: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each row in the order in which rows go, from 1, shape (n,).

    Args:
        scores: Shape (n,).
        ties: As `ranked_rows`.
    """
    places = np.empty(len(scores), dtype=np.int64)
    places[np.lexsort((ties, scores))] = np.arange(1, len(scores) + 1)
    return places


def have_copies(inputs: pa.Array) -> tuple[NDArray[np.bool_], bool]:
    """Whether each input has an exact or near copy among the others.

    Texts are exact copies if they are alike but for case, space and signs, and near copies as
    `near_pairs` has it; other inputs have exact copies alone.

    Args:
        inputs: Shape (n,).

    Returns:
        Shape (n,); and whether all near copies were looked for, as among very many alike some are not.
    """
    coded: Any = normal_form(inputs).dictionary_encode()
    codes = np.asarray(coded.indices).astype(np.int64)
    several = np.bincount(codes) > 1
    if not pa.types.is_large_string(inputs.type):
        return several[codes], True
    pairs = near_pairs(coded.dictionary)
    several[np.append(pairs.left, pairs.right)] = True
    return several[codes], pairs.is_complete


def nearest_rows(spec: TrialSpec, runs: Runs) -> Neighbours | None:
    """The nearest other rows of each row, by the embeddings that its signal rests on; None without any.

    Where the signal rests on neighbours in all data, they are those.

    Args:
        spec: A pruned trial.
        runs: The runs behind it.
    """
    selection, n = resolve(spec), len(runs.dataset.train)
    if "embeddings" not in selection.evidence or n < 2:
        return None
    settings: Settings = {"k": min(NEIGHBOURS, n - 1)}
    name = "neighbours"
    for rests in {"neighbours", "far_neighbours"} & selection.evidence:
        name, settings = rests, selection.settings
    found: Neighbours = Evidence(spec, runs).get(name, settings)
    return found

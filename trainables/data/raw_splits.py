"""A part of a split as it was found, and the parts of one split as one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.class_labels import Labels
from trainables.data.columns import Kind
from trainables.data.own_columns import one_table
from trainables.data.parts import Part
from trainables.data.row_ids import joined_ids
from trainables.errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class Raw:
    """One part, or one split, as it was found, before its labels are classes.

    Attributes:
        inputs: Texts, encoded images, vectors or rows of a table as bytes, shape (n,).
        kind: Which of them.
        ids: Shape (n,), unique; int64, or object of str.
        labels: The classes as given, or None where there are none.
        targets: Numbers to predict, shape (n,), float64, or None.
        vectors: Made beforehand, shape (n, d), beside texts or images; or None.
        own: The user's own columns, or None.
        first: Of pairs of texts, the characters of the first, shape (n,); or None.
        width: Numbers of a vector; 0 where there are none.
    """

    inputs: pa.Array
    kind: Kind
    ids: NDArray[Any]
    labels: Labels | None
    targets: NDArray[np.float64] | None
    vectors: NDArray[np.float32] | None
    own: pa.Table | None
    first: NDArray[np.int64] | None
    width: int = 0


def joined_parts(raws: Sequence[Raw], parts: Sequence[Part], *, own_ids: bool) -> Raw:
    """The shards of a split as one.

    Raises:
        DataError: If they hold inputs of two kinds, or an id twice.
    """
    first = raws[0]
    if len(raws) == 1:
        return first
    for raw, part in zip(raws, parts, strict=True):
        if raw.kind != first.kind or (raw.ids.dtype == object) != (first.ids.dtype == object):
            raise DataError(
                f"{part.where}: holds {raw.kind}s known by {raw.ids.dtype}, and {parts[0].where} "
                f"{first.kind}s by {first.ids.dtype}; write both alike"
            )
    labels, own = None, [raw.own for raw in raws if raw.own is not None]
    if first.labels is not None:
        values = pa.concat_arrays([raw.labels.values for raw in raws if raw.labels])
        where = f"{parts[0].where} and {len(raws) - 1} more shards"
        origin = replace(first.labels.origin, where=where, ids=None)
        labels = replace(first.labels, values=values, origin=origin)
    return Raw(
        inputs=pa.concat_arrays([raw.inputs for raw in raws]),
        kind=first.kind,
        ids=joined_ids([raw.ids for raw in raws], [part.where for part in parts])
        if own_ids
        else np.arange(sum(len(raw.ids) for raw in raws)),
        labels=labels,
        targets=_concatenated([raw.targets for raw in raws]),
        vectors=_concatenated([raw.vectors for raw in raws]),
        first=_concatenated([raw.first for raw in raws]),
        own=one_table(own, [part.where for part in parts]) if own else None,
    )


def _concatenated(arrays: Sequence[Any]) -> Any:
    return None if arrays[0] is None else np.concatenate(arrays)

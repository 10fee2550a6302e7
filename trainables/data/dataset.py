"""What a data set is: its splits row for row, and the hash of its content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.columns import Kind, one_array
from trainables.data.spooled_bytes import taken
from trainables.errors import DataError
from trainables.keys import canonical, seed_for

FORMAT = 1
ARROW_TYPES = {
    "text": pa.large_string(),
    "messages": pa.large_string(),
    "image": pa.large_binary(),
    "vectors": pa.large_binary(),
    "table": pa.large_binary(),
}


def bytes_of_vectors(vectors: NDArray[np.float32]) -> pa.Array:
    """Vectors, shape (n, d), as one large_binary a row, shape (n,); nothing is copied."""
    rows = np.ascontiguousarray(vectors, dtype="<f4")
    ends = np.arange(len(rows) + 1, dtype=np.int64) * rows.shape[1] * 4
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(rows)]
    return pa.Array.from_buffers(pa.large_binary(), len(rows), buffers)


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """One split's columns, row for row.

    Attributes:
        inputs: Texts (large_string), conversations (large_string, as `messages.conversation` writes them), or encoded images, vectors of float32 or rows of a table, each as
            bytes (large_binary); shape (n,), no nulls.
        labels: Shape (n,), int64, in [0, c); zeros where there are no classes.
        ids: The user's own ids or the row numbers, shape (n,), unique; int64, or object of str.
        vectors: Embeddings that came with texts or images, shape (n, d), float32; or None.
        targets: Numbers to predict, shape (n,), float64; or None.
        own: The user's own columns under their own names, n rows; or None.
        first: Where inputs are pairs of texts joined by a newline, the characters of the first, shape
            (n,), int64; or None.
        rows: Of each row its number in the split's own files, all shards in order, from 0, shape (n,),
            int64; where the split was cut out of the training files, in those; -1 for a copy that a stress
            test added. None for data that the package made. Not in `Dataset.sha`.
    """

    inputs: pa.Array
    labels: NDArray[np.int64]
    ids: NDArray[Any]
    vectors: NDArray[np.float32] | None = None
    targets: NDArray[np.float64] | None = None
    own: pa.Table | None = None
    first: NDArray[np.int64] | None = None
    rows: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Bring the columns into one form and refuse those that do not fit together."""
        inputs, ids = _one_array(self.inputs), np.asarray(self.ids)
        whole = np.issubdtype(ids.dtype, np.integer)
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "labels", np.asarray(self.labels, dtype=np.int64))
        object.__setattr__(self, "ids", ids.astype(np.int64 if whole else object, copy=False))
        if not len(inputs) == len(self.labels) == len(ids):
            raise DataError(
                f"a split holds {len(inputs)} inputs, {len(self.labels)} labels and {len(ids)} "
                "ids; give one of each a row"
            )
        for name in ("vectors", "targets", "own", "first", "rows"):
            if (more := getattr(self, name)) is not None and len(more) != len(inputs):
                raise DataError(
                    f"a split holds {len(inputs)} inputs and {len(more)} {name}; give one a row"
                )
        if inputs.null_count:
            raise DataError(f"{inputs.null_count} inputs are null; fill or remove them")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def texts(self) -> list[str]:
        """The inputs as Python strings (bytes for images), made anew at every call."""
        texts: list[str] = self.inputs.to_pylist()
        return texts

    def encodable(self, rows: Any = slice(None)) -> list[str | tuple[str, str]]:
        """The texts of some rows, of a slice or numbers, as a tokenizer takes them: pairs as such."""
        chosen = self.inputs[rows] if isinstance(rows, slice) else self.inputs.take(pa.array(rows))
        texts: list[str] = chosen.to_pylist()
        if self.first is None:
            return list(texts)
        ends = zip(texts, self.first[rows].tolist(), strict=True)
        return [(t[:end], t[end + 1 :]) if 0 < end < len(t) else t for t, end in ends]

    def take(self, rows: NDArray[Any]) -> "Split":
        """The rows named by integers, shape (k,), or by a mask, shape (n,), in that order."""
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == np.bool_ else np.asarray(rows)
        chosen = pa.array(rows, pa.int64())
        return Split(
            inputs=taken(self.inputs, rows),
            labels=self.labels[rows],
            ids=self.ids[rows],
            vectors=None if self.vectors is None else self.vectors[rows],
            targets=None if self.targets is None else self.targets[rows],
            own=None if self.own is None else self.own.take(chosen),
            first=None if self.first is None else self.first[rows],
            rows=None if self.rows is None else self.rows[rows],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class PartOf:
    """What a subset is of: what was computed of each text of the whole is that of its texts, too.

    Attributes:
        sha: The whole's content hash; its test and validation splits are the subset's.
        rows: The whole's training rows that the subset has, shape (n,), ascending.
    """

    sha: str
    rows: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A data set of classes, or of numbers to predict, or of neither.

    Attributes:
        name: What a person calls it; not in `sha`.
        kind: What the inputs are.
        class_names: Shape (c,), c at least 2; none where there are no classes.
        train: What is pruned.
        test: What accuracy is measured on.
        validation: For signals that need targets of their own, or None.
        truth: Only of data the package made: what is true of each training row, shape (n,) each.
        notes: Sentences for the report; not in `sha`.
        limited: Whether a split is a subset asked for by `limit` or `limit_test`.
        source: Where on the hub it is from, as owner/name[:config]@commit, or empty; not in `sha`.
        target: The name of the user's own column of classes or numbers, or empty; not in `sha`.
        is_scored_only: Whether its rows are scored and nothing is measured: then test may hold no rows,
            and is none of the `splits`; not in `sha`.
        part_of: Of a subset what it is a part of.
    """

    name: str
    kind: Kind
    class_names: tuple[str, ...]
    train: Split
    test: Split
    validation: Split | None = None
    truth: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    limited: bool = False
    source: str = ""
    target: str = ""
    is_scored_only: bool = False
    part_of: PartOf | None = None

    def __post_init__(self) -> None:
        """Refuse splits that are empty, of another kind, or with labels outside the classes."""
        for name, split in self.splits.items():
            if not len(split):
                raise DataError(f"{self.name}: the {name} split holds no rows")
            if split.inputs.type != ARROW_TYPES[self.kind]:
                raise DataError(f"{self.name}: {name} holds {split.inputs.type}, not {self.kind}")
            low, high = int(split.labels.min()), int(split.labels.max())
            if low < 0 or high >= max(len(self.class_names), 1):
                raise DataError(
                    f"{self.name}: {name} labels span [{low}, {high}]; there are "
                    f"{len(self.class_names)} class names, so labels lie in "
                    f"[0, {len(self.class_names) - 1}]"
                )
        if bad := [key for key, value in self.truth.items() if len(value) != len(self.train)]:
            raise DataError(f"{self.name}: truth {bad} differs in length from the training split")
        if self.part_of and len(self.part_of.rows) != len(self.train):
            raise DataError(
                f"{self.name}: a part of {len(self.part_of.rows)} rows, which it has not"
            )

    @property
    def splits(self) -> dict[str, Split]:
        """The splits there are, by name."""
        found = {"train": self.train, "test": self.test, "validation": self.validation}
        if self.is_scored_only and not len(self.test):
            del found["test"]
        return {name: split for name, split in found.items() if split is not None}

    @property
    def has_vectors(self) -> bool:
        """Whether embeddings came with it, made beforehand."""
        return self.kind == "vectors" or self.train.vectors is not None

    def vectors(self, name: str) -> NDArray[np.float32]:
        """The embeddings that came with a split, shape (n, d).

        Raises:
            DataError: If none did.
        """
        split = self.splits[name]
        if split.vectors is not None:
            return split.vectors
        if self.kind != "vectors":
            raise DataError(f"{self.name}: no embeddings came with its {self.kind}s")
        _, offsets, data = split.inputs.buffers()
        ends = np.frombuffer(offsets, dtype=np.int64)[split.inputs.offset :][: len(split) + 1]
        values = np.frombuffer(data, dtype="<f4")[ends[0] // 4 : ends[-1] // 4]
        return values.reshape(len(split), -1)

    def answers(self, rows: NDArray[np.int64]) -> NDArray[Any] | None:
        """What is to be predicted of some training rows, as a reader knows it.

        Args:
            rows: Their numbers, shape (k,).

        Returns:
            Names of classes, or numbers, shape (k,); None where there is neither.
        """
        if self.class_names:
            return np.array(self.class_names)[self.train.labels[rows]]
        return None if self.train.targets is None else self.train.targets[rows]

    @cached_property
    def sha(self) -> str:
        """The sha256 of the content: kind, class names, and every split's rows in order.

        Neither the name nor the notes nor the way the arrays are cut into chunks counts, nor the rows of the
        files it is from, nor the user's own columns, which are named by a hash of their own: what does not
        see them does not depend on them.
        """
        sizes = {name: len(split) for name, split in self.splits.items()}
        head: dict[str, Any] = {"format": FORMAT, "kind": self.kind, "classes": self.class_names}
        head["sizes"] = sizes
        if self.part_of:
            # Its embeddings are the whole's: batched otherwise, the last bits of some differ.
            head["part_of"] = self.part_of.sha
        digest = hashlib.sha256(canonical(head))
        for split in self.splits.values():
            if split.ids.dtype == object:
                digest.update(b"ids:text")
                _feed(digest, pa.array(split.ids.tolist(), pa.large_string()))
            else:
                digest.update(b"ids:int64")
                digest.update(split.ids.astype("<i8").tobytes())
            digest.update(split.labels.astype("<i8").tobytes())
            _feed(digest, split.inputs)
            for name in ("vectors", "targets", "first"):
                if (values := getattr(split, name)) is not None:
                    digest.update(f"{name}:{values.shape}".encode())
                    digest.update(values.tobytes())
        return digest.hexdigest()


def _one_array(inputs: Any) -> pa.Array:
    """Inputs as one large_string or large_binary array."""
    if not isinstance(inputs, pa.Array | pa.ChunkedArray):
        inputs = pa.array(inputs)
    is_bytes = pa.types.is_binary(inputs.type) or pa.types.is_large_binary(inputs.type)
    inputs = inputs.cast(ARROW_TYPES["image" if is_bytes else "text"])
    return one_array(inputs) if isinstance(inputs, pa.ChunkedArray) else inputs


def _feed(digest: Any, array: pa.Array) -> None:
    """Hash a large array's lengths and then its bytes: together they tell rows apart."""
    if not len(array):
        return
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[array.offset :][: len(array) + 1]
    digest.update(np.diff(ends).astype("<i8").tobytes())
    if data is not None:
        digest.update(memoryview(data)[int(ends[0]) : int(ends[-1])])


def uniform_draws(ids: NDArray[Any], seed: int, stage: str) -> NDArray[np.float64]:
    """A uniform draw in [0, 1) for each id, shape (n,), whatever the order of the rows."""
    rank = np.argsort(np.argsort(ids, kind="stable"), kind="stable")
    draws: NDArray[np.float64] = np.random.default_rng(seed_for(seed, stage)).random(len(ids))
    return draws[rank]

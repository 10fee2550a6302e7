"""What a trainer of the user's own answered, checked row by row: the one place for both its forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import excerpt
from trainables.data.dataset import Dataset
from trainables.errors import DataError
from trainables.outcome import LARGEST_LOSS, Outcome

# How far the probabilities of a row may be from 1 together.
_SLACK = 1e-3
_PROBS = "probs"


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """What answers are held against.

    Attributes:
        who: The trainer, for messages.
        dataset: Its test split is answered for.
        values: How each class is written in the user's column, shape (c,).
        shows_answers: Whether the trainer saw what is to be predicted, and may compute a loss.
        needs: Columns that must be there.
    """

    who: str
    dataset: Dataset
    values: Sequence[object]
    shows_answers: bool = False
    needs: Sequence[str] = ()

    def fault(self, column: str, row: int, got: object, allowed: str) -> DataError:
        """The error that names a column, its first bad row, what it holds, and what it may hold."""
        (known,) = self.dataset.test.ids[row : row + 1].tolist()
        return DataError(
            f"{self.who}: column {column}, row {row} (id {excerpt(known)}): {excerpt(got)}; {allowed}"
        )


def outcome_of(table: pa.Table, expected: Expected) -> Outcome:
    """The outcome that a trainer's answer comes to.

    Args:
        table: As it was returned or written.
        expected: What it is held against.

    Raises:
        DataError: If it is not an answer for each test row; one line, of the first fault.
    """
    n = len(expected.dataset.test)
    if len(table) != n:
        raise DataError(
            f"{expected.who} answered {len(table):,} rows; the test set has {n:,}: give one answer a "
            "test row, in its order"
        )
    table = _with_joined_probs(table, expected)
    columns: dict[str, NDArray[Any]] = {}
    for name in table.column_names:
        _check_filled(name, table[name], expected)
        if name == "id":
            _check_ids(table[name], expected)
        elif name == _PROBS:
            columns |= _of_probs(table[name], expected)
    for name in table.column_names:
        if name == "predicted":
            columns[name] = _predicted(table[name], expected)
        elif name not in ("id", _PROBS):
            columns[name] = _numbers(name, table[name], expected)
    if "loss" in table.column_names and not expected.shows_answers:
        raise DataError(
            f"{expected.who} gave a column loss, but the answers of the test set are held back from it, so "
            "it can be no loss of theirs: give probs, or call the column by another name"
        )
    _check_weights(columns, expected)
    if not columns:
        raise DataError(
            f"{expected.who} gave ids alone; give predicted, probs or columns of your own"
        )
    if lacking := [name for name in expected.needs if name not in columns]:
        has = ", ".join(columns)
        raise DataError(
            f"{expected.who} gave {has}; the metric needs {', '.join(lacking)}{_how(lacking, expected)}"
        )
    return Outcome(columns=columns)


def _how(lacking: Sequence[str], expected: Expected) -> str:
    if {"loss", _PROBS} & {*lacking} and expected.dataset.class_names:
        c = len(expected.dataset.class_names)
        return (
            f": return probabilities of shape (n, {c}), classes in the order {_classes(expected)}"
        )
    return ": return a dict with that column"


def _classes(expected: Expected) -> str:
    shown = ", ".join(excerpt(value) for value in expected.values[:10])
    more = len(expected.values) - 10
    return shown + (f" and {more} more" if more > 0 else "")


def _with_joined_probs(table: pa.Table, expected: Expected) -> pa.Table:
    """Columns probs.CLASS, as a CSV has them, as the one column probs; classes are in their order."""
    parts = [name for name in table.column_names if name.startswith(f"{_PROBS}.")]
    if not parts:
        return table
    wanted = [f"{_PROBS}.{value}" for value in expected.values]
    if {*parts} != {*wanted} or _PROBS in table.column_names:
        raise DataError(
            f"{expected.who} gave {', '.join(parts[:10])}; give {', '.join(wanted[:10])}, one column a class"
        )
    each = [_numbers(name, table[name], expected) for name in wanted]
    flat = pa.array(np.stack(each, axis=1).ravel())
    joined = pa.FixedSizeListArray.from_arrays(flat, len(wanted))
    return table.drop_columns(parts).append_column(_PROBS, joined)


def _check_filled(name: str, column: pa.ChunkedArray, expected: Expected) -> None:
    if column.null_count:
        row = int(np.flatnonzero(np.asarray(column.is_null()))[0])
        raise expected.fault(name, row, None, "every row needs a value")


def _check_ids(column: pa.ChunkedArray, expected: Expected) -> None:
    for row, (got, known) in enumerate(
        zip(column.to_pylist(), expected.dataset.test.ids.tolist(), strict=True)
    ):
        if str(got) != str(known):
            raise expected.fault(
                "id", row, got, f"the test set has {excerpt(known)} there: answer in its order"
            )


def _of_probs(column: pa.ChunkedArray, expected: Expected) -> dict[str, NDArray[Any]]:
    """Probabilities, what they say is most likely, and the loss of the true class."""
    dataset = expected.dataset
    if not dataset.class_names:
        wide = _matrix(_PROBS, column, expected, None)
        if wide.shape[1] == 1:  # numbers to predict of shape (n, 1)
            return {"predicted": wide[:, 0]}
        raise DataError(
            f"{expected.who} gave probs of shape {wide.shape}, and {dataset.name} has no classes; give "
            "numbers of shape (n,)"
        )
    probs = _matrix(_PROBS, column, expected, len(dataset.class_names))
    if (bad := np.flatnonzero((probs < 0).any(axis=1))).size:
        raise expected.fault(
            _PROBS, int(bad[0]), probs[bad[0]].tolist(), "probabilities are 0 or more"
        )
    sums = probs.sum(axis=1)
    if (bad := np.flatnonzero(np.abs(sums - 1) > _SLACK)).size:
        row = int(bad[0])
        raise expected.fault(
            _PROBS,
            row,
            probs[row].tolist(),
            f"a row sums to 1, within {_SLACK:g}, not to {sums[row]:g}",
        )
    of_truth = probs[np.arange(len(probs)), dataset.test.labels]
    with np.errstate(divide="ignore"):
        loss = np.minimum(-np.log(of_truth), LARGEST_LOSS)
    kept = {_PROBS: probs} if _PROBS in expected.needs else {}
    return {"predicted": probs.argmax(axis=1), "loss": np.maximum(loss, 0.0), **kept}


def _matrix(
    name: str, column: pa.ChunkedArray, expected: Expected, width: int | None
) -> NDArray[np.float64]:
    """A column of lists of finite numbers, all as long, shape (n, width)."""
    kind = column.type
    if not (
        pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind)
    ):
        raise expected.fault(name, 0, column[0].as_py(), "give a list of one number a class")
    lengths = np.asarray(pc.list_value_length(column.combine_chunks()))
    width = int(lengths[0]) if width is None else width
    if (bad := np.flatnonzero(lengths != width)).size:
        row = int(bad[0])
        raise expected.fault(
            name, row, column[row].as_py(),
            f"it has {lengths[row]} numbers; there are {width} classes: {_classes(expected)}",
        )  # fmt: skip
    flat = pc.list_flatten(column)
    if not _is_numeric(flat.type):
        raise expected.fault(name, 0, column[0].as_py(), "give numbers")
    values = np.asarray(flat.cast(pa.float64())).reshape(-1, width)
    if (bad := np.flatnonzero(~np.isfinite(values).all(axis=1))).size:
        raise expected.fault(name, int(bad[0]), values[bad[0]].tolist(), "every number is finite")
    return values


def _predicted(column: pa.ChunkedArray, expected: Expected) -> NDArray[Any]:
    """Class numbers where there are classes, else finite numbers; shape (n,)."""
    if not expected.dataset.class_names:
        return _numbers("predicted", column, expected)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type):
        raise expected.fault("predicted", 0, column[0].as_py(), "give one class a row")
    if pa.types.is_floating(column.type):
        _numbers("predicted", column, expected)
    codes = _codes(expected)
    known = {value: codes.get(_plain(value)) for value in pc.unique(column).to_pylist()}
    answers = column.to_pylist()
    for row, value in enumerate(answers):
        if known[value] is None:
            hint = ""
            if isinstance(value, float) and not value.is_integer():
                hint = "; probabilities are of shape (n, c)"
            raise expected.fault(
                "predicted", row, value, f"the classes are {_classes(expected)}{hint}"
            )
    return np.array([known[value] for value in answers], dtype=np.int64)


def _codes(expected: Expected) -> dict[str, int]:
    """What may be answered for each class: as it is written in the user's column, or as a text.

    Where the classes are no numbers, their number in the order of the plan means a class, too.
    """
    codes = {_plain(value): number for number, value in enumerate(expected.values)}
    names = {_plain(name): number for number, name in enumerate(expected.dataset.class_names)}
    numbers = {str(number): number for number in range(len(names))}
    return {**({} if {*codes} & {*numbers} else numbers), **names, **codes}


def _plain(value: object) -> str:
    """A value as a text, the same for 1, 1.0 and "1", and for True and "true"."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    text = str(value)
    return text.lower() if text in ("True", "False") else text


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )


def _numbers(name: str, column: pa.ChunkedArray, expected: Expected) -> NDArray[np.float64]:
    """Finite numbers, shape (n,)."""
    if not _is_numeric(column.type):
        raise expected.fault(name, 0, column[0].as_py(), "give a number a row")
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values: NDArray[np.float64] = np.asarray(column.cast(pa.float64()))
    if (bad := np.flatnonzero(~np.isfinite(values))).size:
        row = int(bad[0])
        raise expected.fault(name, row, float(values[row]), "every number is finite")
    return values


def _check_weights(columns: dict[str, NDArray[Any]], expected: Expected) -> None:
    if (weights := columns.get("weight")) is None:
        return
    if (bad := np.flatnonzero(weights < 0)).size:
        raise expected.fault("weight", int(bad[0]), float(weights[bad[0]]), "weights are 0 or more")
    if not weights.any():
        raise DataError(f"{expected.who}: column weight is 0 in every row; some must count")

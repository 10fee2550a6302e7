"""One call of a function, in a process of its own: tables in, the function, its answer out."""

import json
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from trainables.data.columns import excerpt
from trainables.errors import DataError
from trainables.whole_file import whole_file

ANSWER, DONE = "answer.arrow", "done.json"
_ALLOWED = (
    "return one answer a test row: classes or numbers of shape (n,), probabilities of shape (n, c), or a "
    "dict, Table or DataFrame of such columns"
)


@dataclass
class Progress:
    """What a trainer reports of itself.

    Attributes:
        started: When its call began, as time.perf_counter tells it.
        trained: When it said that training had ended; None where it did not.
        examples: Trained on so far, as it last said.
        tokens: Of them.
    """

    started: float = field(default_factory=time.perf_counter)
    trained: float | None = None
    examples: int = 0
    tokens: int = 0

    def report(self, done: float, examples: int = 0, tokens: int = 0) -> None:
        """How far the training is.

        Args:
            done: Share of it, in [0, 1]; at 1 training ends, and what follows is evaluation.
            examples: Samples trained on so far, repeats counted.
            tokens: Of them.

        Raises:
            ValueError: If a number is out of its range.
        """
        if not 0 <= done <= 1:
            raise ValueError(f"report(done={done!r}): it is a share of the training, in [0, 1]")
        if not (math.isfinite(examples) and math.isfinite(tokens) and min(examples, tokens) >= 0):
            raise ValueError(
                f"report(examples={examples!r}, tokens={tokens!r}): give counts so far"
            )
        self.examples, self.tokens = int(examples), int(tokens)
        if done >= 1 and self.trained is None:
            self.trained = time.perf_counter()

    def told(self) -> dict[str, float]:
        """What it comes to at the call's end."""
        end = time.perf_counter()
        trained = end if self.trained is None else self.trained
        return {
            "examples": self.examples,
            "tokens": self.tokens,
            "seconds_training": trained - self.started,
            "seconds_evaluation": end - trained,
        }


def answer_call(
    function: Callable[..., Any], call: Mapping[str, Any], late: Callable[[], list[str]]
) -> int:
    """Call the function, and leave its answer in the call's folder.

    Args:
        function: The user's.
        call: folder; tables, their files by name; given, the other parameters; settings.
        late: Files of the user's that were imported only during the call; it raises a DataError if one
            of those that were known had changed by then.

    Returns:
        The process's exit code: 0 where there is an answer, or a fault of it is told.
    """
    me, folder = os.getpid(), Path(call["folder"])
    tables = {name: mapped_table(Path(path)) for name, path in call["tables"].items()}
    progress = Progress()
    given: dict[str, Any] = {"report": progress.report} if call["reports"] else {}
    given |= {**tables, **call["given"], **call["settings"]}
    if "scratch" in given:
        given["scratch"] = Path(given["scratch"])
    code = 1
    try:
        returned = function(**given)
        if os.getpid() != me:  # a fork of the user's own that came back from the function, too
            os._exit(0)
        told: dict[str, Any] = progress.told()
        try:
            told["late"] = late()
            write_arrow(answer_table(returned), folder / ANSWER)
        except DataError as error:
            told = {"fault": str(error)}
        with whole_file(folder / DONE) as draft:
            draft.write_text(json.dumps(told), encoding="utf-8")
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)  # noqa: T201 - as Python itself does
    except BaseException:
        traceback.print_exc()
    finally:
        if os.getpid() == me:
            _flush()
    return code & 0xFF


def answer_table(returned: object) -> pa.Table:
    """What a trainer returned, as a table of columns that nobody has checked.

    An array of shape (n,) is the column predicted, one of shape (n, c) the column probs.

    Raises:
        DataError: If it is nothing of the kind.
    """
    if returned is None:
        raise DataError(f"it returned None; {_ALLOWED}")
    if isinstance(returned, pa.RecordBatch):
        returned = pa.table(returned)
    if isinstance(returned, pa.Table):
        table = returned
    elif isinstance(returned, Mapping):
        table = _of_columns(returned)
    elif hasattr(returned, "columns") and hasattr(returned, "__getitem__"):  # a DataFrame
        table = _of_columns({str(name): returned[name] for name in returned.columns})
    else:
        column = _column(returned, "what it returned")
        table = pa.table({"probs" if _is_wide(column) else "predicted": column})
    if not table.num_columns:
        raise DataError(f"it returned {type(returned).__name__} without a column; {_ALLOWED}")
    names = [str(name) for name in table.column_names]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"it returned the columns {twice} twice; give each once")
    return table


def _of_columns(columns: Mapping[Any, Any]) -> pa.Table:
    arrays = {
        str(name): _column(values, f"column {str(name)!r}") for name, values in columns.items()
    }
    if len({len(array) for array in arrays.values()}) > 1:
        sizes = ", ".join(f"{name} {len(array):,}" for name, array in arrays.items())
        raise DataError(f"its columns are of {sizes} rows; give one a test row in each")
    return pa.table(arrays)


def _column(values: Any, what: str) -> pa.Array:
    """One column: numbers, texts, or a list of numbers a row."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if hasattr(values, "detach"):  # a tensor of torch
        values = values.detach().cpu()
        values = (values.float() if values.is_floating_point() else values).numpy()
    if isinstance(values, str | bytes | Mapping | set | frozenset) or not hasattr(
        values, "__len__"
    ):
        raise DataError(f"{what} is {type(values).__name__}, {excerpt(values)}; {_ALLOWED}")
    try:
        if hasattr(values, "to_numpy") or isinstance(values, list | tuple):
            return _of_rows(values)
        if np.ma.is_masked(values):
            return _of_rows(values.tolist())  # what is masked is None
        array = np.asarray(values)
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        if array.ndim == 2:
            flat = pa.array(np.ascontiguousarray(array).ravel())
            return pa.FixedSizeListArray.from_arrays(flat, max(array.shape[1], 1))
        if array.ndim == 1:
            return pa.array(array.tolist() if array.dtype == object else array)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise DataError(
            f"{what} holds what is no number and no text: {excerpt(str(error))}; {_ALLOWED}"
        ) from error
    raise DataError(f"{what} has the shape {array.shape}; {_ALLOWED}")


def _of_rows(values: Any) -> pa.Array:
    """A list, whose rows may be arrays, or a column of a DataFrame."""
    if isinstance(values, list | tuple):
        rows = [row.tolist() if hasattr(row, "tolist") else row for row in values]
        return pa.array([list(row) if isinstance(row, tuple) else row for row in rows])
    if hasattr(values, "to_arrow"):  # polars
        return values.to_arrow()
    return pa.Array.from_pandas(values)


def _is_wide(column: pa.Array) -> bool:
    return bool(pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type))


def mapped_table(path: Path) -> pa.Table:
    """An Arrow file's table, mapped into memory."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def write_arrow(table: pa.Table, path: Path) -> None:
    """Write a table as an Arrow file, whole or not at all."""
    with whole_file(path) as draft, pa.ipc.new_file(str(draft), table.schema) as file:
        file.write_table(table)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue

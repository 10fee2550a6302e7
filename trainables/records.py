"""A TrialResult as a JSON row and as a row of trials.parquet: the one format both ends share."""

import base64
import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trainables.errors import DataError
from trainables.result import PHASES, Phase, TrialResult
from trainables.spec import TrialSpec

# Raised when a column changes its meaning; a reader refuses rows of another version.
SCHEMA_VERSION = 2


def to_json(result: TrialResult) -> str:
    """One row as a line of JSON; `from_json` reads it back."""
    row = asdict(result)
    row["spec"] = result.spec.to_dict()
    row["correct"] = base64.b64encode(result.correct).decode()
    row["recall"] = [None if math.isnan(value) else value for value in result.recall]
    row["schema_version"] = SCHEMA_VERSION
    row["result_key"] = result.spec.result_key
    return json.dumps(row, sort_keys=True, allow_nan=False)


def from_json(text: str) -> TrialResult:
    """The row that `to_json` wrote.

    Raises:
        ValueError: If text is not such a row, or of another schema version.
    """
    try:
        row = json.loads(text)
        version = row.pop("schema_version")
        key = row.pop("result_key")
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise DataError(f"not a trial's row: {error}") from error
    if version != SCHEMA_VERSION:
        raise DataError(
            f"row has schema version {version}, this release reads {SCHEMA_VERSION}; "
            "read it with the release that wrote it"
        )
    try:
        result = _from_row(row)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"not a trial's row: {error}") from error
    if result.spec.result_key != key:
        raise DataError(f"row is named {key} but its spec gives {result.spec.result_key}")
    return result


def _from_row(row: dict[str, Any]) -> TrialResult:
    row["spec"] = TrialSpec.from_dict(row["spec"])
    row["correct"] = base64.b64decode(row["correct"], validate=True)
    row["recall"] = tuple(math.nan if value is None else value for value in row["recall"])
    row["phases"] = {name: Phase(**values) for name, values in row["phases"].items()}
    for name in ("class_names", "class_counts", "kept_counts", "test_counts", "warnings"):
        row[name] = tuple(row[name])
    return TrialResult(**row)


def write_parquet(results: Iterable[TrialResult], path: Path) -> None:
    """Compact rows into one tidy Parquet table, one row a trial.

    Columns: result_key, the spec's fields (settings and training as JSON), status, error,
    accuracy, n_train, n_kept, n_test, twins_lost, neighbours_recall, one column per phase and measure
    (training_seconds, ...), lists warnings, class_names, recall, class_counts, kept_counts, test_counts, finished,
    host, and `row`, the JSON that `read_parquet` gives back unchanged.
    """
    pq.write_table(pa.Table.from_pylist([_tidy(r) for r in results], schema=_schema()), path)


def read_parquet(path: Path) -> list[TrialResult]:
    """The results that `write_parquet` wrote.

    Raises:
        ValueError: If a row is not a trial's row.
    """
    return [from_json(text) for text in pq.read_table(path, columns=["row"])["row"].to_pylist()]


_TEXT = (
    "result_key", "dataset", "data_sha", "model", "model_sha", "learner", "signal", "settings",
    "signal_sha", "prune", "selector", "selector_settings", "selector_sha", "protocol", "budget", "training", "status", "error", "finished", "host", "row",
)  # fmt: skip
_WHOLE = ("seed", "n_train", "n_kept", "n_test", "parameters")
_REAL = ("warmup", "rate", "accuracy", "twins_lost", "neighbours_recall")
_MEASURES = {
    "seconds": pa.float64(), "steps": pa.int64(), "examples": pa.int64(),
    "tokens": pa.int64(), "padded_tokens": pa.int64(),
}  # fmt: skip


def _schema() -> pa.Schema:
    columns = [(name, pa.string()) for name in _TEXT]
    columns += [(name, pa.int64()) for name in _WHOLE]
    columns += [(name, pa.float64()) for name in _REAL]
    columns += [(f"{p}_{m}", kind) for p in PHASES for m, kind in _MEASURES.items()]
    columns += [(name, pa.list_(pa.string())) for name in ("class_names", "warnings")]
    columns += [("recall", pa.list_(pa.float64()))]
    columns += [
        (name, pa.list_(pa.int64())) for name in ("class_counts", "kept_counts", "test_counts")
    ]
    return pa.schema(columns, metadata={"schema_version": str(SCHEMA_VERSION)})


def _tidy(result: TrialResult) -> dict[str, Any]:
    spec = result.spec.to_dict()
    measured = {f"{p}_{m}": v for p, use in result.phases.items() for m, v in asdict(use).items()}
    return {
        **spec,
        **measured,
        "settings": json.dumps(spec["settings"], sort_keys=True),
        "selector_settings": json.dumps(spec["selector_settings"], sort_keys=True),
        "training": json.dumps(spec["training"], sort_keys=True),
        "result_key": result.spec.result_key,
        "n_train": sum(result.class_counts),
        "n_kept": sum(result.kept_counts),
        "row": to_json(result),
        **{
            name: getattr(result, name)
            for name in (
                "status", "error", "accuracy", "n_test", "twins_lost", "neighbours_recall",
                "parameters", "class_names", "recall", "class_counts", "kept_counts", "test_counts",
                "finished", "host", "warnings",
            )
        },
    }  # fmt: skip

"""Trials as JSON rows and rows of trials.parquet, curves as JSON: the formats that both ends share."""

import base64
import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from trainables.errors import DamagedError, ReleaseError
from trainables.result import PHASES, Phase, TrainingCurve, TrialResult
from trainables.sealed_tables import open_sealed, sealed_parquet
from trainables.seals import read_sealed, seal
from trainables.spec import SPEC_VERSION, TrialSpec

# Raised when a column is new or changes its meaning; rows of a version not named here are refused.
SCHEMA_VERSION = 5
_READ = (2, 3, 4, 5)


_TUPLES = ("class_names", "class_counts", "kept_counts", "test_counts", "warnings", "outcome")


def to_json(result: TrialResult) -> str:
    """One row as a line of JSON; `from_json` reads it back."""
    row = asdict(result)
    row["spec"] = result.spec.to_dict()
    row["correct"] = base64.b64encode(result.correct).decode()
    row["recall"] = [None if math.isnan(value) else value for value in result.recall]
    row |= {"schema_version": SCHEMA_VERSION, "spec_version": result.spec.version}
    row["result_key"] = result.spec.result_key
    return seal(row).decode()


def from_json(text: str | bytes) -> TrialResult:
    """The row that `to_json` wrote; one of an earlier release carries no checksum, and that release's keys.

    Raises:
        DamagedError: If text is not such a row, or does not fit its checksum.
        ReleaseError: If a release wrote it whose rows this one does not read.
    """
    row = read_sealed(text)
    try:
        version = row.pop("schema_version")
        key = row.pop("result_key")
    except KeyError as error:
        raise DamagedError(f"not a trial's row: {error}") from error
    if version not in _READ:
        raise ReleaseError(
            f"row has schema version {version}, this release reads {_READ[0]} to {_READ[-1]}; "
            "read it with the release that wrote it"
        )
    stated = row.pop("spec_version", None)
    try:
        result = _from_row(row)
    except ReleaseError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"not a trial's row: {error}") from error
    return replace(result, spec=_as_named(result.spec, "result_key", key, stated))


def _as_named(spec: TrialSpec, name: str, key: str, stated: int | None) -> TrialSpec:
    """A spec by the SPEC_VERSION that gives the key under which its release kept what is of it.

    Args:
        spec: As this release reads it.
        name: Of the key.
        key: As it was kept.
        stated: The version that stands beside it; releases before schema version 5 wrote none.

    Raises:
        ReleaseError: If no version gives the key.
    """
    for version in (stated,) if stated else range(SPEC_VERSION, 0, -1):
        one = spec if version == spec.version else replace(spec, version=version)
        if getattr(one, name) == key:
            return one
    by = f"SPEC_VERSION {stated}" if stated else "a SPEC_VERSION that is not this one's"
    raise ReleaseError(
        f"row is named {key} but its spec gives {getattr(spec, name)}: it was changed, or a release wrote it "
        f"by {by}; this one's is {SPEC_VERSION}: read it with the release that wrote it, or give the sweep's "
        "command again with another --run"
    )


def _from_row(row: dict[str, Any]) -> TrialResult:
    row["spec"] = TrialSpec.from_dict(row["spec"])
    row["correct"] = base64.b64decode(row["correct"], validate=True)
    row["recall"] = tuple(math.nan if value is None else value for value in row["recall"])
    row["phases"] = {name: Phase(**values) for name, values in row["phases"].items()}
    steps = row.get("scoring_steps", {})
    row["scoring_steps"] = {name: Phase(**values) for name, values in steps.items()}
    for name in _TUPLES:
        row[name] = tuple(row.get(name, ()))
    return TrialResult(**row)


def curve_to_json(curve: TrainingCurve) -> str:
    """A training's curve as a line of JSON; `curve_from_json` reads it back."""
    right = base64.b64encode(zlib.compress(curve.right)).decode()
    row = {**asdict(curve), "spec": curve.spec.to_dict(), "right": right}
    named = {"curve_key": curve.spec.curve_key, "spec_version": curve.spec.version}
    return seal({**row, **named}).decode()


def curve_from_json(text: str | bytes) -> TrainingCurve:
    """The curve that `curve_to_json` wrote; one of an earlier release carries no checksum.

    Raises:
        DamagedError: If text is not such a curve, or does not fit its checksum.
        ReleaseError: If it is of a release whose curves this one does not read.
    """
    row = read_sealed(text)
    try:
        key, stated = row.pop("curve_key"), row.pop("spec_version", None)
        row["spec"] = TrialSpec.from_dict(row["spec"])
        row["right"] = zlib.decompress(base64.b64decode(row["right"], validate=True))
        row["epochs"], row["used"] = tuple(row["epochs"]), Phase(**row["used"])
        curve = TrainingCurve(**row)
        curve.bits()
    except ReleaseError:
        raise
    except (ValueError, AttributeError, KeyError, TypeError, zlib.error) as error:
        raise DamagedError(f"not a training's curve: {error}") from error
    return replace(curve, spec=_as_named(curve.spec, "curve_key", key, stated))


_PER_PHASE = {
    "seconds": pa.float64(), "steps": pa.int64(), "examples": pa.int64(),
    "tokens": pa.int64(), "padded_tokens": pa.int64(), "joules": pa.float64(),
}  # fmt: skip
_MEASURED = {
    **dict.fromkeys(("status", "error"), pa.string()),
    "warnings": pa.list_(pa.string()),
    "accuracy": pa.float64(),
    **dict.fromkeys(("n_train", "n_kept", "n_test"), pa.int64()),
    **dict.fromkeys(
        ("twins_lost", "removed_sure_other", "test_sure_other", "neighbours_recall"), pa.float64()
    ),
    "parameters": pa.int64(),
    "class_names": pa.list_(pa.string()),
    "recall": pa.list_(pa.float64()),
    **dict.fromkeys(("class_counts", "kept_counts", "test_counts"), pa.list_(pa.int64())),
    **dict.fromkeys(("device", "host", "finished"), pa.string()),
    **{f"{phase}_{name}": kind for phase in PHASES for name, kind in _PER_PHASE.items()},
}
# Columns of trials.parquet and their types; settings and training are JSON, `row` is the trial's.
TRIAL_COLUMNS = {
    **dict.fromkeys(
        (
            "result_key", "dataset", "data_sha", "method", "kind", "signal", "settings",
            "signal_sha", "prune", "selector", "selector_settings", "selector_sha", "protocol",
            "budget", "model", "model_sha", "learner", "training", "learner_settings",
            "learner_sha", "columns_sha", "scorer",
        ),
        pa.string(),
    ),
    **dict.fromkeys(("warmup", "rate"), pa.float64()),
    "seed": pa.int64(),
    "metric": pa.string(),
    "value": pa.float64(),
    "delta": pa.float64(),
    "unit": pa.string(),
    "flop": pa.float64(),
    **_MEASURED,
    "row": pa.string(),
}  # fmt: skip


def measured_columns(result: TrialResult) -> dict[str, Any]:
    """What was measured of a trial, by column; None of a phase that did not run."""
    derived: dict[str, Any] = {
        # Rows without classes are counted by none: not known, which is not 0.
        "n_train": sum(result.class_counts) if result.class_counts else None,
        "n_kept": sum(result.kept_counts) if result.kept_counts else None,
        "device": result.environment.get("device"),
    }
    for phase in PHASES:
        used = result.phases.get(phase)
        derived |= {f"{phase}_{name}": getattr(used, name, None) for name in _PER_PHASE}
    return {name: derived[name] if name in derived else getattr(result, name) for name in _MEASURED}


def write_parquet(
    results: Iterable[TrialResult], rows: Iterable[Mapping[str, Any]], path: Path
) -> None:
    """Write trials.parquet, one row a trial.

    Args:
        results: The trials; column `row` is their JSON, which `read_parquet` gives back unchanged.
        rows: Of each its values by the other names of TRIAL_COLUMNS; null where one is missing.
        path: The file.
    """
    full = [{**row, "row": to_json(one)} for one, row in zip(results, rows, strict=True)]
    table = pa.Table.from_pylist(full, schema=pa.schema(TRIAL_COLUMNS))
    path.write_bytes(sealed_parquet(table, compression="snappy"))


def read_parquet(path: Path) -> list[TrialResult]:
    """The results that `write_parquet` wrote; a table of an earlier release carries no checksum.

    Raises:
        DamagedError: If it is no such table, or does not fit its checksum.
        DataError: If a row is of another schema version.
    """
    file = open_sealed(path)
    try:
        texts = file.read(columns=["row"])["row"].to_pylist()
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DamagedError(f"not a table of trials: {error}") from error
    return [from_json(text) for text in texts]

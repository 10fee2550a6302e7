"""What trials say of each test row, and the answers: read when asked for.

RUN/outcomes holds an outcome a trial, RUN/tests the answers of each test set, so that a copied folder
can be judged anew. Accuracy needs neither: its bits stand in the rows.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.contributions import Truth
from analysis.mending import mended_by_command
from trainables.errors import DamagedError, DataError
from trainables.outcome import Outcome
from trainables.result import TrialResult
from trainables.sealed_tables import open_sealed, sealed_parquet

# Kinds of artifacts a trial leaves of the test set, in the order in which their columns are looked for.
OUTCOME, PROBS = "outcome", "probs"
_METADATA = b"prune-envelope"
_GROUP = "group."


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcomes:
    """Where outcomes and answers are found; nothing is read before it is asked for.

    Attributes:
        file: From a kind (OUTCOME or PROBS) and a trial's key to its file; None where there is none.
        answers: From the content of a data set to the answers of its test set, in the test set's
            order; None where there are none.
    """

    file: Callable[[str, str], Path | None] = lambda kind, key: None
    answers: Callable[[str], Truth | None] = lambda sha: None

    def __post_init__(self) -> None:
        """Keep what was read."""
        object.__setattr__(self, "ordered", lru_cache(maxsize=32)(self._ordered))

    ordered: Callable[[str], tuple[Truth, NDArray[np.int64]]] = field(init=False, repr=False)

    def _ordered(self, sha: str) -> tuple[Truth, NDArray[np.int64]]:
        """Answers in the order of `TrialResult.correct`, and which test row each is."""
        truth = self.answers(sha)
        if truth is None:
            raise DataError(
                f"the answers of the test set {sha[:12]} were not kept; the sweep's own command "
                "writes them, and trains nothing that is done"
            )
        n = len(truth.y) if truth.labels is not None or truth.targets is not None else 0
        if truth.labels is None:
            return truth, np.arange(n)
        order = np.argsort(truth.labels, kind="stable")
        return some_rows(truth, order), order

    def columns(self, row: TrialResult, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Columns of a trial in the order of the answers; those that were not kept are left out."""
        found: dict[str, NDArray[Any]] = {}
        for kind in (OUTCOME, PROBS):
            path = (
                self.file(kind, row.spec.result_key)
                if len(found) < len(names) or not names
                else None
            )
            if path is not None:
                there = [name for name in names or columns_in(path) if name in columns_in(path)]
                with mended_by_command(path):
                    of = row.spec.result_key
                    found |= Outcome.read(path, there, of=of).columns if there else {}
        _, order = self.ordered(row.spec.data_sha)
        if any(len(column) != row.n_test for column in found.values()):
            raise DataError(
                f"the outcome of trial {row.spec.result_key[:12]} is not of its {row.n_test} test rows"
            )
        return {name: column[order] if len(order) else column for name, column in found.items()}


def columns_in(path: Path) -> list[str]:
    """The columns of an outcome.

    Raises:
        DamagedError: If the file is no outcome, or does not fit its checksum.
    """
    with mended_by_command(path):
        names: list[str] = open_sealed(path).schema_arrow.names
    return names


def some_rows(truth: Truth, rows: NDArray[Any]) -> Truth:
    """The answers of some test rows, by mask or number, in that order."""
    return replace(
        truth,
        labels=None if truth.labels is None else truth.labels[rows],
        targets=None if truth.targets is None else truth.targets[rows],
        own={name: column[rows] for name, column in truth.own.items()},
    )


def outcomes_of(runs: Sequence[Path]) -> Outcomes:
    """The outcomes and answers in the folders of some runs."""

    def file(kind: str, key: str) -> Path | None:
        return next(
            (path for run in runs if (path := outcome_file(run, kind, key)).is_file()), None
        )

    def answers(sha: str) -> Truth | None:
        found = [path for run in runs if (path := answers_file(run, sha)).is_file()]
        return read_answers(found[0]) if found else None

    return Outcomes(file=file, answers=answers)


def outcome_file(run: Path, kind: str, key: str) -> Path:
    """Where the folder of a run has what a trial says of the test set."""
    return run / "outcomes" / (f"{key}.parquet" if kind == OUTCOME else f"{key}.{kind}.parquet")


def answers_file(run: Path, sha: str) -> Path:
    """Where the folder of a run has the answers of a test set."""
    return run / "tests" / f"{sha}.parquet"


def answers_parquet(truth: Truth, ids: NDArray[Any], *, of: str = "") -> bytes:
    """The answers of a test set as a Parquet file, row for row.

    Args:
        truth: Its answers; `own` are groups of rows, text each.
        ids: The rows' ids, shape (n,).
        of: Content of the data set.
    """
    columns = {"id": pa.array(ids.tolist())}
    if truth.labels is not None:
        columns["label"] = pa.array(truth.labels)
    if truth.targets is not None:
        columns["target"] = pa.array(truth.targets)
    columns |= {f"{_GROUP}{name}": pa.array(list(rows)) for name, rows in truth.own.items()}
    about = {
        "class_names": truth.class_names,
        "prior": None if truth.prior is None else truth.prior.tolist(),
        "mean": truth.mean,
        "median": truth.median,
    }
    table = pa.table(columns).replace_schema_metadata({_METADATA: json.dumps(about).encode()})
    return sealed_parquet(table, of=of)


def read_answers(path: Path) -> Truth:
    """The answers that `answers_parquet` gave, in a file named by the content of the data set.

    Raises:
        DamagedError: If the file is no such table, of another test set, or does not fit its checksum.
    """
    with mended_by_command(path):
        return _truth_in(open_sealed(path, of=path.stem))


def _truth_in(file: pq.ParquetFile) -> Truth:
    try:
        table = file.read()
        about = json.loads(table.schema.metadata[_METADATA])
        prior = about["prior"]
        return Truth(
            labels=table["label"].to_numpy() if "label" in table.column_names else None,
            targets=table["target"].to_numpy() if "target" in table.column_names else None,
            class_names=tuple(about["class_names"]),
            prior=None if prior is None else np.array(prior),
            mean=about["mean"],
            median=about["median"],
            own={
                name.removeprefix(_GROUP): np.array(table[name].to_pylist(), dtype=object)
                for name in table.column_names
                if name.startswith(_GROUP)
            },
        )
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"not the answers of a test set: {error}") from error

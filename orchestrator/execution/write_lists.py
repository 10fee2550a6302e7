"""The rows that stay by a list that fresh seeds train on, as a file to train on them oneself."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from orchestrator.planning.plan import Sweep
from orchestrator.store.atomic import atomic_write
from trainables.arrays import rows_sha
from trainables.data.dataset import Dataset
from trainables.sealed_tables import open_sealed, sealed_parquet
from trainables.spec import TrialSpec

# Digits of a list's hash, and of a data set's, in the names of files.
_DIGITS, _OF_DATA = 12, 6


@dataclass(frozen=True, kw_only=True)
class WrittenList:
    """A file of rows that stay.

    Attributes:
        path: RUN/survivors/HASH.parquet.
        dataset: Of which data set.
        count: How many rows.
    """

    path: Path
    dataset: str
    count: int


def write_lists(sweep: Sweep) -> Iterator[WrittenList]:
    """Write RUN/survivors/HASH.parquet for each list that fresh seeds train on, where there is one."""
    lists = {spec.survivors_key: spec for spec in sweep.specs if spec.shares_list}
    for key, spec in lists.items():
        found = sweep.store.find("survivors", key)
        if found is None:
            continue
        keep = pq.read_table(found, columns=["keep"])["keep"].to_numpy()
        dataset = sweep.datasets[spec.data_sha]
        path = write_list(sweep.run.folder, spec, dataset, keep)
        name = f"{dataset.name} (altered)" if dataset.sha in sweep.plan.altered else dataset.name
        yield WrittenList(path=path, dataset=name, count=int(keep.sum()))


def write_list(folder: Path, spec: TrialSpec, dataset: Dataset, keep: NDArray[np.bool_]) -> Path:
    """Write RUN/survivors/HASH.parquet: `row`, `id`, `label` of what stays, and in its metadata of what.

    HASH is the first 12 digits of the hash that page and rows give the list; where another data set of the
    run has a list of the same hash, the first 6 of the data's follow. `label` is the class's name, or
    the number to predict; there is none where there is neither.

    Args:
        folder: The run's.
        spec: The fixed trial that names the list.
        dataset: With the rows of its own files.
        keep: Which training rows stay, shape (n,).

    Returns:
        The file.
    """
    sha = rows_sha(keep)
    about = {"spec": spec.to_dict(), "n": len(keep), "sha": sha}
    table = kept_table(dataset, keep, answers="label")
    table = table.replace_schema_metadata({"about": json.dumps(about, sort_keys=True)})
    path = folder / "survivors" / f"{sha[:_DIGITS]}.parquet"
    if path.exists() and _data_of(path) not in ("", spec.data_sha):
        path = path.with_stem(f"{path.stem}-{spec.data_sha[:_OF_DATA]}")
    atomic_write(path, sealed_parquet(table))
    return path


def _data_of(path: Path) -> str:
    """The content of the data set that a file of rows is of; empty where it does not say."""
    about = (open_sealed(path).schema_arrow.metadata or {}).get(b"about")
    return str(json.loads(about)["spec"]["data_sha"]) if about else ""


def kept_table(dataset: Dataset, keep: NDArray[np.bool_], *, answers: str) -> pa.Table:
    """Who stays: `row`, the number in the user's own file, from 0, `id`, and what is to be predicted.

    Args:
        dataset: With the rows of its own files; what the package made has the numbers of its own rows, and
            a copy that a stress test added has none.
        keep: Which training rows stay, shape (n,).
        answers: What the column of classes or numbers is called; there is none where there is neither.
    """
    stay = np.flatnonzero(keep)
    rows = stay if dataset.train.rows is None else dataset.train.rows[stay]
    columns = {
        "row": pa.array(rows, pa.int64(), mask=rows < 0),
        "id": pa.array(dataset.train.ids[stay]),
    }
    if (found := dataset.answers(stay)) is not None:
        columns[answers] = pa.array(found)
    return pa.table(columns)

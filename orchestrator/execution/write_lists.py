"""The rows that stay by a list that fresh seeds train on, as a file to train on them oneself."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.planning.plan import Sweep
from orchestrator.store.atomic import atomic_write
from trainables.arrays import rows_sha


@dataclass(frozen=True, kw_only=True)
class KeptRows:
    """A file of rows that stay.

    Attributes:
        path: RUN/survivors/HASH.parquet.
        dataset: Of which data set.
        count: How many rows.
    """

    path: Path
    dataset: str
    count: int


def write_lists(sweep: Sweep) -> Iterator[KeptRows]:
    """Write RUN/survivors/HASH.parquet for each list there is: `row`, `id`, `label` of what stays.

    HASH is the first 12 digits of the hash that page and rows give the list, `row` the number in the
    data set's own order, from 0, and `label` the class's name, or the number to predict; there is none
    where there is neither.
    """
    lists = {spec.survivors_key: spec for spec in sweep.specs if spec.shares_list}
    for key, spec in lists.items():
        found = sweep.store.find("survivors", key)
        if found is None:
            continue
        keep = pq.read_table(found, columns=["keep"])["keep"].to_numpy()
        dataset = sweep.datasets[spec.data_sha]
        stay = np.flatnonzero(keep)
        columns = {"row": stay, "id": pa.array(dataset.train.ids[stay])}
        if (answers := dataset.answers(stay)) is not None:
            columns["label"] = answers
        table = pa.table(columns)
        text = io.BytesIO()
        pq.write_table(table, text, compression="zstd")
        path = sweep.run.folder / "survivors" / f"{rows_sha(keep)[:12]}.parquet"
        atomic_write(path, text.getvalue())
        name = f"{dataset.name} (altered)" if dataset.sha in sweep.plan.altered else dataset.name
        yield KeptRows(path=path, dataset=name, count=len(stay))

"""The training rows that stay, as numbers of the user's own file: to choose them oneself."""

import hashlib
import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from analysis.chosen_conditions import Chosen
    from trainables.spec import TrialSpec

_LISTS = "survivors"


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptRows:
    """One list of training rows that stay.

    Attributes:
        rows: Their numbers in the user's own training file, from 0, all shards in order, ascending; shape
            (k,), int64.
        ids: The user's own ids, or the row numbers, shape (k,).
        sha: sha256 that names which rows stay.
        n: Training rows there were.
    """

    rows: "NDArray[np.int64]"
    ids: "NDArray[Any]"
    sha: str
    n: int

    def __len__(self) -> int:
        return len(self.rows)


def kept(
    run: str | Path,
    dataset: str | None = None,
    method: str | None = None,
    rate: float | None = None,
) -> KeptRows:
    """The training rows that stay by a run's answer, or by a condition of it that is named.

    `torch.utils.data.Subset(train, kept(RUN).rows)` and `train.select(kept(RUN).rows)` of a Hugging Face
    data set are the pruned training set, where `train` is all of the training file.

    Args:
        run: Folder of a run, or of a data set that `prune-envelope prune` wrote.
        dataset: Which of the run's data sets; may be left out of one.
        method: As `prune-envelope prune --method` takes it; None for the answer's.
        rate: Share removed; None for the answer's, or the method's largest that is within.

    Raises:
        AbsentError: If no list of that condition has been made: `prune-envelope prune` makes it.
        DataError: If the rows were altered by a stress test, and are those of no file.
        NotShownError: If the run does not show the condition to be within.
        UsageError: If a name is not known.
    """
    run = Path(run)
    if (run / "kept.parquet").is_file():
        return _of_folder(run, dataset, method, rate)
    from analysis.chosen_conditions import chosen_condition
    from analysis.study import read_runs
    from trainables.errors import AbsentError, DataError, NotShownError, UsageError

    study = read_runs([run])
    try:
        chosen = chosen_condition(study, dataset=dataset or "", method=method or "", rate=rate)
    except (NotShownError, UsageError) as error:  # they name the command's flags
        raise type(error)(f"{error} Here: kept(RUN, dataset=, method=, rate=).") from error
    if chosen.source.data_sha in study.plan.altered:
        raise DataError(
            f"{run}: the rows of {chosen.answer.name} were altered on purpose, by a stress test; its lists name "
            "rows of no file"
        )
    for path in sorted((run / _LISTS).glob("*.parquet")):
        table, about = _read(path)
        if about and _is_of(about["spec"], chosen):
            return _kept(table, about["sha"], about["n"])
    flags = ["--dataset", chosen.answer.name, "--method", chosen.method_text]
    flags += ["--rate", f"{chosen.row.cell.condition.rate:g}"]
    command = shlex.join(["prune-envelope", "prune", str(run), *flags, "OUT"])
    raise AbsentError(f"{run}: no list of {chosen.words} was made yet; make it: {command}")


def _of_folder(out: Path, dataset: str | None, method: str | None, rate: float | None) -> KeptRows:
    """The rows of a pruned data set, which are those of one condition."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from analysis.pruned_files import PruneRecord
    from trainables.errors import DamagedError, DataError, UsageError
    from trainables.seals import file_bytes

    if (dataset, method, rate) != (None, None, None):
        raise UsageError(
            f"{out} is a pruned data set, of one condition; leave dataset, method and rate out, or name the run"
        )
    try:
        record = PruneRecord.from_json(file_bytes(out / "prune.json"))
        data = file_bytes(out / "kept.parquet")
        if record.kept_sha256 not in ("", hashlib.sha256(data).hexdigest()):
            raise DamagedError("kept.parquet is not the file that was written")
        return _kept(pq.read_table(pa.BufferReader(data)), record.list_sha, record.n_train)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{out}: not what prune-envelope prune wrote: {error}") from error


def _read(path: Path) -> "tuple[pa.Table, dict[str, Any]]":
    """A file of rows, and what it says of them; nothing where an earlier release wrote it."""
    import pyarrow as pa

    from analysis.mending import mended_by_command
    from trainables.errors import DataError
    from trainables.sealed_tables import open_sealed
    from trainables.spec import TrialSpec

    with mended_by_command(path):
        file = open_sealed(path)
    try:
        table = file.read()
        told = json.loads((table.schema.metadata or {}).get(b"about", b"{}"))
        return table, {**told, "spec": TrialSpec.from_dict(told["spec"])} if told else {}
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise DataError(f"{path}: not a list of rows: {error}") from error


def _is_of(spec: "TrialSpec", chosen: "Chosen") -> bool:
    """Whether a list is that of a condition, by the scores of just its seeds."""
    from analysis.methods import condition_of

    own, of = condition_of(spec), chosen.row.cell.condition
    if of.scored_by:
        return own == of
    method = own.method._replace(kind=of.method.kind, protocol=of.method.protocol)
    at = (own.source, method, own.warmup, own.rate, set(own.scored_by))
    return at == (of.source, of.method, of.warmup, of.rate, set(chosen.row.cell.seeds))


def _kept(table: "pa.Table", sha: str, n: int) -> KeptRows:
    from trainables.errors import DataError

    if table["row"].null_count:
        raise DataError("some rows that stay were added by a stress test, and are those of no file")
    return KeptRows(
        rows=table["row"].to_numpy(),
        ids=table["id"].to_numpy(zero_copy_only=False),
        sha=sha,
        n=n,
    )

"""Writing the rows that stay of a large file: seconds of the processor and memory, ours beside pandas and pyarrow.

    python -m benchmarks.rewriting [--rows 1000000] [--folder FOLDER]

Rows of 120 characters, an id and a label; 70 % stay. Ours is what `prune` does of a file's rows; naive is
to read all, filter and write, by pyarrow for Parquet and by pandas for CSV and JSON Lines; whole is
loading the data set, writing its splits and reading the result again to check it. Each runs in a process of
its own, and its MB are the most it held beyond what it held once its modules were loaded; what else runs on the
machine does not count.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from numpy.typing import NDArray

from orchestrator.terminal.console import open_console
from trainables.data.catalog import Source, load
from trainables.data.csv_dialects import Dialect
from trainables.data.readers import FORMATS
from trainables.data.rewriting import check_written, write_splits
from trainables.data.row_marks import RowMarks

ENDINGS = (".parquet", ".csv", ".jsonl")
STAY = 0.7
_BATCH = 50_000


def ours(path: Path, out: Path, stays: NDArray[np.int64]) -> None:
    """As the package writes them."""
    FORMATS[path.suffix].rewrite(path, out, RowMarks(stays), Dialect())


def naive(path: Path, out: Path, stays: NDArray[np.int64]) -> None:
    """All read, filtered, and written."""
    if path.suffix == ".parquet":
        pq.write_table(pq.read_table(path).take(pa.array(stays)), out)
    elif path.suffix == ".csv":
        pd.read_csv(path).iloc[stays].to_csv(out, index=False)
    else:
        pd.read_json(path, lines=True).iloc[stays].to_json(out, orient="records", lines=True)


def whole(path: Path, out: Path, stays: NDArray[np.int64]) -> None:
    """Loaded, a tenth held out, written, read again and compared."""
    source = Source(name=str(path), test_fraction=0.1)
    dataset = load(source)
    keep = {name: np.ones(len(split), dtype=bool) for name, split in dataset.splits.items()}
    keep["train"] = np.isin(dataset.train.rows, stays)
    write_splits(source, dataset, keep, out / "data")
    check_written(source, dataset, keep, out / "data")


WAYS: dict[str, Callable[[Path, Path, NDArray[np.int64]], None]] = {
    "ours": ours,
    "naive": naive,
    "whole": whole,
}


def stays_of(rows: int) -> NDArray[np.int64]:
    """Which rows stay."""
    return np.flatnonzero(np.random.default_rng(0).random(rows) < STAY)


def write_rows(folder: Path, rows: int) -> None:
    """The same rows in each format."""
    rng = np.random.default_rng(1)
    words = [f"word{k:03}" for k in range(1000)]
    paths = {ending: folder / f"mine{ending}" for ending in ENDINGS}
    schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("label", pa.string())])
    with (
        pq.ParquetWriter(paths[".parquet"], schema) as parquet,
        paths[".csv"].open("w") as comma,
        paths[".jsonl"].open("w") as lines,
    ):
        for start in range(0, rows, _BATCH):
            chosen = rng.integers(0, len(words), (min(_BATCH, rows - start), 15))
            frame = pd.DataFrame(
                {
                    "id": np.arange(start, start + len(chosen)),
                    "text": [" ".join(words[k] for k in row) for row in chosen.tolist()],
                    "label": np.where(chosen[:, 0] % 2, "pos", "neg"),
                }
            )
            parquet.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False))
            frame.to_csv(comma, index=False, header=not start)
            frame.to_json(lines, orient="records", lines=True)


def held_mb(kind: str) -> float:
    """Memory of this process: VmRSS as it is, VmHWM the most it ever was."""
    status = Path("/proc/self/status").read_text()
    found = next(line for line in status.splitlines() if line.startswith(kind))
    return int(found.split()[1]) / 1024


def measured(way: str, path: Path, out: Path) -> tuple[float, float]:
    """Seconds of the processor and MB of one way, in a process of its own."""
    rest = ["--way", way, "--path", str(path), "--folder", str(out)]
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.rewriting", *rest],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, mb = json.loads(said.stdout.splitlines()[-1])
    return seconds, mb


def main(
    rows: Annotated[int, typer.Option(help="Of each file.")] = 1_000_000,
    folder: Annotated[Path | None, typer.Option(help="Where files are written.")] = None,
    way: Annotated[str, typer.Option(hidden=True)] = "",
    path: Annotated[Path, typer.Option(hidden=True)] = Path(),
) -> None:
    """Measure and print."""
    if way and folder:
        stays = stays_of(pq.ParquetFile(path.with_suffix(".parquet")).metadata.num_rows)
        before, start = held_mb("VmRSS"), time.process_time()
        WAYS[way](path, folder, stays)
        seconds = time.process_time() - start
        print(json.dumps([seconds, held_mb("VmHWM") - before]))
        return
    show = open_console().print
    with tempfile.TemporaryDirectory(dir=folder) as held:
        write_rows(Path(held), rows)
        for ending in ENDINGS:
            file = Path(held) / f"mine{ending}"
            show(f"{ending}, {file.stat().st_size / 1e6:,.0f} MB on disk")
            found = {}
            for one in WAYS:
                out = Path(held) / f"{one}{ending}{'.out' * (one == 'whole')}"
                found[one] = measured(one, file, out)
                show(f"  {one}: {found[one][0]:.1f} s, {found[one][1]:,.0f} MB")
            seconds, mb = np.array(found["ours"]) / np.array(found["naive"])
            show(f"  ours / naive: {seconds:.2f} of the seconds, {mb:.2f} of the MB")


if __name__ == "__main__":
    typer.run(main)

"""One damaged file at a time: is it refused, read as the same, or read as something else?

    python benchmarks/damage.py [--times 300]

A small sweep is run in this process; then a file of each kind is damaged, many times, by a seed: one bit is
flipped, its end is cut off, a page is zeroed, it is emptied, another valid file of its kind or a folder
lies in its place. After each, its readers read: of a run's folder what `report` makes of it (verdicts.json and every
table), of the store what a worker finds. Goal: 0 silent, whatever the damage.
"""

import json
import logging
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.frames import load_run
from analysis.kept_rows import kept
from analysis.study import read_runs
from analysis.verdicts_json import verdicts_json
from orchestrator.store import atomic
from orchestrator.store.local import ArtifactStore
from tests.faults import corrupt
from tests.serial import command
from trainables.errors import EnvelopeError

FLAGS = [
    "--grid", "demo", "--dataset", "synthetic:400", "--model", "linear", "--limit-test", "100", "--seeds", "3",
    "--rate", "0.3", "--signal", "redundancy", "--signal", "random", "--epochs", "10", "--gpu-price", "2",
    "--no-confirm", "--run", "R", "--cache", "C",
]  # fmt: skip
HOWS = ("flipped", "truncated", "zeroed", "emptied", "swapped", "a-folder")
RUN_FILES = {
    "rows": "trials/*.json",
    "plan": "plan.json",
    "dropped": "dropped.json",
    "options": "options.json",
    "curves": "curves.jsonl",
    "pruned": "pruned/*.json",
    "outcomes": "outcomes/*.parquet",
    "answers": "tests/*.parquet",
    "lists": "survivors/*.parquet",
}


def told(run: Path, metric: str) -> str:
    """All that a run's readers say."""
    from analysis.criteria import Asked

    seen = read_runs([run], Asked(metric=metric))
    pruned = [record.to_json() for record in seen.pruned]
    tables = load_run(run).drop(columns=["row"], errors="ignore").to_csv()
    priced = (seen.pricing, [curve.spec.curve_key for curve in seen.curves], seen.dropped.to_json())
    return json.dumps([verdicts_json(seen), pruned, tables, repr(priced), seen.plan.to_json()])


def damage(path: Path, how: str, rng: random.Random, others: list[Path]) -> bool:
    """Damage a file; whether there was a way."""
    if how == "swapped":
        if not others:
            return False
        data = rng.choice(others).read_bytes()
        path.chmod(0o644)
        path.write_bytes(data)
        return True
    corrupt(path, how, at=rng.randrange(8 * path.stat().st_size) // (8 if how == "zeroed" else 1))
    return True


def mended(path: Path, data: bytes) -> None:
    """The file as it was."""
    if path.is_dir():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def counted(
    paths: list[Path], read: Callable[[Path], str], how: str, times: int, rng: random.Random
) -> Counter[str]:
    """What came of damaging files of one kind."""
    found: Counter[str] = Counter()
    truth = {path: read(path) for path in paths}
    for _ in range(times):
        path = rng.choice(paths)
        data = path.read_bytes()
        others = [one for one in paths if one != path and one.read_bytes() != data]
        if not damage(path, how, rng, others):
            return found
        atomic._DIGESTS.clear()  # each reader is a process of its own
        try:
            found["same" if read(path) == truth[path] else "SILENT"] += 1
        except (EnvelopeError, FileNotFoundError):
            found["refused"] += 1
        except Exception as error:
            found[f"TRACEBACK {type(error).__name__}"] += 1
        mended(path, data)
    return found


def of_store(root: Path, kind: str) -> tuple[list[Path], Callable[[Path], str]]:
    """Refs or blobs of a store, and how a worker reads them."""
    environment = next((root / "refs").iterdir()).name
    refs = sorted((root / "refs").glob("*/*/*/*.json"))
    names = [(ref.parts[-3], ref.stem) for ref in refs]
    blobs = [ArtifactStore(root, environment=environment).find(*name) for name in names]
    files = refs if kind == "refs" else [blob for blob in blobs if blob is not None]
    of = dict(zip(files, names, strict=True))
    copy = root.with_name("copy")

    def read(path: Path) -> str:
        # Quarantine moves files: the reader works on a copy that is made of links, but for the damaged one.
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(root, copy, copy_function=os.link)
        found = ArtifactStore(copy, environment=environment).find(*of[path])
        if found is None:
            raise FileNotFoundError(path)
        return found.read_bytes().hex()

    return files, read


def main(times: Annotated[int, typer.Option(help="Damages of each kind.")] = 300) -> None:
    """Print the table; exit code 1 where a damage was silent."""
    logging.disable(logging.WARNING)
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ended = command(root, "sweep", *FLAGS)
        assert ended.exit_code == 0, ended.output
        made = command(
            root,
            "prune",
            "R",
            "OUT",
            "--method",
            "redundancy",
            "--rate",
            "0.3",
            "--no-warrant",
            "--anyway",
        )
        assert made.exit_code == 0, made.output
        # Outcomes of a run are its store's blobs by another name: here each is damaged by itself.
        run, alone = Path(shutil.copytree(root / "R", root / "run")), root / "alone"
        alone.mkdir()
        shutil.copy(run / "trials.parquet", alone)
        kinds = {
            name: (sorted(run.glob(pattern)), lambda _: told(run, "macro_f1"))
            for name, pattern in RUN_FILES.items()
        }
        kinds["lists"] = (kinds["lists"][0], lambda path: repr(list_told(path)))
        kinds["table alone"] = ([alone / "trials.parquet"], lambda _: told(alone, "accuracy"))
        kinds["pruned rows"] = ([root / "OUT/kept.parquet"], lambda _: repr(kept(root / "OUT")))
        for name in ("blobs", "refs"):
            kinds[name] = of_store(root / "C", name)
        silent = 0
        for how in HOWS:
            n = times if how == "flipped" else max(1, times // 5)
            for name, (paths, read) in kinds.items():
                found = counted(paths, read, how, n, rng)
                silent += sum(
                    count for what, count in found.items() if what.isupper() or "TRACE" in what
                )
                print(
                    f"{how:<10}{name:<12}"
                    + ", ".join(f"{k} {v}" for k, v in sorted(found.items())),
                    flush=True,
                )
    print(f"goal 0 silent: {silent}")
    raise SystemExit(silent > 0)


def list_told(path: Path) -> object:
    """What a reader of a list of rows is given."""
    from analysis.kept_rows import _read

    table, about = _read(path)
    return table.to_pydict(), str(about)


if __name__ == "__main__":
    typer.run(main)

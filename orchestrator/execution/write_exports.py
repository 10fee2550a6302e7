"""What trials were made with, written as files that everybody can read, and an index of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.csv_lines import csv_lines
from orchestrator.planning.exporting import ExportItem
from orchestrator.store.export_tables import WRITERS, table_batches
from orchestrator.store.readable import write_readable
from orchestrator.store.replicated import Store
from trainables.data.dataset_file import RowNames, read_names
from trainables.errors import AbsentError

_INDEX = (
    "file", "what", "dataset", "signal", "settings", "warmup", "seeds", "model", "rows", "bytes",
)  # fmt: skip


def write_exports(
    items: Mapping[str, ExportItem],
    store: Store,
    data: Mapping[str, Path],
    folder: Path,
    *,
    ending: str,
) -> list[dict[str, Any]]:
    """Write a file of each item, and index.json and index.csv of them all.

    Args:
        items: By the names of their files, without ending; all of them in the store.
        store: Where they are.
        data: The data sets as the store keeps them, by content.
        folder: Is there.
        ending: Row of `orchestrator.store.readable.FORMATS`.

    Returns:
        The rows of the index.

    Raises:
        AbsentError: If a file of the store is damaged.
    """
    index, known = [], dict[str, RowNames]()
    for name, item in items.items():
        sha = item.spec.data_sha
        if sha not in known:
            known = {sha: read_names(data[sha])}  # of one data set at a time
        path = folder / f"{name}.{ending}"
        rows = _write(path, item, store, known[sha])
        index.append(_line(path, item, rows))
    text = json.dumps([_listed(line, items) for line in index], indent=1, sort_keys=True)
    (folder / "index.json").write_text(text + "\n", encoding="utf-8")
    lines = "".join(f"{line}\n" for line in csv_lines(_INDEX, index))
    (folder / "index.csv").write_text(lines, encoding="utf-8")
    return index


def _write(path: Path, item: ExportItem, store: Store, names: RowNames) -> int:
    found = [store.find(*one) for one in item.artifacts]
    paths = [one for one in found if one is not None]
    if len(paths) < len(found):
        raise AbsentError(
            f"{item.text}: a file of it in {store.root} is damaged, and was put aside; `prune-envelope cache "
            "verify` tells of others"
        )
    schema, batches = table_batches(WRITERS[item.piece], paths, names)
    return write_readable(path, schema, batches, about_of(item))


def about_of(item: ExportItem) -> dict[str, Any]:
    """What decided an item, and how its file is read: plain JSON for its metadata."""
    spec = item.spec
    scorer = spec.twin.scorers[0].baseline.to_dict()
    return {
        "what": item.piece,
        "dataset": spec.dataset,
        "run": scorer | {"seed": _seeds(item)},
        "warmup": None if item.frozen else spec.warmup,
        "signal": spec.signal,
        "signal_sha": spec.signal_sha,
        "settings": dict(spec.settings),
        **({"list": spec.to_dict()} if item.piece == "list" else {}),
        **item.about,
        "columns": {
            "sample_id": "the user's own id, or the row's number where there is none",
            "label": "the name of the class, or the number to predict",
            **WRITERS[item.piece].about,
        },
        "read": {
            "pandas": "pandas.read_parquet(FILE)",
            "datasets": "datasets.load_dataset('parquet', data_files=FILE, split='train')",
        },
    }


def _seeds(item: ExportItem) -> list[int]:
    if item.frozen:
        return sorted({one.seed for trial in item.trials for one in trial.scorers})
    return list(item.spec.scored_by) or [item.spec.seed]


def _line(path: Path, item: ExportItem, rows: int) -> dict[str, Any]:
    spec, has_signal = item.spec, item.piece in ("scores", "list")
    return {
        "file": path.name,
        "what": item.piece,
        "dataset": spec.dataset,
        "signal": spec.signal if has_signal else "",
        "settings": json.dumps(dict(spec.settings) if has_signal else {}, sort_keys=True),
        "warmup": "" if item.frozen else spec.warmup,
        "seeds": ", ".join(map(str, _seeds(item))),
        "model": spec.twin.model,
        "rows": rows,
        "bytes": path.stat().st_size,
    }


def _listed(line: dict[str, Any], items: Mapping[str, ExportItem]) -> dict[str, Any]:
    item = items[Path(line["file"]).stem]
    whole = {"seeds": _seeds(item), "settings": json.loads(line["settings"])}
    return line | whole | {"about": about_of(item)}

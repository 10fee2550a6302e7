"""prune-envelope cache export: what a run's trials were made with, in files that everybody can read."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.completion import completion
from orchestrator.terminal.console import open_console
from trainables.written_numbers import many

if TYPE_CHECKING:
    from analysis.run_files import Plan
    from orchestrator.planning.exporting import ExportItem
    from orchestrator.store.replicated import Store

EXPORT_CODES = (
    "Exit codes: 0 done, 2 usage, 3 some of it is not in the store, the rest is written, 4 no run, no store, or "
    "nothing there."
)


class ExportKind(StrEnum):
    """Rows of EXPORTS, which is not loaded for --help."""

    SCORES = "scores"
    EMBEDDINGS = "embeddings"
    NEIGHBOURS = "neighbours"


class ExportFormat(StrEnum):
    """Rows of `orchestrator.store.readable.FORMATS`."""

    PARQUET = "parquet"
    CSV = "csv"


def export(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Folder of a run.", autocompletion=completion("run")),
    ],
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="OUT",
            help="Folder to make. Default: the run's name and what is written, such as a-scores.",
        ),
    ] = None,
    what: Annotated[
        ExportKind, typer.Option(metavar="WHAT", help=f"What is written: {', '.join(ExportKind)}.")
    ] = ExportKind.SCORES,
    dataset: Annotated[str, typer.Option(metavar="NAME", help="Of this data set only.")] = "",
    method: Annotated[
        str,
        typer.Option(
            metavar="SIGNAL", help="Of this signal only, written as for --signal of a sweep."
        ),
    ] = "",
    ending: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"How it is written: {', '.join(ExportFormat)}. csv is for scores only.",
        ),
    ] = ExportFormat.PARQUET,
    cache: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The store. Default: the run's own.")
    ] = None,
) -> None:
    """Write scores, embeddings or neighbours with each sample's own id and the name of its class."""
    from orchestrator.store.whole_folder import check_place
    from trainables.errors import INCOMPLETE, UsageError, explained

    with explained():
        if ending is ExportFormat.CSV and what is not ExportKind.SCORES:
            raise UsageError(
                f"--format csv with --what {what}: a cell of a CSV holds no list; leave --format out"
            )
        target = Path(os.path.realpath(out or f"{run.resolve().name}-{what}"))
        check_place(target)
        lacks = _export(run, target, what, (dataset, method), ending=ending, cache=cache)
        if lacks:
            raise SystemExit(INCOMPLETE)


def _export(
    run: Path,
    target: Path,
    what: ExportKind,
    only: tuple[str, str],
    *,
    ending: ExportFormat,
    cache: Path | None,
) -> bool:
    """Write what there is, and say what there is not; whether something is lacking."""
    from rich.filesize import decimal

    from orchestrator.execution.write_exports import write_exports
    from orchestrator.planning.exporting import data_files, export_items
    from orchestrator.store.whole_folder import whole_folder
    from orchestrator.terminal.whole_table import WholeTable
    from trainables.data.dataset_file import read_names

    plan, store = store_of(run, cache)
    data = data_files(plan, store)
    sizes = {sha: len(read_names(path).ids) for sha, path in data.items()}
    items = export_items(plan, what, sizes, dataset=only[0], method=only[1])
    here, lacking = _sorted_out(items, store, set(data))
    _check_any(items, here, lacking, what)
    with whole_folder(target, mode=0o700) as draft:
        index = write_exports(here, store, data, draft, ending=ending)
    table = WholeTable("file", "rows", "bytes")
    for line in index:
        table.add_row(line["file"], f"{line['rows']:,}", decimal(line["bytes"]))
    console = open_console(highlight=False)
    console.print(table)
    for text in lacking:
        console.print(f"lacking: {text}")
    console.print(f"{many(len(index), 'file')} in {target}; index.csv says what each is")
    return bool(lacking)


def store_of(run: Path, cache: Path | None) -> tuple["Plan", "Store"]:
    """A run's plan, and the store that its trials ran with, whatever machine this is.

    Args:
        run: The run's folder.
        cache: The store; None for the one that the run's options name.

    Raises:
        AbsentError: If the run has no plan, or its options are not recorded and no store is named.
    """
    from analysis.run_files import load_plan
    from orchestrator.cli.recorded_options import recorded_options
    from orchestrator.store.local import ArtifactStore
    from orchestrator.store.object_storage import Remote
    from orchestrator.store.replicated import SharedStore
    from trainables.errors import AbsentError
    from trainables.keys import key_of

    run = run.absolute()
    plan = load_plan(run)
    if plan is None or not plan.specs:
        raise AbsentError(f"{run}: holds no plan of a run; name the folder of a run")
    environment = key_of(plan.environment)[:12]
    if cache:
        return plan, _there(ArtifactStore(cache, environment=environment))
    with recorded_options(run) as options:
        resources = options.resources()
        local = ArtifactStore(resources.cache, environment=environment)
    if resources.storage:
        return plan, SharedStore(local, Remote(resources.storage))
    return plan, _there(local)


def _there(store: "Store") -> "Store":
    from orchestrator.store.local import ArtifactStore
    from trainables.errors import AbsentError

    assert isinstance(store, ArtifactStore)
    if not (store.root / "VERSION").is_file():
        raise AbsentError(f"{store.root} is no store; name the run's by --cache")
    return store


def _sorted_out(
    items: dict[str, "ExportItem"], store: "Store", data: set[str]
) -> tuple[dict[str, "ExportItem"], list[str]]:
    """What is in the store, and a sentence of each that is not."""
    why = {
        name: item.lacking(store)
        if item.spec.data_sha in data
        else f"{item.text}: the data set {item.spec.dataset}, which has the ids, is not in {store.root}; the sweep's "
        "command puts it there again"
        for name, item in items.items()
    }
    here = {name: item for name, item in items.items() if not why[name]}
    return here, [text for text in why.values() if text]


def _check_any(
    items: dict[str, "ExportItem"], here: dict[str, "ExportItem"], lacking: list[str], what: str
) -> None:
    from trainables.errors import AbsentError, UsageError

    if not items:
        why = "scores any row" if what == ExportKind.SCORES else f"rests on {what}"
        raise UsageError(f"--what {what}: no signal asked for {why}")
    if not here:
        more = f"; and {len(lacking) - 1} more likewise" if lacking[1:] else ""
        raise AbsentError(f"nothing is there to write: {lacking[0]}{more}")

"""prune-envelope score: what each row is worth, without a sweep."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.completion import completion
from orchestrator.cli.flags import flag
from orchestrator.cli.parameters import parameter, takes
from orchestrator.cli.typed_command import typed_command
from orchestrator.terminal.console import open_console
from trainables.written_numbers import many

if TYPE_CHECKING:
    from orchestrator.planning.score_plan import ScorePlan

# The flags of a sweep that `score` has, and what those mean here that mean another thing there.
_DATA = {
    "data_dir": "",
    "name": "What the data set is called. Default: its file's name.",
    "text_column": "",
    "messages": "",
    "prompt_column": "",
    "response_column": "",
    "label_column": "The class. Default: label, or the one column that could be meant; there need be none.",
    "id_column": "",
    "embedding_column": "Vectors made beforehand, by which rows are scored: a column of lists of numbers, or a .npy "
    "file beside the table.",
    "delimiter": "",
    "quotes": "",
    "validation_fraction": "Hold this share of the rows out, for signals that aim at a target; they are not scored.",
    "limit": "Score this many rows, drawn by class.",
}
_MODEL = {
    "model": "Model that scores the rows, as sweep --model has it: linear, tiny, image, causal_lm, a folder or a name on the "
    "hub; linear:FOLDER for an encoder that is not trained, causal_lm:FOLDER for a language model. Default: distilbert/distilbert-base-uncased; of data with embeddings, linear.",
    "warmup": "When rows are scored: after this share of the run's steps, above 0 and below 1. Default: as early as the "
    "signals allow, one epoch at least.",
    "seeds": "How many runs score the rows; their ranks are joined. Default: 1.",
    "seed": "The seeds themselves, in place of --seeds. Several: 11,17. Default: 11.",
    "epochs": "",
    "batch_size": "",
    "lr": "",
    "weight_decay": "",
    "max_length": "",
    "precision": "",
}
_PLACE = {
    "cache": "What runs share: what it holds is not made again.",
    "gpus_per_trial": "GPUs; 0 is the CPU. Default: auto, 1 where there is one, else 0.",
    "cpus_per_trial": "CPU cores, and threads. Default: 1.",
}
_DATASET = parameter(
    "dataset",
    str,
    typer.Argument(
        metavar="DATASET",
        autocompletion=completion("dataset"),
        help="Known name, file, folder, or owner/name on the hub.",
    ),
    ...,
)
_SIGNALS = parameter(
    "signal",
    list[str],
    typer.Option(
        "--signal",
        metavar="SIGNAL",
        autocompletion=completion("signal"),
        help="What each row is worth by: NAME, NAME,SETTING=VALUE, or module:function of your own. Several: "
        "el2n,redundancy,k=5.",
    ),
    [],
)
_OUT = parameter(
    "out",
    str,
    typer.Option(
        "--out",
        metavar="FILE|FOLDER",
        help="Write the scores: a file .parquet or .csv, or a folder with one file a signal. Default: keep them in the "
        "store only.",
    ),
    "",
)
_FORCE = parameter(
    "force",
    bool,
    typer.Option("--force", help="Replace files that are there; never the data."),
    False,
)
_DRY_RUN = parameter(
    "dry_run",
    bool,
    typer.Option("--dry-run", "-n", help="Show the plan, and start nothing."),
    False,
)


@takes(
    [
        _DATASET,
        _SIGNALS,
        _OUT,
        _FORCE,
        _DRY_RUN,
        *(flag(name, group="Data", about=about) for name, about in _DATA.items()),
        *(flag(name, group="What scores the rows", about=about) for name, about in _MODEL.items()),
        *(flag(name, group="Where", about=about) for name, about in _PLACE.items()),
    ]
)
def score_dataset(context: typer.Context, **flags: Any) -> None:
    """Score every row by signals: ids, ranks, nearest rows and copies; no sweep, no test split."""
    from orchestrator.cli.config_file import read_options
    from orchestrator.planning.score_plan import plan_scores
    from orchestrator.terminal.score_text import print_score_plan
    from trainables.errors import explained

    with explained():
        options = read_options(None, context=context).options
        plan = plan_scores(options.request(), options.resources(), command=typed_command())
        files = files_of(flags["out"], plan, force=flags["force"])
        console = open_console(highlight=False)
        print_score_plan(plan, console)
        if flags["dry_run"]:
            console.print("Nothing was trained or written. Run without --dry-run to start.")
            return
        _score(plan, files)


def files_of(out: str, plan: "ScorePlan", *, force: bool) -> dict[str, Path]:
    """Which file each signal's scores go to, by the signal; none where nothing is to be written.

    Raises:
        UsageError: If several signals have one file, a name's ending is none that is written, or a
            file is there and is not to be replaced, as one of the data never is.
        UnavailableError: If nothing can be written there.
    """
    from orchestrator.store.readable import FORMATS, file_names
    from orchestrator.store.whole_folder import check_parent
    from trainables.errors import UsageError

    if not out:
        return {}
    path = Path(out)
    if path.suffix.removeprefix(".") in FORMATS and not path.is_dir():
        if len(plan.signals) > 1:
            raise UsageError(
                f"--out {out} is one file, and {len(plan.signals)} signals are asked for: name a folder"
            )
        files = dict.fromkeys(plan.signals, path)
    elif path.suffix and not path.is_dir() and not out.endswith("/"):
        raise UsageError(
            f"--out {out} ends in {path.suffix}; give a file that ends in .parquet or .csv, or a folder, with / at "
            "its end where there is none of that name yet"
        )
    else:
        names = file_names({name: f"{plan.dataset.name}-{name}" for name in plan.signals})
        files = {name: path / f"{names[name]}.parquet" for name in plan.signals}
    if path.exists() and not path.is_dir() and path not in files.values():
        raise UsageError(f"--out {out} is a file; name a folder that is not there yet")
    there = [file for file in files.values() if file.exists()]
    if there and not force:
        raise UsageError(f"{there[0]} is there already; add --force to replace it, or name another")
    for file in files.values():
        check_parent(file)
    for file in there:
        if any(file.samefile(one) for one in plan.files if one.exists()):
            raise UsageError(
                f"{file} holds the data that are to be scored, and is never replaced; name another file"
            )
    return files


def _score(plan: "ScorePlan", files: dict[str, Path]) -> None:
    from orchestrator.execution.score_rows import score_rows
    from orchestrator.store.readable import ROWS_AT_ONCE, write_readable
    from orchestrator.terminal.score_text import print_ends

    console = open_console(highlight=False)
    for scored in score_rows(plan, console.print):
        print_ends(scored.signal, scored.table, plan.dataset, console)
        for note in scored.notes:
            console.print(f"warning: {note}", style="yellow")
        where = f" in {plan.resources.cache}"
        if path := files.get(scored.signal):
            batches = scored.table.to_batches(max_chunksize=ROWS_AT_ONCE)
            write_readable(path, scored.table.schema, batches, scored.about)
            where = f", written to {path}"
        console.print(
            f"{scored.signal}: {many(len(scored.table), 'row')} scored, which took {scored.seconds:.1f} s when it was done"
            f"{where}"
        )
    if not files:
        console.print("No file was written; --out scores.parquet writes one.")

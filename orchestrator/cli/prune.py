"""prune-envelope prune: the data set without the rows that a run has shown can go."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.completion import completion
from orchestrator.cli.flags import flag
from orchestrator.cli.number_flags import Range, number
from orchestrator.cli.parameters import parameter, takes
from orchestrator.terminal.console import open_console
from trainables.plain_text import redacted

if TYPE_CHECKING:
    from orchestrator.cli.options import SweepOptions
    from orchestrator.pruning.make import PruneAsked

# Of a sweep's flags those that say where trials run: typed here they are meant anew.
_PLACE = (
    "gpus_per_trial", "address", "private_network", "max_trials_at_once", "max_trials", "max_gpu_hours",
)  # fmt: skip
# Of these a sweep's own limit is not meant for what is run afterwards.
_LIMITS = ("max_trials", "max_gpu_hours")
_WHERE = "Where trials run: as the run was asked, unless given anew"

_PARAMETERS = (
    parameter(
        "run_folder",
        Path,
        typer.Argument(metavar="RUN", help="Folder of a run.", autocompletion=completion("run")),
        ...,
    ),
    parameter(
        "out",
        Path,
        typer.Argument(metavar="OUT", help="Folder to make; there is none yet, or it is empty."),
        ...,
    ),
    parameter(
        "of_dataset",
        str,
        typer.Option(
            "--dataset", metavar="NAME", help="Which of the run's data sets. Default: the only one."
        ),
        "",
    ),
    parameter(
        "method",
        str,
        typer.Option(
            "--method",
            metavar="METHOD",
            autocompletion=completion("signal"),
            help="What the rows are chosen by: as --signal of a sweep, or as the report calls it; with @WARMUP behind it "
            "where the run has several, as in redundancy@0.15. "
            "Default: the answer's.",
        ),
        "",
    ),
    parameter(
        "removed",
        float | None,
        number(
            Range(gt=0, lt=1),
            "--rate",
            metavar="SHARE",
            about="Share removed, one that the run has tried. Default: the answer's, or the method's largest "
            "that is within.",
        ),
    ),
    parameter(
        "protect_class",
        list[str] | None,
        typer.Option(
            "--protect-class",
            metavar="NAME",
            help="Remove no row of this class. Repeat the flag for several.",
        ),
    ),
    parameter(
        "min_per_class",
        int,
        number(
            Range(is_whole=True, ge=0, le=10**9),
            "--min-per-class",
            metavar="N",
            about="Rows of each class that stay at least, or all it has.",
        ),
        0,
    ),
    parameter(
        "anyway",
        bool,
        typer.Option(
            "--anyway",
            help="Write the data set though nothing shows that accuracy holds; its card says so.",
        ),
        False,
    ),
    parameter(
        "no_warrant",
        bool,
        typer.Option(
            "--no-warrant",
            help="Do not train on exactly these rows to test them; the card says so.",
        ),
        False,
    ),
    parameter(
        "fresh",
        int | None,
        number(
            Range(is_whole=True, ge=1, le=10**6),
            "--seeds",
            metavar="N",
            about="Fresh seeds that train on exactly these rows. Default: 5.",
        ),
    ),
    parameter(
        "data",
        str,
        typer.Option(
            "--data",
            metavar="PATH",
            help="Where the data of the run lie now. Default: where they were.",
        ),
        "",
    ),
    parameter(
        "license_name",
        str,
        typer.Option(
            "--license",
            metavar="NAME",
            help="License that the card names. Default: that of the data's own card.",
        ),
        "",
    ),
    parameter(
        "hub_repo",
        str,
        typer.Option(
            "--push-to-hub",
            metavar="OWNER/NAME",
            help="Send it to the Hugging Face hub, too: private, unless --public.",
        ),
        "",
    ),
    parameter(
        "public",
        bool,
        typer.Option("--public", help="With --push-to-hub: let everybody read it."),
        False,
    ),
    parameter(
        "create_pr",
        bool,
        typer.Option(
            "--create-pr",
            help="With --push-to-hub: propose it as a change to a data set that is there.",
        ),
        False,
    ),
    parameter(
        "dry_run",
        bool,
        typer.Option("--dry-run", "-n", help="Say what would be made, and what it takes."),
        False,
    ),
    *(flag(name, group=_WHERE) for name in _PLACE),
)


@takes(_PARAMETERS)
def prune(context: typer.Context, **flags: Any) -> None:
    """Write the data set without the rows that can go, with a warrant measured on exactly that file."""
    from orchestrator.cli.config_file import read_options
    from trainables.errors import explained

    with explained():
        asked = _asked(flags)
        anew = read_options(None, context=context)
        given = {name: getattr(anew.options, name) for name in anew.origins if name in _PLACE}
        raise SystemExit(_run(asked, given))


def _run(asked: "PruneAsked", given: dict[str, Any]) -> int:
    """Prune in the folder in which the sweep was started, where its relative paths begin."""
    from orchestrator.cli.recorded_options import recorded_options
    from orchestrator.pruning.make import prune_run

    with recorded_options(asked.run) as recorded:
        options: SweepOptions = recorded.model_copy(update=dict.fromkeys(_LIMITS, 0) | given)
        return prune_run(
            asked,
            options.request(),
            options.resources(),
            open_console(),
            tolerance=options.tolerance or None,
        )


def _asked(flags: dict[str, Any]) -> "PruneAsked":
    """What was typed, with its paths made absolute."""
    from orchestrator.pruning.hub_target import HubTarget
    from orchestrator.pruning.make import PruneAsked
    from orchestrator.pruning.warrant import check_seeds
    from orchestrator.store.whole_folder import check_place
    from trainables.errors import UsageError
    from trainables.own_folders import refuse_links_in

    check_seeds(flags["fresh"])
    if flags["no_warrant"] and flags["fresh"] is not None:
        raise UsageError("--no-warrant and --seeds, which is of the warrant; give one of them")
    data, repo = flags["data"], flags["hub_repo"]
    if (flags["public"] or flags["create_pr"]) and not repo:
        raise UsageError("--public and --create-pr are of --push-to-hub OWNER/NAME; add it")
    refuse_links_in(Path(os.path.realpath(flags["run_folder"])))
    out = Path(os.path.realpath(flags["out"]))
    check_place(out)  # here, where it is typed: the run is read in another folder
    target = HubTarget(repo=repo, is_public=flags["public"], create_pr=flags["create_pr"])
    return PruneAsked(
        run=Path(os.path.realpath(flags["run_folder"])),
        out=out,
        command=redacted(shlex.join(["prune-envelope", *sys.argv[1:]])),
        dataset=flags["of_dataset"],
        method=flags["method"],
        rate=flags["removed"],
        data=str(Path(data).resolve()) if data and Path(data).exists() else data,
        protected=tuple(flags["protect_class"] or ()),
        min_per_class=flags["min_per_class"],
        anyway=flags["anyway"],
        warrant=not flags["no_warrant"],
        seeds=flags["fresh"],
        license=flags["license_name"],
        target=target if repo else None,
        dry_run=flags["dry_run"],
    )

"""prune-envelope doctor: whether this machine can run a sweep, and what to do where it cannot."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import CACHE
from orchestrator.diagnostics.check import MARKS
from orchestrator.diagnostics.machine import checks
from orchestrator.terminal.console import open_console
from trainables.written_numbers import many


def doctor(
    cache: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder for what runs share, as of a sweep.")
    ] = CACHE,
    address: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Look at every machine of this Ray cluster, too; auto on its head node.",
        ),
    ] = "",
    storage: Annotated[
        str, typer.Option(metavar="PLACE", help="Place that its machines share, as of a sweep.")
    ] = "",
    private_network: Annotated[
        bool,
        typer.Option(
            "--private-network",
            help="The cluster asks for no token, as nobody else reaches its network.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of objects.")] = False,
) -> None:
    """Check what a sweep needs of this machine, or of a cluster, and say what to do."""
    from trainables.errors import ABSENT, explained

    found = list(checks(cache))
    if address:
        from orchestrator.diagnostics.cluster import cluster_checks
        from orchestrator.diagnostics.ray_token import check_reach

        with explained():
            check_reach(address, is_private=private_network)
            found += cluster_checks(address, storage)
    problems = sum(check.mark == "problem" for check in found)
    warnings = sum(check.mark == "warning" for check in found)
    console = open_console()
    if as_json:
        console.print_json(json.dumps([asdict(check) for check in found]), ensure_ascii=True)
    else:
        for check in found:
            remedy = f"  → {check.remedy}" if check.remedy else ""
            console.print(
                f"{MARKS[check.mark]} {check.name:<12} {check.found}{remedy}", highlight=False
            )
        counts = (many(problems, "problem"), many(warnings, "warning"))
        console.print(", ".join(counts), highlight=False)
    if problems:
        raise SystemExit(ABSENT)

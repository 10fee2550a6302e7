"""Where a run and its store lie, and who else can read them."""

from typing import TYPE_CHECKING

from orchestrator.cli.options import SweepOptions

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.planning.plan import Sweep


def print_places(options: SweepOptions, sweep: "Sweep", console: "Console") -> None:
    """Say where links lead, and who else can read folders that were there before."""
    from trainables.own_folders import readers

    places = ((options.run, sweep.run.folder), (options.cache, sweep.resources.cache))
    for asked, place in places:
        if asked and asked.is_symlink():
            console.print(f"{asked} leads to {place}", highlight=False)
        if who := readers(place):
            console.print(
                f"warning: {place} was there before and {who} can read it; chmod 700 keeps it to you",
                style="yellow",
                highlight=False,
            )

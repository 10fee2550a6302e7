"""Calm and storm: one sweep, twice."""

import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tests.nemesis.acts import ACTS
from tests.nemesis.check import complaints, content
from tests.nemesis.world import PATIENCE_S, world_in

_SIZE = ("--grid", "demo", "--limit-test", "100", "--rate", "0.4", "--seeds", "2", "--no-confirm")
SWEEPS: Mapping[str, tuple[str, ...]] = {
    # Rows are scored by a linear head, and a small transformer trains afresh on what is left.
    "restart": (
        *_SIZE, "--dataset", "synthetic:200", "--model", "tiny", "--score-model", "linear", "--epochs", "3",
        "--lr", "0.004", "--signal", "redundancy", "--signal", "random",
    ),
    # The transformer scores its own rows and goes on.
    "continue": (
        *_SIZE, "--dataset", "synthetic:160", "--model", "tiny", "--protocol", "continue", "--epochs", "3",
        "--lr", "0.004", "--warmup", "0.3", "--signal", "el2n", "--signal", "random",
    ),
}  # fmt: skip
ACTS_A_STORM = 6


@dataclass(frozen=True, kw_only=True)
class Storm:
    """What a storm did, and what did not hold after it."""

    schedule: tuple[str, ...]
    complaints: tuple[str, ...]
    commands: int
    computed: int
    keys: int


def calm_content(folder: Path, flags: tuple[str, ...], keep: Path | None = None) -> dict[str, str]:
    """What the sweep says when nothing happens to it, and nobody watches; `keep` is for a copy of its run and cache."""
    with world_in(folder, flags, seed=0) as world:
        command = world.start(is_watched=False)
        if command.process.wait(PATIENCE_S):
            raise RuntimeError(command.log.read_text())
        assert world.end_all() == []
        if keep:
            shutil.copytree(world.run.parent, keep)
        return content(world.run)


def storm(
    folder: Path, flags: tuple[str, ...], calm: Mapping[str, str], *, seed: int, acts: int
) -> Storm:
    """The sweep under faults that a seed draws, given again until it ends well; what does not hold."""
    with world_in(folder, flags, seed) as world:
        for _ in range(acts):
            world.go_on()
            world.wait_for(world.rng.randint(1, 12))
            name = world.rng.choice(list(ACTS))
            world.schedule.append(f"{name}: {ACTS[name].do(world) or 'nothing'}")
        world.calm_down()
        found = complaints(world, calm)
        begun = [event for event in world.events() if event[0] == "begins"]
        return Storm(
            schedule=tuple(world.schedule),
            complaints=tuple(found),
            commands=len(world.started),
            computed=len(begun),
            keys=len({tuple(event[1:3]) for event in begun}),
        )


def main(
    seeds: Annotated[int, typer.Option(help="So many storms.")] = 10,
    first: Annotated[int, typer.Option(help="The first seed.")] = 0,
    acts: Annotated[int, typer.Option("--rounds", help="Faults a storm.")] = ACTS_A_STORM,
    keep: Annotated[Path | None, typer.Option(help="Leave logs and folders here.")] = None,
) -> None:
    """Run storms of consecutive seeds over the sweeps by turns; exit 1 if anything does not hold."""
    wrong = 0
    calm: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = keep or Path(made)
        for seed in range(first, first + seeds):
            name = list(SWEEPS)[seed % len(SWEEPS)]
            if name not in calm:
                calm[name] = calm_content(folder / f"calm-{name}", SWEEPS[name])
            began = time.monotonic()
            seen = storm(folder / f"storm-{seed}", SWEEPS[name], calm[name], seed=seed, acts=acts)
            wrong += bool(seen.complaints)
            typer.echo(
                f"seed {seed} {name}: {'; '.join(seen.schedule)}\n  {seen.commands} commands, "
                f"{seen.computed} computed of {seen.keys}: {'same' if not seen.complaints else 'NOT THE SAME'}, {time.monotonic() - began:.0f} s"
            )
            for line in seen.complaints:
                typer.echo(f"  {line}")
    typer.echo(f"{seeds - wrong} of {seeds} the same")
    raise SystemExit(int(wrong > 0))

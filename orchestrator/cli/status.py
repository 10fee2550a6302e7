"""prune-envelope status: how far a sweep is, while it runs and after."""

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.completion import completion
from orchestrator.terminal.console import open_console, time_left
from trainables.errors import AbsentError

if TYPE_CHECKING:
    from rich.console import Console

_REFRESH_S = 3.0
# Finished trials from which on a time to the end is worth a guess.
_ENOUGH = 3
_SHOWN_FAILURES = 10


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """How far a run is.

    Attributes:
        run: Its folder.
        planned: Trials asked for so far.
        done: Of them those with a result.
        failed: Those that ended without.
        left: The others.
        worker: Who works in the folder, or empty.
        seconds_left: Guess from the pace of this run, or None.
        failures: Trial and error, one each.
        release: That another release made it, or empty.
    """

    run: str
    planned: int
    done: int
    failed: int
    left: int
    worker: str
    seconds_left: float | None
    failures: tuple[tuple[str, str], ...]
    release: str


def read_progress(run: Path, *, now: datetime | None = None) -> RunProgress:
    """Read how far a run is.

    Raises:
        AbsentError: If the folder is no run's.
        DataError: If a file of it is not what it should be.
    """
    from analysis.run_files import load_plan, read_rows
    from orchestrator.store.run_lock import holder
    from orchestrator.trial_names import title

    plan = load_plan(run)
    if plan is None:
        raise AbsentError(f"{run} holds no plan.json; name the folder of a run")
    rows = {row.spec.result_key: row for row in read_rows(run)} if (run / "trials").is_dir() else {}
    asked = [spec.result_key for spec in plan.specs]
    counts = Counter(rows[key].is_ok for key in asked if key in rows)
    left = len(asked) - counts.total()
    worker = holder(run)
    failures = tuple(
        (f"{key[:10]} {title(rows[key].spec)}", rows[key].error)
        for key in asked
        if key in rows and not rows[key].is_ok
    )
    finished = sorted(row.finished for row in rows.values() if row.is_ok and row.finished)
    return RunProgress(
        run=str(run),
        planned=len(asked),
        done=counts[True],
        failed=counts[False],
        left=left,
        worker=worker,
        seconds_left=_guess(finished, left, now or datetime.now(UTC)) if worker and left else None,
        failures=failures,
        release=plan.release_note,
    )


def _guess(finished: list[str], left: int, now: datetime) -> float | None:
    """Seconds to the end at the pace of the last trials: these cost most like those to come."""
    recent = [datetime.fromisoformat(text) for text in finished[-20:]]
    if len(recent) < _ENOUGH:
        return None
    seconds = (now - recent[0]).total_seconds() / (len(recent) - 1)
    return max(0.0, seconds * left)


def status(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Folder of a run.", autocompletion=completion("run")),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Print it again every 3 seconds, until no sweep works on the run."
        ),
    ] = False,
) -> None:
    """Show how far a sweep is: counts, who works on it, time left, failures."""
    from trainables.errors import explained

    console = open_console()
    with explained():
        while True:
            found = read_progress(run)
            if as_json:
                console.print_json(json.dumps(asdict(found)), ensure_ascii=True)
            else:
                _show(found, console)
            if not (watch and found.worker):
                return
            time.sleep(_REFRESH_S)


def _show(found: RunProgress, console: "Console") -> None:
    state = f"running, {found.worker}" if found.worker else "nothing works on it"
    console.print(f"{found.run}: {state}", highlight=False)
    if not found.planned:
        console.print(
            "  its training is being searched, and no trial is planned before it is found"
        )
        return
    console.print(
        f"  {found.done} of {found.planned} done, {found.failed} failed, {found.left} left"
        f"{_left_text(found)}",
        highlight=False,
    )
    if found.release:
        console.print(f"  {found.release}", highlight=False)
    for name, error in found.failures[:_SHOWN_FAILURES]:
        console.print(f"  failed {name}: {error}", highlight=False)
    if len(found.failures) > _SHOWN_FAILURES:
        console.print(f"  and {len(found.failures) - _SHOWN_FAILURES} more failed")


def _left_text(found: RunProgress) -> str:
    return f", {time_left(found.seconds_left)}" if found.worker and found.left else ""

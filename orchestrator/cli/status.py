"""prune-envelope status: how far a sweep is, while it runs and after."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.completion import completion
from orchestrator.terminal.console import open_console, time_left
from trainables.errors import AbsentError

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

    from orchestrator.store.running import Running

_REFRESH_S = 3.0
# That a sweep which goes on may take to read its data before it works in its folder.
_PATIENCE_S = 60.0
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
        seconds_left: The least and the most, from the pace of this run, or None.
        failures: Trial and error, one each.
        release: That another release made it, or empty.
        running: What its sweep does at this moment, where one works on it and says so.
        so_far: What leads in each data set, and what it shows; nothing of a run whose trials have all ended.
        answers: Of one whose trials have all ended, a line a data set.
    """

    run: str
    planned: int
    done: int
    failed: int
    left: int
    worker: str
    seconds_left: tuple[float, float] | None
    failures: tuple[tuple[str, str], ...]
    release: str
    running: "Running | None" = None
    so_far: tuple[tuple[str, str], ...] = ()
    answers: tuple[str, ...] = ()


def read_progress(run: Path, *, now: datetime | None = None, judged: bool = True) -> RunProgress:
    """Read how far a run is.

    Args:
        run: Its folder.
        now: The time.
        judged: Judge the rows, too, where no sweep that works on it has done so: seconds where there are many.

    Raises:
        AbsentError: If the folder is no run's.
        DataError: If a file of it is not what it should be.
    """
    from analysis.run_files import load_plan, read_rows
    from orchestrator.store.run_lock import holder
    from orchestrator.store.running import read_running
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
    # A sweep that was killed leaves its last words, which are true no more.
    running = read_running(run) if worker else None
    leading = running.so_far if running else ()
    told: tuple[str, ...] = ()
    if rows and judged and not leading:
        leading, told = _judged(run, is_over=not (left or worker))
    finished = sorted(row.finished for row in rows.values() if row.is_ok and row.finished)
    return RunProgress(
        run=str(run),
        planned=len(asked),
        done=counts[True],
        failed=counts[False],
        left=left,
        worker=worker,
        seconds_left=_seconds_left(running, finished, left, now or datetime.now(UTC))
        if worker and left
        else None,
        failures=failures,
        release=plan.release_note,
        running=running,
        so_far=leading,
        answers=told,
    )


def _judged(run: Path, *, is_over: bool) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """What leads so far, or the answers where all has run."""
    from analysis.page.answer_cards import cards
    from analysis.study import read_runs
    from orchestrator.terminal.so_far import so_far

    study = read_runs([run])
    if not is_over:
        return so_far(study), ()
    return (), tuple(f"{card.mark} {card.headline}" for card in cards(study))


def _seconds_left(
    running: "Running | None", finished: list[str], left: int, now: datetime
) -> tuple[float, float] | None:
    """What the sweep says itself, or else from the pace of its rows."""
    return running.left_s if running and running.left_s else _guess(finished, left, now)


def _guess(finished: list[str], left: int, now: datetime) -> tuple[float, float] | None:
    """The least and the most seconds to the end at the pace of the last trials: these cost most like those to come."""
    recent = [datetime.fromisoformat(text) for text in finished[-20:]]
    if len(recent) < _ENOUGH:
        return None
    seconds = (now - recent[0]).total_seconds() / (len(recent) - 1)
    mean = max(0.0, seconds * left)
    return 0.7 * mean, 1.5 * mean


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
        if watch:
            _await_worker(run, console, as_json=as_json)
        if watch and console.is_terminal and not as_json:
            _watch(run, console)
            return
        while True:
            found = read_progress(run, judged=not watch)
            if as_json:
                console.print_json(json.dumps(asdict(found)), ensure_ascii=True)
            else:
                _show(found, console)
            if not (watch and found.worker):
                return
            time.sleep(_REFRESH_S)


def _await_worker(run: Path, console: "Console", *, as_json: bool) -> None:
    """Wait for a sweep that has not begun: for the plan of a new one, and a while for one that goes on."""
    waited, is_told = 0.0, as_json
    while True:
        found = read_progress(run) if (run / "plan.json").exists() else None
        if found and (found.worker or not found.left or waited >= _PATIENCE_S):
            return
        if not is_told:
            told = "nothing works on it yet" if found else "no sweep has begun in it yet"
            console.print(f"{run}: {told}; waiting for one (Ctrl-C ends that)", highlight=False)
            is_told = True
        time.sleep(_REFRESH_S)
        waited += _REFRESH_S


def _watch(run: Path, console: "Console") -> None:
    """Redraw in place until nothing works on it; what it came to stays."""
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=True) as live:
        while (found := read_progress(run, judged=False)).worker:
            live.update(_Shown(found), refresh=True)
            time.sleep(_REFRESH_S)
    _show(read_progress(run), console)


@dataclass(frozen=True)
class _Shown:
    """A run as it is drawn."""

    found: RunProgress

    def __rich_console__(
        self, console: "Console", options: "ConsoleOptions"
    ) -> "Iterator[RenderableType]":
        """Where it stands, what its workers do, what leads, what failed."""
        from rich.text import Text

        from orchestrator.terminal.panel import Panel, so_far_lines

        found = self.found
        for line in _counts(found):
            yield Text(line)
        if found.running:
            running = found.running
            yield Panel(lambda: running, stops=False)
        else:
            for line in so_far_lines(found.so_far, options.max_width, 2 * len(found.so_far) + 1):
                yield Text(line, no_wrap=True)
        for line in found.answers:
            yield Text(f"  {line}")
        for name, error in found.failures[:_SHOWN_FAILURES]:
            yield Text(f"  failed {name}: {error}")
        if len(found.failures) > _SHOWN_FAILURES:
            yield Text(f"  and {len(found.failures) - _SHOWN_FAILURES} more failed")


def _show(found: RunProgress, console: "Console") -> None:
    console.print(_Shown(found), highlight=False)


def _counts(found: RunProgress) -> Iterator[str]:
    """Who works on it, and how many trials are done, failed and left."""
    yield f"{found.run}: {f'running, {found.worker}' if found.worker else 'nothing works on it'}"
    if not found.planned:
        yield "  its training is being searched, and no trial is planned before it is found"
        return
    left = "" if found.running else _left_text(found)
    yield (
        f"  {found.done} of {found.planned} done, {found.failed} failed, {found.left} left{left}"
    )
    if found.release:
        yield f"  {found.release}"


def _left_text(found: RunProgress) -> str:
    return f", {time_left(found.seconds_left)}" if found.worker and found.left else ""

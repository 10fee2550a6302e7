"""What a terminal shows while a sweep runs: bars, a lane a worker, and what leads so far."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.store.running import Bar, Lane, Running
from orchestrator.terminal.console import time_gone, time_left

# Narrower than this no lane can say what it does: lines then, as in a log.
LEAST_WIDTH = 60
# Lines that stay free for what is printed above.
_FREE_LINES = 4
_WIDEST_BAR = 40


class Panel:
    """What a sweep does at this moment, drawn anew each time it is asked for.

    Args:
        now: Gives it.
        stops: Say how to stop it: not to who only looks on.
    """

    def __init__(self, now: Callable[[], Running], *, stops: bool = True) -> None:
        self._now, self._stops = now, stops

    @contextmanager
    def shown(self, console: Console) -> Iterator[None]:
        """Redraw it four times a second until the sweep ends."""
        with Live(self, console=console, refresh_per_second=4, transient=True):
            yield

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """What is drawn: no line is wider than the terminal, and all fit on it."""
        running, width = self._now(), options.max_width
        room = max(6, console.height - _FREE_LINES)
        foot = _foot(running, width, stops=self._stops)
        room -= len(foot)
        bars = [bar for bar in running.bars if bar.total][: max(1, room - 2)]
        room -= len(bars)
        best = so_far_lines(running.so_far, width, room // 2)
        yield _bars(bars, width)
        for line in _lanes(running, width, max(1, room - len(best))):
            yield Text(line, no_wrap=True)
        for line in (*best, *foot):
            yield Text(line, no_wrap=True)


def so_far_lines(so_far: Sequence[tuple[str, str]], width: int, room: int) -> list[str]:
    """What leads so far, a line a data set, or two where the width asks for it; in no more lines than room."""
    if not so_far:
        return []
    lines = [cut_line("so far, and no verdict before all seeds have run:", width)]
    for shown, (what, shows) in enumerate(so_far):
        tail = f", {shows}" if shows else ""
        if cell_len(what) + cell_len(tail) + 2 <= width:
            own = [f"  {what}{tail}"]
        else:
            own = [cut_line(f"  {what}", width), cut_line(f"    {shows}", width)]
        is_last = shown == len(so_far) - 1
        if len(lines) + len(own) + (not is_last) > room:
            return (
                [*lines, cut_line(f"  and {len(so_far) - shown:,} more data sets", width)]
                if shown
                else []
            )
        lines += own
    return lines


def cut_line(text: str, width: int, tail: str = "") -> str:
    """A text in one line of at most a width, cut at a word where it can be; its tail stays whole."""
    room = width - cell_len(tail)
    if cell_len(text) <= room:
        return text + tail
    if room < 2:
        return set_cell_size(tail, width)
    kept = set_cell_size(text, room - 1).rstrip()
    if text[len(kept) : len(kept) + 1] not in ("", " "):
        # A word or number that is cut says another thing: it goes as a whole, if that leaves enough.
        whole = kept.rpartition(" ")[0]
        kept = whole if cell_len(whole) >= room // 2 else kept
    return f"{kept.rstrip(' ·,:')}…{tail}"


def lane_text(lane: Lane, now: float, width: int) -> str:
    """What a worker does, how far it is, and for how long, in one line; its name is cut before its numbers."""
    share = f"{100 * min(1.0, lane.share):.0f}%"
    where = f"{lane.done:,} of {lane.total:,} rows"
    if lane.unit == "epoch":
        where = f"epoch {lane.done:,} of {lane.total:,}"
    stages: tuple[str, ...] = (lane.stage, "")
    if lane.unit:
        stages = (f"{lane.stage}, {where}, {share}", f"{lane.stage} {share}", share)
    gone = time_gone(now - lane.began)
    tails = [
        "".join(f" · {part}" for part in (lane.which, stage, gone) if part) for stage in stages
    ]
    whole = (tail for tail in tails if cell_len(lane.what) + cell_len(tail) <= width)
    # Else the shortest that still names the stage, or the shortest of all.
    short = (tail for tail in tails[1:] if cell_len(tail) <= 2 * width // 3)
    return cut_line(lane.what, width, next(whole, next(short, tails[-1])))


def _bars(bars: list[Bar], width: int) -> Table:
    table = Table.grid(padding=(0, 1))
    for justify in ("left", "left", "right", "right"):
        table.add_column(justify=justify, no_wrap=True)
    counts = [f"{bar.done:,}/{bar.total:,}" for bar in bars]
    gone = ["" if bar.seconds is None else time_gone(bar.seconds) for bar in bars]
    texts = [max((len(one) for one in column), default=0) for column in (counts, gone)]
    nouns = max((len(bar.noun) for bar in bars), default=0)
    wide = max(8, min(_WIDEST_BAR, width - nouns - sum(texts) - 4))
    for bar, count, seconds in zip(bars, counts, gone, strict=True):
        drawn = ProgressBar(total=bar.total, completed=min(bar.done, bar.total), width=wide)
        table.add_row(bar.noun, drawn, count, seconds)
    return table


def _lanes(running: Running, width: int, room: int) -> Iterator[str]:
    if not running.lanes and running.waits_for:
        yield cut_line(running.waits_for, width)
    # One more than fits is told by the number of those left out.
    shown = len(running.lanes) if len(running.lanes) <= room else room - 1
    for lane in running.lanes[: max(0, shown)]:
        yield lane_text(lane, running.at, width)
    if more := len(running.lanes) - max(0, shown):
        yield f"and {more:,} more worker{'s' * (more > 1)}"


def counts_text(running: Running) -> str:
    """How many tasks ended, failed and are left."""
    done = sum(bar.done for bar in running.bars)
    total = sum(bar.total for bar in running.bars)
    failed = f", {running.failed:,} failed" if running.failed else ""
    return f"{done:,} of {total:,} tasks ended{failed}"


def _foot(running: Running, width: int, *, stops: bool) -> list[str]:
    """Counts, time left and how to stop, in as few lines as hold them."""
    coming = f", then {running.coming}" if running.coming else ""
    parts = [counts_text(running), f"{time_left(running.left_s)}{coming}"]
    parts += ["Ctrl-C stops; the same command goes on"] * stops
    if running.stops:
        parts[1:] = ["stopping: its workers end", *["a second Ctrl-C does not wait"] * stops]
    lines = parts[:1]
    for part in parts[1:]:
        if cell_len(lines[-1]) + cell_len(part) + 3 <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(cut_line(part, width))
    return lines

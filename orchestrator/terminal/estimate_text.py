"""What a sweep would take, as text: by data set, by the clock, and in money."""

import math
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from rich.console import Console

from analysis.wording import model_label, seconds_text
from orchestrator.planning.estimate import (
    Pace,
    scoring_runs,
    search_s,
    searches,
    unchosen,
    warm_up_bytes,
)
from orchestrator.planning.plan import Sweep
from orchestrator.planning.wall_clock import WallClock, wall_clock, work_of
from orchestrator.terminal.whole_table import WholeTable
from trainables.spec import TrialSpec

_NONE: Mapping[str, Pace] = {}
# Less than a minute is not worth a line.
_WORTH_TELLING_S = 60.0
# From here on others take so much of a machine that a reader should know.
_CROWDED = 1.3
_UNITS = (("h", 3600.0), ("min", 60.0), ("s", 1.0))


def print_estimate(
    sweep: Sweep,
    paces: Mapping[str, Pace],
    console: Console,
    *,
    scoring: Mapping[str, Pace] = _NONE,
    crowd: float = 1.0,
    price: float | None = None,
) -> None:
    """Print what is left: trials and time by data set with what that rests on, the whole by the clock, money.

    Args:
        sweep: As planned.
        paces: Of what is trained, by content hash of the data set.
        console: Where it goes.
        scoring: Of what scores the rows, where that is another model.
        crowd: How many times longer than alone a process takes here.
        price: Dollars an hour of what a trial computes on; None where it was not said.
    """
    unit = "one accelerator" if sweep.resources.gpus == 1 else "one worker"
    table = WholeTable("data set", "trials left", f"time of {unit}", "based on", box=None)
    count, unknown, total = _trials_left(sweep), [], np.zeros(3)
    for sha, dataset in sweep.wholes.items():
        took = work_of(sweep, sha, paces, scoring)
        if took is None:
            unknown.append(dataset.name)
            told, basis = "unknown", _why_unknown(sweep, sha, paces)
        else:
            total += took
            told, basis = span_text(took[0], took[2]), _basis(sweep, sha, paces, scoring)
        table.add_row(dataset.name, str(count[sha]), told, basis)
    known = span_text(total[0], total[2]) if total.any() or not unknown else "unknown"
    known = f"at least {known}" if unknown and total.any() else known
    table.add_row("total", str(sum(count.values())), known, "")
    console.print(table)
    whole = wall_clock(sweep, paces, scoring, crowd=crowd)
    console.print(_clock_text(sweep, whole, unknown, sum(count.values())), highlight=False)
    if price is not None:
        console.print(_money_text(sweep, whole, price), highlight=False)
    _print_beside(sweep, console)


def _print_beside(sweep: Sweep, console: Console) -> None:
    left = sweep.left
    for sha, many in searches(left).items():
        n = len(sweep.datasets[sha].train)
        took_s = search_s(many, n)
        if took_s > _WORTH_TELLING_S:
            console.print(
                f"of it searches for neighbours, {many} among {n:,} rows: about {took_s / 3600:.2g} core-hours on a "
                "CPU like that of docs/scale.md",
                highlight=False,
            )
    if needed := warm_up_bytes(sweep, left):
        console.print(f"disk: about {needed / 1e9:.1f} GB for warm-ups, in {sweep.store.root}")


def span_text(low: float, high: float) -> str:
    """Two times as a person says them: 4 to 9 min; the low one rounded down, the high one up.

    Args:
        low: Seconds.
        high: Seconds.
    """
    (least, small), (most, large) = _in_unit(low, math.floor), _in_unit(high, math.ceil)
    if small != large:
        return f"{least} {small} to {most} {large}"
    return f"{least} to {most} {large}" if least != most else f"{most} {large}"


def _in_unit(seconds: float, towards: Callable[[float], int]) -> tuple[str, str]:
    unit, size = next(one for one in _UNITS if seconds >= 1.5 * one[1] or one[1] == 1)
    return f"{_rounded(seconds / size, towards):,g}", unit


def _rounded(value: float, towards: Callable[[float], int]) -> float:
    """Two digits of a number, or one behind the point where it is below 10."""
    if value <= 0:
        return 0
    step = 10 ** max(math.floor(math.log10(value)) - 1, 0)
    step = 0.5 if 1 <= value < 10 else step
    return float(towards(value / step) * step)


def _clock_text(sweep: Sweep, whole: WallClock | None, unknown: list[str], trials: int) -> str:
    if not trials:
        return "nothing is left to run"
    if unknown:
        return f"how long it takes is unknown, as the time of {', '.join(unknown)} is"
    if whole is None:
        return "how long it takes by the clock is unknown: that depends on how many workers the cluster gives it"
    many = "1 worker" if whole.workers == 1 else f"{whole.workers} workers"
    text = (
        f"takes {span_text(whole.low, whole.high)} on the {many} at hand, about "
        f"{seconds_text(whole.expected)} as things are, from the command to its report"
    )
    if whole.crowd > _CROWDED:
        text += f"; other programs use this machine, and a process takes {whole.crowd:.1f} times as long as alone"
    return text


def _money_text(sweep: Sweep, whole: WallClock | None, price: float) -> str:
    if whole is None:
        return f"what it costs at ${price:g} an hour is unknown, as its time is"
    of = max(sweep.resources.gpus, 0.0) or 1.0
    low, high = (seconds / 3600 * price * of for seconds in (whole.worker_s[0], whole.worker_s[2]))
    what = "accelerator" if sweep.resources.gpus else "trial's cores"
    return f"costs ${_cents(low)} to ${_cents(high)} at ${price:g} an hour of one {what}"


def _cents(dollars: float) -> str:
    return f"{dollars:,.2f}" if dollars < 100 else f"{dollars:,.0f}"


def _basis(sweep: Sweep, sha: str, paces: Mapping[str, Pace], scoring: Mapping[str, Pace]) -> str:
    told = [paces[sha].basis] if sha in paces else []
    if sha in scoring:
        run: TrialSpec = scoring_runs(sweep)[sha]
        told.append(f"scored by {model_label(run.model)}: {scoring[sha].basis}")
    return "; ".join(told)


def _why_unknown(sweep: Sweep, sha: str, paces: Mapping[str, Pace]) -> str:
    lacks = sweep.loaded.model.name
    if sha in paces and sha in scoring_runs(sweep):
        lacks = scoring_runs(sweep)[sha].model
    if sweep.loaded.own:
        return "this trainer never ran on it: leave --no-probe out"
    return f"{model_label(lacks)} never ran here: --calibrate runs a few steps of it"


def _trials_left(sweep: Sweep) -> dict[str, int]:
    left = Counter(sweep.plan.whole_of(one) for one in sweep.specs if not sweep.is_done(one))
    return {sha: left[sha] + unchosen(sweep, sha).trials for sha in sweep.wholes}

"""The sweep that would settle an answer: the command of the run, gone on with."""

import shlex
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from analysis.answers import Answer, is_outside
from analysis.envelope import JudgedCell
from analysis.page.price_words import is_close, is_waiting, settled_by
from analysis.pricing import options_told
from analysis.study import Study
from analysis.verdicts import LEAST_SEEDS

_GOOD_SEEDS = 5
_Flags = list[str] | None


def next_sweep(study: Study, answer: Answer) -> str:
    """The command that would settle what is not sure; empty where no command of this run would."""
    if study.folder is None or not (told := options_told(study.folder)):
        return ""
    flags = _flags(study, answer, told)
    return "" if flags is None else sweep_command(study, *flags)


def sweep_command(study: Study, *flags: str) -> str:
    """A sweep that goes on with a run."""
    return shlex.join(["prune-envelope", "sweep", str(study.folder), *flags])


def _flags(study: Study, answer: Answer, told: Mapping[str, Any]) -> _Flags:
    """What is to be asked for beyond the same command; None where it is not known."""
    row = answer.row
    if row is None or row.verdict is None or answer.state == "confirming":
        return []
    if answer.rate:
        # Random beside it says whether the method is worth its price.
        is_alone = answer.state == "found" and not any(one.is_control for one in study.methods)
        return ["--control"] if is_alone else None
    ask: dict[str, Callable[[], _Flags]] = {
        "refuted": partial(_again, study, answer, row),
        "no answer": partial(_tuned, study, answer, told),
        "none": partial(_decided, study, answer, row, told),
    }
    return ask.get(answer.state, partial(_more, study, answer, row, told))()


def _again(study: Study, answer: Answer, row: JudgedCell) -> _Flags:
    """Another search: of the experiment that counts, or of smaller rates."""
    if any(other.cell.condition.protocol == "continue" for other in study.of(answer.source)):
        return ["--protocol", "restart", "--run", f"{study.folder}-restart"]
    return ["--rate", f"{row.cell.condition.rate / 2:g}", "--run", f"{study.folder}-smaller"]


def _tuned(study: Study, answer: Answer, told: Mapping[str, Any]) -> _Flags:
    """A search for a training that learns, where there was none and the training is ours."""
    own = told.get("trainer") or told.get("trainer_command")
    if own or answer.source.data_sha in study.plan.tuned:
        return None
    return ["--tune", "--run", f"{study.folder}-tuned"]


def _decided(study: Study, answer: Answer, row: JudgedCell, told: Mapping[str, Any]) -> _Flags:
    """Nothing passes: smaller rates where all is outside or the mean lies on the line; else seeds."""
    v = row.verdict
    if v is None or v.diverged:
        return None
    # Trials of a folder stay those of its plan: rates are added.
    rates = sorted({one.cell.condition.rate for one in study.of(answer.source)})
    least = row.cell.condition.rate
    if is_outside(row):
        return _rates(least / 4, least / 2, *rates)
    if v.low is not None and v.few is None and is_close(v):
        return _rates(least / 2, *rates)
    return _more(study, answer, row, told)


def _rates(*rates: float) -> list[str]:
    return [word for rate in rates for word in ("--rate", f"{rate:g}")]


def _more(study: Study, answer: Answer, row: JudgedCell, told: Mapping[str, Any]) -> _Flags:
    """More seeds; the same command where it buys them itself, or fresh ones have not run yet."""
    if is_waiting(study, answer) or study.plan.adaptive:
        return []
    v = row.verdict
    # Seeds that were named one by one have no next one.
    if v is None or told.get("seed"):
        return None
    more = settled_by(answer, row).seeds
    if v.n_seeds < LEAST_SEEDS and (more or v.n_seeds == 1 or answer.state == "exploratory"):
        return ["--seeds", str(_GOOD_SEEDS)]
    return ["--seeds", str(row.cell.n_planned + more)] if more else None

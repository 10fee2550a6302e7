"""Parts of sentences that several answers share."""

from analysis.answers import Answer
from analysis.envelope import JudgedCell
from analysis.random_control import Comparison
from analysis.verdicts import Verdict
from analysis.wording import percent, signal_label, signed


def cut_text(answer: Answer, row: JudgedCell) -> str:
    """Rate and data set, such as: 10% of imdb."""
    return f"{percent(row.cell.condition.rate)} of {answer.name}"


def by_text(row: JudgedCell) -> str:
    """The method in a few words."""
    condition = row.cell.condition
    by = "at random" if condition.is_control else f"by {signal_label(condition.signal)}"
    return f"{by} each epoch" if condition.kind == "dynamic" else by


def change_text(answer: Answer, verdict: Verdict) -> str:
    """The mean change, and its interval where there is one."""
    likely = (
        f", likely {signed(answer.low)} to {signed(answer.high)}"
        if answer.low is not None and answer.high is not None
        else ""
    )
    return f"{signed(verdict.mean)} points{likely}"


def likely_text(one: Comparison) -> str:
    """The interval of a difference to random, as the end of a sentence."""
    if one.low is None or one.high is None:
        return ""
    return f", likely {signed(one.low)} to {signed(one.high)}"

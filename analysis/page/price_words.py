"""What would settle an answer that is not sure, in seeds with their time, and in test rows."""

from dataclasses import dataclass

from analysis.answers import Answer, candidate
from analysis.envelope import JudgedCell
from analysis.money import spent_on
from analysis.seeds_needed import closeness, seeds_to_settle
from analysis.study import Study
from analysis.undecided import guard_verdicts, needed_test_rows, open_verdicts
from analysis.verdicts import ALPHA, LEAST_SEEDS, Verdict
from analysis.wording import seconds_text

# Seeds by which advice in test rows holds about as often as it should.
_KNOWN = 5


@dataclass(frozen=True, kw_only=True)
class Price:
    """What would settle a condition, guards included, if means and spreads of these seeds are the true ones.

    Attributes:
        seeds: More seeds; None where seeds would hardly settle it.
        rows: Test rows more than there are; None where those alone would not.
        why: Why seeds would not.
    """

    seeds: int | None = None
    rows: int | None = None
    why: str = ""


def settled_by(answer: Answer, row: JudgedCell) -> Price:
    """What would settle the condition of an answer, with a chance of 80%."""
    verdict = row.verdict
    assert verdict is not None, "asked of a condition with a verdict"
    # To be named safe a condition must pass with all methods counted; outside needs no more than 5 %.
    is_above = verdict.mean > -verdict.tolerance
    alpha = ALPHA / answer.n_tried if is_above else ALPHA
    # Guards that are within at 5 % must be so at a smaller error, too.
    of_guards = guard_verdicts(row) if verdict.verdict == "within" else open_verdicts(row)
    every = {**of_guards, "": verdict}
    if is_decided(verdict) and verdict.verdict != "within":
        every.pop("")
    rows = [_more_rows(v, alpha) for v in every.values()]
    enough = max((n for n in rows if n is not None), default=None) if None not in rows else None
    each = {name: seeds_to_settle(v, alpha=alpha) for name, v in every.items()}
    for name, one in each.items():
        if one.more is None:
            return Price(rows=enough, why=f"{name}: {one.reason}" if name else one.reason)
    return Price(seeds=max((one.more or 0 for one in each.values()), default=0), rows=enough)


def _more_rows(verdict: Verdict, alpha: float) -> int | None:
    n = needed_test_rows(verdict, alpha=alpha)
    return None if n is None or verdict.parts is None else n - verdict.parts.n


def is_decided(verdict: Verdict) -> bool:
    """Whether the metric alone is decided: its interval does not cross the line."""
    low, high = verdict.low or 0.0, verdict.high or 0.0
    return low > -verdict.tolerance or high < -verdict.tolerance


def is_close(verdict: Verdict) -> bool:
    """Whether a mean is so close to the line that seeds cost more than the answer is worth."""
    return abs(verdict.mean + verdict.tolerance) < closeness(verdict)


def settling_text(study: Study, answer: Answer, row: JudgedCell) -> str:
    """What it would take to decide, as a sentence."""
    v = row.verdict
    assert v is not None, "asked of a condition with a verdict"
    price = settled_by(answer, row)
    rows = f"about {float(f'{price.rows:.2g}'):,.0f} more test rows" if price.rows else ""
    if price.seeds is None:
        more = f"; {rows} may" * bool(rows)
        return f"More seeds would hardly decide it: {price.why}{more}."
    if study.plan.adaptive:
        return "The same command buys more seeds where they can decide it."
    if v.n_seeds < LEAST_SEEDS:
        return "To decide: run three seeds or more."
    seeds = f"about {seeds_price(study, answer, row, price.seeds)}"
    # Of fewer seeds the noise between runs is hardly known: so many rows settle about half of them.
    told = f", or {rows}" * (bool(rows) and v.n_seeds >= _KNOWN)
    return f"To decide: {seeds}{told}."


def seeds_price(study: Study, answer: Answer, row: JudgedCell, more: int) -> str:
    """So many seeds, of every method where several were tried, and what they compute for."""
    many = f"{more} more seed{'s' * (more > 1)}{' of every method' * (answer.n_tried > 1)}"
    spent = spent_on(study, answer.source).seconds
    seeds = {pair.seed for one in study.of(answer.source) for pair in one.cell.pairs}
    if not spent or not seeds or study.confirmed.get(answer.source):
        return many
    return f"{many} ({seconds_text(spent / len(seeds) * more)} of computing)"


def is_waiting(study: Study, answer: Answer) -> bool:
    """Whether fresh seeds are planned that have not run, and there is a list for them."""
    if not study.confirms(answer.source) or answer.confirmation or answer.row is None:
        return False
    is_listed = answer.row.cell.condition.kind != "dynamic"
    return is_listed and candidate(study, answer.source) is not None

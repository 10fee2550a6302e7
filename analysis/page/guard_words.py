"""What is said of guards: whether each holds, and which of them leaves a condition undecided."""

from collections.abc import Iterator, Sequence

from analysis.envelope import JudgedCell
from analysis.guards import Guarded
from analysis.metric_words import MetricWords, metric_words
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import MARKS, percent

COLUMNS = (
    "data set", "method", "warm-up", "removed", "guard", "test rows of", "change", "likely", "line",
    "verdict", "test rows",
)  # fmt: skip


def few_text(verdict: Verdict) -> str:
    """That too few test rows carry a difference; empty where enough do."""
    if verdict.few is None:
        return ""
    if verdict.few == 1:
        return "1 test row decides this: no verdict."
    return f"{verdict.few} test rows decide this: no verdict."


def guards_hold(row: JudgedCell) -> str:
    """That all guards of a condition that is within hold; empty where it has none."""
    names = list(dict.fromkeys(one.label for one in row.guards))
    return f"What is guarded holds as well: {', '.join(names)}." if names else ""


def guards_broken(row: JudgedCell) -> str:
    """The guards of a condition that are shown to be broken, with their changes."""
    return _listed(row, "outside", "Broken is")


def guards_open(row: JudgedCell) -> str:
    """Because of what a condition is not decided though its metric is; with the test rows there are."""
    found = [one for one in row.guards if one.verdict.verdict == "inconclusive"]
    told = [
        f"{_where(one)}{'' if rows is None else f': {rows:,} test row' + 's' * (rows != 1)}"
        for one in found
        for rows in [_n_rows(one.verdict)]
    ]
    return f"Not decided because of {', and of '.join(told)}." if told else ""


def guard_text(one: Guarded) -> str:
    """One guard: its change, interval and word."""
    v = one.verdict
    return f"{_where(one)}: {_words(one).change(v.mean, v.low, v.high)}, {v.verdict}"


def notes_of(row: JudgedCell) -> tuple[str, ...]:
    """What a hover says beside the change: each guard with its mark, and that too few rows decide."""
    few = few_text(row.verdict) if row.verdict else ""
    return tuple(filter(None, (*_guard_lines(row), few)))


def _guard_lines(row: JudgedCell) -> list[str]:
    return [
        f"{MARKS[v.verdict]} {_where(one)}: {_words(one).short(v.mean)} "
        f"{_words(one).interval(v.low, v.high)}".rstrip()
        for one in row.guards
        for v in [one.verdict]
    ]


def guard_rows(study: Study) -> Iterator[Sequence[str]]:
    """Every guard of every judged condition, as COLUMNS has them."""
    for row in study.rows:
        c = row.cell.condition
        for one in row.guards:
            v, words, rows = one.verdict, _words(one), _n_rows(one.verdict)
            yield (
                study.sources[c.source], study.methods[c.method], percent(c.warmup), percent(c.rate),
                one.label, one.group or "all", f"{words.short(v.mean)}{words.told}",
                words.interval(v.low, v.high), f"−{words.margin(v.tolerance)}",
                f"{MARKS[v.verdict]} {v.verdict}", "" if rows is None else f"{rows:,}",
            )  # fmt: skip


def _listed(row: JudgedCell, word: str, lead: str) -> str:
    told = [guard_text(one) for one in row.guards if one.verdict.verdict == word]
    return f"{lead} {'; '.join(told)}." if told else ""


def _where(one: Guarded) -> str:
    return f"{one.label} (“{one.group}”)" if one.group else one.label


def _words(one: Guarded) -> MetricWords:
    return metric_words(one.metric, [one.verdict])


def _n_rows(verdict: Verdict) -> int | None:
    return verdict.parts.n if verdict.parts is not None else None

"""What is said of guards: whether each holds, and which of them leaves a condition undecided."""

import math
from collections.abc import Callable, Iterator, Sequence

from analysis.envelope import JudgedCell
from analysis.guards import FAMILIES, Guarded
from analysis.metric_words import MetricWords, metric_words
from analysis.seeds_needed import few_decide
from analysis.study import Study
from analysis.undecided import needed_test_rows
from analysis.verdicts import Verdict
from analysis.wording import MARKS, below, percent
from trainables.written_numbers import many

COLUMNS = (
    "data set", "method", "warm-up", "removed", "guard", "test rows of", "change", "likely", "line",
    "verdict", "test rows",
)  # fmt: skip
# More guards, classes or groups than this are in the table alone.
_MOST_TOLD, _MOST_NAMED = 2, 2


def few_text(verdict: Verdict) -> str:
    """That too few test rows carry a difference; empty where enough do."""
    if verdict.few is None:
        return ""
    told = few_decide(verdict.few)
    return f"{told[:1].upper()}{told[1:]}: no verdict."


def guards_hold(row: JudgedCell) -> str:
    """That all guards of a condition that is within hold; empty where it has none."""
    names = [_name(own[0]) for own in _by_guard(row)]
    if len(names) > _MOST_NAMED:
        return f"All {len(names)} guards hold as well."
    return f"What is guarded holds as well: {', '.join(names)}." if names else ""


def guards_broken(row: JudgedCell) -> str:
    """The guards of a condition that are shown to be broken, with their changes."""
    return _told(row, "outside", "Not held: ", _change)


def guards_open(row: JudgedCell) -> str:
    """Because of what a condition is not decided; with the test rows that there are of it."""
    return _told(row, "inconclusive", "Not decided because of ", _rows_of)


def hover_notes(row: JudgedCell) -> tuple[str, ...]:
    """What a hover says beside the change: each guard with its mark, and that too few rows decide."""
    few = few_text(row.verdict) if row.verdict else ""
    lines = [
        f"{MARKS[worst.verdict.verdict]} {_name(worst)}, {_where(worst)}: "
        f"{_changed(worst)} {_words(worst).interval(worst.low, worst.high)}"
        for worst in map(worst_guard, _by_guard(row))
    ]
    return tuple(filter(None, (*lines, few)))


def worst_guard(own: Sequence[Guarded]) -> Guarded:
    """Of the classes or groups of one guard the one that is furthest from holding."""
    order = {"outside": 0, "inconclusive": 1, "within": 2}

    def rank(one: Guarded) -> tuple[int, float]:
        v = one.verdict
        lowest = -math.inf if v.no_value else v.mean if v.low is None else v.low
        return order[v.verdict], lowest + v.tolerance

    return min(own, key=rank)


def guard_facts(row: JudgedCell) -> Iterator[tuple[str, str, str]]:
    """Of each guard: its name, its word, and the class or group that is furthest from holding."""
    for own in _by_guard(row):
        one = worst_guard(own)
        v, words = one.verdict, _words(one)
        of = f"; of {len(own)}, the one with least to spare" if len(own) > 1 else ""
        change = words.change(v.mean, one.low, one.high)
        line = f"the line is {below(words.amount(v.tolerance), v.tolerance)}"
        yield (
            f"Guard: {_name(one)}",
            f"{MARKS[v.verdict]} {v.verdict}",
            f"{_where(one)}: {v.no_value or f'{change}; {line}'}{of}",
        )


def guard_rows(study: Study) -> Iterator[Sequence[str]]:
    """Every guard of every judged condition, class by class, as COLUMNS has them."""
    for row in study.rows:
        c = row.cell.condition
        for one in row.guards:
            v, words = one.verdict, _words(one)
            yield (
                study.sources[c.source], study.methods[c.method], percent(c.warmup), percent(c.rate),
                _name(one), one.group or "all", _changed(one),
                words.interval(one.low, one.high),
                "" if v.no_value else below(words.margin(v.tolerance), v.tolerance),
                f"{MARKS[v.verdict]} {v.verdict}", f"{one.n_test:,}",
            )  # fmt: skip


def _by_guard(row: JudgedCell) -> list[list[Guarded]]:
    """Guards as they were asked for, each with its classes or groups."""
    found: dict[str, list[Guarded]] = {}
    for one in row.guards:
        found.setdefault(one.guard or one.label, []).append(one)
    return list(found.values())


def _told(row: JudgedCell, word: str, lead: str, tell: Callable[[Guarded], str]) -> str:
    # What no number of rows like these can settle comes first.
    ranked = sorted(row.guards, key=lambda one: not one.verdict.no_value)
    told = [tell(one) for one in ranked if one.verdict.verdict == word]
    more = len(told) - _MOST_TOLD
    if more > 0:
        told = [*told[:_MOST_TOLD], f"{more} more"]
    return f"{lead}{', and '.join(told)}." if told else ""


def _change(one: Guarded) -> str:
    """Class “c3”: recall −6.00 points, likely −9.10 to −2.30."""
    v = one.verdict
    return f"{_where(one)}: {one.label} {_words(one).change(v.mean, one.low, one.high)}"


def _rows_of(one: Guarded) -> str:
    """Class “c3”: 41 test rows (some 500 would settle it, if mean and spread stay)."""
    at, v = _where(one) if one.group else one.label, one.verdict
    why = v.no_value or ("" if v.few is None else few_decide(v.few))
    if not why and (enough := needed_test_rows(v, alpha=v.alpha)):
        why = f"some {float(f'{enough:.2g}'):,.0f} would settle it, if mean and spread stay"
    return f"{at}: {many(one.n_test, 'test row')}{f' ({why})' * bool(why)}"


def _changed(one: Guarded) -> str:
    return "no value" if one.verdict.no_value else _words(one).short(one.verdict.mean)


def _name(one: Guarded) -> str:
    """A guard's name: recall of each class, macro-F1 of each group, log loss."""
    family = _family(one)
    return f"{one.label} of each {family}" if family else one.label


def _where(one: Guarded) -> str:
    """Class “c3”, group “de”, or all test rows."""
    return f"{_family(one) or 'group'} “{one.group}”" if one.group else "all test rows"


def _family(one: Guarded) -> str:
    return FAMILIES.get(one.guard) or FAMILIES.get(one.guard.rpartition(":")[0]) or ""


def _words(one: Guarded) -> MetricWords:
    return metric_words(one.metric, [one.verdict])

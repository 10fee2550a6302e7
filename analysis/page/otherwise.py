"""What one would have concluded otherwise, as the page says it: one sentence, and a small table."""

from dataclasses import dataclass

from analysis.envelope import JudgedCell
from analysis.other_readings import WEAKER, OtherReadings, other_readings
from analysis.page.phrases import by_text
from analysis.study import Study
from analysis.wording import percent, signal_label

_NOTES = {
    "without random": "Without random: nothing says whether a method earns its cut.",
    "by means alone": "By means alone: the mean lies above the line, whatever its interval.",
    "by two seeds": "By two seeds: a first look at the first two, taken at its word.",
    "without counting picks": "Without counting picks: each method as if no other had been tried.",
    "without new seeds": "Without new seeds: by the seeds that chose the cut, as all readings before it.",
}


@dataclass(frozen=True, kw_only=True)
class Otherwise:
    """The section.

    Attributes:
        sentence: What differs, or that nothing does.
        notes: What each reading goes by, of those that differ somewhere.
        columns: The head of the table.
        rows: A data set, what holds, and a cell a reading: its text, and whether it differs; None where
            a reading says nothing of it. Empty where nothing differs.
    """

    sentence: str
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[tuple[str, bool] | None, ...]], ...]


def otherwise(study: Study) -> Otherwise | None:
    """The section of a run; None where no data set has an answer."""
    found = other_readings(study)
    if not found:
        return None
    used = [name for name in WEAKER if any(name in one.named for one in found)]
    differ = [name for name in used if any(name in one.different for one in found)]
    rows = tuple(
        (
            one.answer.name,
            _text(study, one.holds),
            tuple(_cell(study, one, name) for name in used),
        )
        for one in found
    )
    return Otherwise(
        sentence=_sentence(found, used),
        notes=tuple(_NOTES[name] for name in differ),
        columns=("data set", "what holds", *used),
        rows=rows if differ else (),
    )


def _sentence(found: list[OtherReadings], used: list[str]) -> str:
    """One sentence of all data sets."""
    n = sum(bool(one.different) for one in found)
    if not n:
        listed = ", ".join(used[:-1]) + (" or " if len(used) > 1 else "") + used[-1]
        return f"Read {listed}, the same runs lead to the same answer{'s' * (len(found) > 1)}."
    if len(found) == 1:
        count = len(found[0].different)
        verb = "names" if count == 1 else "name"
        return f"{count} of {len(found[0].named)} weaker readings of the same runs {verb} something else."
    return (
        f"On {n} of {len(found)} data sets a weaker reading of the same runs names something else."
    )


def _cell(study: Study, one: OtherReadings, name: str) -> tuple[str, bool] | None:
    if name not in one.named:
        return None
    return _text(study, one.named[name]), name in one.different


def _text(study: Study, row: JudgedCell | None) -> str:
    """30% by Keep one; of two methods of one signal all that tells them apart."""
    if row is None:
        return "nothing shown safe"
    c = row.cell.condition
    alike = [m for m in study.methods if signal_label(m.signal) == signal_label(c.signal)]
    if c.is_control or len(alike) < 2:
        return f"{percent(c.rate)} {by_text(row)}"
    return f"{percent(c.rate)} by {study.methods.get(c.method, signal_label(c.signal))}"

"""Notes of a run in the order of what they take from its answer: leaks first, then what makes it doubtful."""

import re
from collections.abc import Iterable

from analysis.page.provenance import environments
from analysis.study import Study
from trainables.plain_text import forwarded, redacted

# What a note speaks of, the first the most; a note on nothing found is no note.
_RANKS = (
    re.compile(r"test (texts|rows|inputs|images|examples)\b.* occur in the training|leak"),
    re.compile(r"stress test|altered on purpose|judged by|diverged|another release|edited since"),
    re.compile(
        r"near cop\w+ of training|another label|not seeded|obey its seed|limited to|cut short"
    ),
)
_ZERO = re.compile(r"^([^:]+: )?0 of ")


def answer_notes(study: Study, first: Iterable[str] = ()) -> list[tuple[str, int]]:
    """Notes of the plan and of how it is judged, and warnings of the rows with how many rows carry each.

    Args:
        study: The run.
        first: What had no room on the first screen, and is told before all else.
    """
    notes = [(note, 0) for note in study.notes if note not in study.warnings]
    if study.plan.limited:
        notes.append(("The data were cut short for this run: it only tries things out.", 0))
    if len(environments(study)) > 1:
        notes.append(("The trials ran in more than one environment; no pair mixes two.", 0))
    every = [*notes, *study.warnings.items()]
    ranked = sorted(
        (one for one in every if not _ZERO.match(one[0])), key=lambda one: _rank(one[0])
    )
    told = [*((text, 0) for text in first), *ranked]
    return [(forwarded(redacted(note)), count) for note, count in told]


def _rank(note: str) -> int:
    return next((k for k, what in enumerate(_RANKS) if what.search(note)), len(_RANKS))

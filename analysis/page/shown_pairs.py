"""A removed row and the nearest one that stays, as their boxes show them: words, turns or pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.dropped_samples import DroppedList, DroppedRow, DroppedSample
from analysis.page.phrases import has_classes
from analysis.page.shared_words import Run, shared_words, split_words
from analysis.study import Study
from analysis.wording import percent

# A text that was cut short ends with it.
_CUT = "…"


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """A row as its box shows it.

    Attributes:
        told: What it is: class, id, row.
        words: Its text in runs, each with whether the row beside it has the same words there.
        picture: Of an image a data URI; empty where it is none or is not shown.
        alt: What a picture is, for who does not see it.
    """

    told: str
    words: Sequence[Run]
    picture: str = ""
    alt: str = ""


@dataclass(frozen=True, kw_only=True)
class ShownPair:
    """A removed row and the nearest one that stays.

    Attributes:
        gone: The removed row.
        stays: The row beside it; None where none is known.
        reason: Why it went.
        copy: Whether a copy of it stays, in words.
        tone: "in" where one stays, else "out".
    """

    gone: ShownRow
    stays: ShownRow | None
    reason: str
    copy: str
    tone: str


def shown_pair(study: Study, one: DroppedList, row: DroppedRow) -> ShownPair:
    """A removed row of a list beside the nearest one that stays; as dropped.js shows it."""
    sample = study.dropped.sample(one, row.row)
    other = None if row.survivor is None else study.dropped.sample(one, row.survivor)
    mine, theirs = _words(sample), _words(other) if other else []
    # Why an image has no picture is no text of its own: none of its words is another row's.
    alike = theirs and "image" not in (sample.kind, other.kind if other else "")
    both = shared_words(mine, theirs) if alike else (_alone(mine), _alone(theirs))
    told, lower = _told(sample, is_classed=has_classes(study)), percent(round(row.percentile, 4))
    gone = f"✂ removed{told} · {lower} of rows score lower"
    return ShownPair(
        gone=_shown(sample, gone, both[0]),
        stays=_shown(other, _told_of_other(study, sample, other, row), both[1]) if other else None,
        reason=row.reason,
        copy=_copy_text(sample, other, row),
        tone="in" if row.twin_survives else "out",
    )


def _words(sample: DroppedSample) -> list[str]:
    return split_words(sample.text, lines=sample.kind == "messages")


def _alone(words: Sequence[str]) -> list[Run]:
    return [(" ".join(words), True)]


def _shown(sample: DroppedSample, told: str, words: Sequence[Run]) -> ShownRow:
    label = f" of {sample.label}" if sample.label else ""
    return ShownRow(
        told=told, words=words, picture=sample.picture, alt=f"Picture{label}, id {sample.id}"
    )


def _told(sample: DroppedSample, *, is_classed: bool) -> str:
    label = f" · {'' if is_classed else 'value '}{sample.label}" if sample.label else ""
    return f"{label} · id {sample.id} · row {sample.row}"


def _told_of_other(
    study: Study, sample: DroppedSample, other: DroppedSample, row: DroppedRow
) -> str:
    is_classed = has_classes(study)
    told = f"stays{_told(other, is_classed=is_classed)}"
    if is_classed and other.label != sample.label:
        told += " · another class"
    return told if row.similarity is None else f"{told} · similarity {row.similarity:.3f}"


def _copy_text(sample: DroppedSample, other: DroppedSample | None, row: DroppedRow) -> str:
    """Whether a copy of a removed row stays; exact only where both whole texts are here to see."""
    if not row.twin_survives:
        return "no copy stays"
    if sample.kind == "image":
        return "a copy stays"
    is_whole = sample.text and not sample.text.endswith(_CUT)
    is_exact = other is not None and is_whole and sample.text == other.text
    return "an exact copy stays" if is_exact else "a copy or near copy stays"

"""What was dropped, as the page shows it: the headline's own list first, every other one by a filter."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from analysis.answers import answers
from analysis.dropped_samples import DroppedList, DroppedSample
from analysis.methods import Condition, condition_of
from analysis.page.phrases import has_classes
from analysis.page.shown_pairs import ShownPair, shown_pair
from analysis.study import Study
from analysis.wording import method_labels, percent

# A list that fresh seeds train on, whether they pass or do not, and one of which they do.
_FRESH, _CONFIRMED = "the list of fresh seeds", "the confirmed list"

# Where more of the removed rows lie beside another class, a weak model is a likelier cause than their labels.
_MOST_WRONG = 0.2


@dataclass(frozen=True, kw_only=True)
class DroppedPanel:
    """The section as it is without a script, and what its script shows instead.

    Attributes:
        title: Of the list that is open.
        summary: What is known of all of its rows.
        count: How many of them are shown.
        file: Where all of them are, from the page's own folder; empty where that is nowhere.
        file_text: The words of that link.
        pairs: Those shown.
        searched: What the field for words looks at.
        is_pictures: Whether the rows shown are images.
        caption: What the columns are.
        left_out: What of the rows is not shown, on request; empty where nothing is left out.
        view: All lists, in plain values: what the script reads.
    """

    title: str
    summary: str
    count: str
    file: str
    file_text: str
    pairs: tuple[ShownPair, ...]
    searched: str
    is_pictures: bool
    caption: str
    left_out: str
    view: dict[str, Any]


def dropped_panel(study: Study, beside: Path | None = None) -> DroppedPanel | None:
    """What the section shows; None where the run has no list.

    Args:
        study: The run.
        beside: The folder that the page is written to; None where it is not known: then it links nothing.
    """
    listed = _lists(study)
    if not listed:
        return None
    first = _first(study, listed)
    files = [_link(study, one, beside) for one in listed]
    view = _view(study, listed, files) | {"first": first}
    one, shown = listed[first], view["lists"][first]
    return DroppedPanel(
        title=shown["title"],
        summary=shown["summary"],
        count=count_text(len(one.rows), len(one.rows), one.dropped),
        file=files[first],
        file_text=shown["file_text"],
        pairs=tuple(shown_pair(study, one, row) for row in one.rows),
        searched="Text or id" if _kinds(study) - {"image"} else "Id",
        is_pictures=_is_pictures(study, one),
        caption=_caption(study),
        left_out=f"Their {_nouns(study)} were left out on request."
        * (not study.dropped.with_examples),
        view=view,
    )


def training_data_text(study: Study) -> str:
    """Whether a page of the run shows training data: what it is sent on with."""
    every = [one for rows in study.dropped.samples.values() for one in rows.values()]
    shown = ["texts"] * any(one.text for one in every if one.kind != "image")
    shown += ["images"] * any(one.picture for one in every)
    if not shown:
        nothing = "image" if _kinds(study) == {"image"} else "text"
        return f"This page holds names and numbers, no training {nothing}."
    return f"This page shows training {' and '.join(shown)}."


def _kinds(study: Study) -> set[str]:
    """What the rows are that lists speak of."""
    return {one.kind for rows in study.dropped.samples.values() for one in rows.values()}


def _nouns(study: Study) -> str:
    return "texts" if "image" not in (kinds := _kinds(study)) else (
        "pictures" if kinds == {"image"} else "texts and pictures"
    )  # fmt: skip


def _caption(study: Study) -> str:
    """What stands left and right, and what a copy is of such rows."""
    kinds = _kinds(study)
    told = (
        "Left a removed row, and why it went; right the nearest row that stays, by the scoring model's "
        "embeddings where they were at hand."
    )
    if kinds - {"image"}:
        told += " A copy has the same text, a near copy almost. Words that the other text lacks are marked."
    if "image" in kinds:
        told += (
            " A copy of an image has the same bytes; near copies of images are not looked for. Pictures are "
            "small ones, made of the images."
        )
    return (
        f"{told} Row counts from 0: in the file that the rows were read from, or, where the package made "
        "them, among the training rows."
    )


def count_text(shown: int, held: int, dropped: int) -> str:
    """How many examples are shown, of how many rows."""
    return f"{shown:,} of {held:,} examples shown, of {dropped:,} rows removed"


def _lists(study: Study) -> list[DroppedList]:
    """Each list once: two conditions of one cut, such as of two protocols, remove the same rows."""
    found: dict[tuple[str, ...], DroppedList] = {}
    for one in study.dropped.lists:
        condition = condition_of(one.spec)
        if condition.source in study.sources:
            found.setdefault(_names(study, one), one)
    return list(found.values())


def _names(study: Study, one: DroppedList) -> tuple[str, str, str, str]:
    """By what a reader chooses a list: data set, method, rate, and whose scores cut it."""
    condition = condition_of(one.spec)
    return (
        study.sources[condition.source],
        _method(study, condition),
        percent(condition.rate),
        _list(study, one, condition),
    )


def _list(study: Study, one: DroppedList, condition: Condition) -> str:
    """Whose scores cut a list."""
    if one.spec.kind != "fixed":
        return f"seed {one.spec.seed}"
    told = study.confirmed.get(condition.source)
    is_told = told is not None and told.row.cell.condition == condition
    return _CONFIRMED if told is not None and is_told and told.passes else _FRESH


def _method(study: Study, condition: Condition) -> str:
    """A method as all of the page calls it; the warm-up where there are several."""
    own = condition.method
    if condition.kind == "fixed":
        own = next((m for m in study.methods if _is_cut_alike(m, condition)), own)
    label = study.methods.get(own) or method_labels([own])[own]
    several = len({row.cell.condition.warmup for row in study.of(condition.source)}) > 1
    return f"{label}, {percent(condition.warmup)} warm-up" if several else label


def _is_cut_alike(method: Any, condition: Condition) -> bool:
    """Whether a fixed list was cut by a method of the search."""
    own = condition.method
    return bool(own == method._replace(kind=own.kind, protocol=own.protocol))


def _first(study: Study, listed: Sequence[DroppedList]) -> int:
    """The list of the first answer's own condition; else the first there is."""
    for answer in answers(study):
        asked = answer.row.cell.condition if answer.row else None
        for place, one in enumerate(listed):
            if asked is not None and condition_of(one.spec) == asked:
                return place
    return 0


def _link(study: Study, one: DroppedList, beside: Path | None) -> str:
    """The way from the page to a file of all rows of a list; empty where it would lead nowhere."""
    if beside is None or study.folder is None or not one.file:
        return ""
    path = study.folder / one.file
    return quote(os.path.relpath(path.resolve(), beside.resolve())) if path.is_file() else ""


def _view(study: Study, listed: Sequence[DroppedList], files: Sequence[str]) -> dict[str, Any]:
    """The lists as plain values, each row's text once."""
    places: dict[tuple[str, int], int] = {}
    samples: list[list[Any]] = []

    def place_of(one: DroppedList, row: int) -> int:
        key = (one.spec.data_sha, row)
        if key not in places:
            places[key] = len(samples)
            sample = study.dropped.sample(one, row)
            samples.append(_plain(sample))
        return places[key]

    reasons = {row.reason: None for one in listed for row in one.rows}
    numbers = {reason: number for number, reason in enumerate(reasons)}
    lists = [
        {
            "names": _names(study, one),
            "title": _title(study, one),
            "summary": summary_text(
                one, is_classed=has_classes(study), is_pictures=_is_pictures(study, one)
            ),
            "dropped": one.dropped,
            "by_class": dict(one.by_class),
            "file": file,
            "file_text": _file_text(one),
            "rows": [
                [
                    place_of(one, row.row),
                    None if row.survivor is None else place_of(one, row.survivor),
                    None if row.similarity is None else f"{row.similarity:.3f}",
                    round(row.percentile, 4), row.score, numbers[row.reason],
                    int(row.twin_survives),
                ]
                for row in one.rows
            ],
        }
        for one, file in zip(listed, files, strict=True)
    ]  # fmt: skip
    return {
        "samples": samples, "reasons": list(reasons), "lists": lists,
        "classes": has_classes(study),
    }  # fmt: skip


def _plain(sample: DroppedSample) -> list[Any]:
    """A row as the script has it: of a text no more than these four."""
    values = [sample.row, sample.id, sample.label, sample.text]
    return values if sample.kind == "text" else [*values, sample.kind, sample.picture]


def _title(study: Study, one: DroppedList) -> str:
    source, method, rate, of = _names(study, one)
    return f"{source} · {method} · {rate} removed · {of}"


def _file_text(one: DroppedList) -> str:
    return f"All {one.dropped:,} removed rows as CSV" if one.dropped > 1 else "The row as CSV"


def _is_pictures(study: Study, one: DroppedList) -> bool:
    """Whether the rows of a list are images."""
    return any(study.dropped.sample(one, row.row).kind == "image" for row in one.rows[:1])


def summary_text(one: DroppedList, *, is_classed: bool, is_pictures: bool = False) -> str:
    """What is known of all rows of a list, not of those shown alone."""
    if not one.dropped:
        return "No row is removed."
    rows = f"{one.dropped:,} row{'s are' if one.dropped > 1 else ' is'} removed."
    copy = "copy" if is_pictures else "copy or near copy"
    text = f"{rows} Of {one.twin_survives:,} of them a {copy} stays."
    if is_classed and one.survivor_kept:
        many = one.other_label > _MOST_WRONG * one.dropped
        text += (
            f" Of {one.other_label:,} of them the nearest row that stays has another class: "
            + (
                "the model that scored them tells these classes badly apart, or many labels are wrong."
                if many
                else "look there for wrong labels."
            )
        )
    if 1 < len(one.rows) < one.dropped:
        text += f" The {len(one.rows):,} examples are spread over the order of removal."
    return text

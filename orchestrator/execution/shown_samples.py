"""What is shown of a training row: its text cut short, its turns line by line, or a small picture of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

import numpy as np

from analysis.dropped_samples import DroppedList, DroppedSample
from trainables.data.dataset import Dataset
from trainables.data.messages import turns_of
from trainables.data.thumbnails import thumbnail
from trainables.selection.removed import file_rows

# Characters of a text, and of one turn of several.
_LONGEST, _LONGEST_TURN = 600, 280
# Pictures of a run's page, and characters of all of them: a page is sent by mail.
_MOST_PICTURES, _MOST_CHARACTERS = 500, 600_000
_UNREADABLE = "It cannot be read as a picture."
_TOO_MANY = "Not shown: a page holds so many pictures, and no more."
_CUT = "…"
Samples = dict[str, dict[int, DroppedSample]]


def shown_sample(dataset: Dataset, number: int, *, with_text: bool) -> DroppedSample:
    """A training row as a page speaks of it; its picture is `with_pictures`'s to make.

    Args:
        dataset: Its own.
        number: Of the training row.
        with_text: Whether its text may be shown.
    """
    answer = dataset.answers(np.array([number]))
    is_turns = dataset.kind == "messages" or _is_answered(dataset)
    return DroppedSample(
        row=int(file_rows(dataset)[number]),
        id=str(dataset.train.ids[number]),
        label="" if answer is None else str(answer[0]),
        text=_text(dataset, number) if with_text else "",
        kind="messages" if is_turns else dataset.kind,
    )


def _is_answered(dataset: Dataset) -> bool:
    """Whether its texts are a prompt and the response that is learned."""
    train = dataset.train
    return not dataset.class_names and train.targets is None and train.first is not None


def _text(dataset: Dataset, number: int) -> str:
    if dataset.kind not in ("text", "messages"):
        return ""
    text = dataset.train.inputs[number].as_py()
    if dataset.kind == "messages":
        return _lines([(one["role"], one["content"]) for one in turns_of(text)])
    if _is_answered(dataset):
        assert dataset.train.first is not None, "told apart by it"
        end = int(dataset.train.first[number])
        return _lines([("prompt", text[:end]), ("response", text[end:].removeprefix("\n"))])
    return _cut(text, _LONGEST)


def _lines(turns: Sequence[tuple[str, str]]) -> str:
    """A line a turn, who speaks before it; it ends with "…" where anything was cut."""
    # A turn of several lines stands on one: where the next begins is then plain to see.
    told = [f"{who}: {_cut(' '.join(text.split()), _LONGEST_TURN)}" for who, text in turns]
    text = _cut("\n".join(told), 2 * _LONGEST)
    is_cut = any(one.endswith(_CUT) for one in told)
    return f"{text} {_CUT}" if is_cut and not text.endswith(_CUT) else text


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + _CUT


def with_pictures(
    samples: Samples, lists: Sequence[DroppedList], datasets: Mapping[str, Dataset]
) -> Samples:
    """The samples of images with small pictures: of as many as a page that is sent by mail should hold.

    Args:
        samples: By content hash of the data set, then by number.
        lists: Those that speak of them, the headline's own first.
        datasets: By content hash.
    """
    found = {sha: dict(rows) for sha, rows in samples.items()}
    count = characters = 0
    for sha, number in _by_turns(lists):
        sample = found[sha][number]
        if sample.kind != "image" or sample.picture or sample.text:
            continue
        if count == _MOST_PICTURES or characters > _MOST_CHARACTERS:
            found[sha][number] = replace(sample, text=_TOO_MANY)
            continue
        picture = thumbnail(datasets[sha].train.inputs[number].as_py())
        found[sha][number] = replace(sample, picture=picture, text="" if picture else _UNREADABLE)
        count, characters = count + 1, characters + len(picture)
    return found


def _by_turns(lists: Sequence[DroppedList]) -> Iterator[tuple[str, int]]:
    """The rows that lists speak of: those of the headline's own, then one of each other list in turn."""
    pairs = [
        [
            [(one.spec.data_sha, n) for n in (row.row, row.survivor) if n is not None]
            for row in one.rows
        ]
        for one in lists
    ]
    own = [rows for one, rows in zip(lists, pairs, strict=True) if one.file]
    others = [rows for one, rows in zip(lists, pairs, strict=True) if not one.file]
    for rows in (*own, *zip_longest(*others, fillvalue=())):
        yield from chain.from_iterable(rows)

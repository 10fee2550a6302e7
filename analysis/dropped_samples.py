"""Who was dropped, as a sweep wrote it beside its rows: sample pairs, and how far signals agree."""

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.errors import DataError
from trainables.spec import TrialSpec

# Pairs a page shows of all methods together.
_MOST_PAIRS = 200


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """What RUN/dropped.json holds.

    Attributes:
        agreement: Every two signals of one data set and mark: Spearman's correlation, overlap.
        examples: Of each method at its smallest rate, counts and pairs.
        with_examples: Whether training texts were to be written.
    """

    agreement: tuple[Mapping[str, Any], ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    with_examples: bool = True

    def to_json(self) -> str:
        """The text of dropped.json.

        Raises:
            ValueError: If a number is not finite.
        """
        return json.dumps(vars(self), sort_keys=True, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Dropped":
        """What `to_json` wrote.

        Raises:
            DataError: If it is something else.
        """
        try:
            written = json.loads(text)
            return cls(
                agreement=tuple(written["agreement"]),
                examples=tuple(written["examples"]),
                with_examples=bool(written["with_examples"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"not what a sweep writes of dropped samples: {error}") from error


@dataclass(frozen=True, kw_only=True)
class DroppedPair:
    """A dropped sample and its nearest neighbour, where it has one.

    Attributes:
        dropped: Row, id, class and words; a word is text and whether the other has it, too.
        neighbour: Likewise, or None.
        is_kept: Whether the neighbour stays.
        similarity: Cosine, or None.
        percentile: Share of samples with a lower score.
    """

    dropped: Mapping[str, Any]
    neighbour: Mapping[str, Any] | None
    is_kept: bool
    similarity: float | None
    percentile: float


@dataclass(frozen=True, kw_only=True)
class Examples:
    """One method's dropped samples.

    Attributes:
        condition: Its spec; the seed is that of the samples.
        summary: How many were dropped, and what of their neighbours.
        pairs: Spread over the order of removal.
    """

    condition: TrialSpec
    summary: str
    pairs: tuple[DroppedPair, ...]


def load_dropped(run: Path) -> Dropped | None:
    """What a sweep left in RUN/dropped.json, or None.

    Raises:
        DataError: If the file is not that; the message names it.
    """
    path = run / "dropped.json"
    if not path.exists():
        return None
    try:
        return Dropped.from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:  # of its bytes, too
        raise DataError(f"{path}: {error}") from error


def joined(parts: Iterable[Dropped | None]) -> Dropped:
    """Several runs' as one."""
    known = [part for part in parts if part is not None]
    return Dropped(
        agreement=tuple(one for part in known for one in part.agreement),
        examples=tuple(one for part in known for one in part.examples),
        with_examples=all(part.with_examples for part in known),
    )


def examples(dropped: Dropped) -> list[Examples]:
    """What the page shows of each method."""
    most = max(1, _MOST_PAIRS // max(1, len(dropped.examples)))
    return [_examples(one, most) for one in dropped.examples]


def _examples(one: Mapping[str, Any], most: int) -> Examples:
    every = one["pairs"]
    step = max(1, -(-len(every) // most))
    return Examples(
        condition=TrialSpec.from_dict(one["spec"]),
        summary=(
            f"{one['dropped']:,} dropped: {one['neighbour_kept']:,} whose nearest neighbour stays, "
            f"{one['neighbour_dropped']:,} who lost it too; {one['other_label']:,} whose nearest "
            "neighbour has another class (look there for wrong labels)."
        ),
        pairs=tuple(_pair(pair) for pair in every[::step]),
    )


def _pair(pair: Mapping[str, Any]) -> DroppedPair:
    dropped, other = pair["dropped"], pair.get("neighbour")
    mine, theirs = dropped.get("text", "").split(), (other or {}).get("text", "").split()
    return DroppedPair(
        dropped={**dropped, "words": _marked(mine, theirs)},
        neighbour=other and {**other, "words": _marked(theirs, mine)},
        is_kept=bool(pair.get("is_kept")),
        similarity=pair.get("similarity"),
        percentile=pair["percentile"],
    )


def _marked(words: Sequence[str], others: Sequence[str]) -> list[tuple[str, bool]]:
    """Runs of words, each with whether the other text has it in the same place."""
    if not others:
        return [(" ".join(words), True)]
    found, last = [], 0
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    for start, _, length in matcher.get_matching_blocks():
        if start > last:
            found.append((" ".join(words[last:start]), False))
        if length:
            found.append((" ".join(words[start : start + length]), True))
        last = start + length
    return found

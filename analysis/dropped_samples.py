"""Who was dropped, as a sweep wrote it beside its rows: list by list, and how far signals agree."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.mending import mended_by_command
from trainables.errors import DamagedError
from trainables.seals import file_bytes, read_sealed, with_check
from trainables.spec import TrialSpec

_PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, kw_only=True)
class DroppedSample:
    """A training row that is spoken of.

    Attributes:
        row: Its number in the user's own file, from 0.
        id: Its own id.
        label: Its class's name, or the number to predict; empty where there is neither.
        text: Its text, cut short; of a conversation a line a turn; of an image why it is not shown. Empty
            where texts were not wanted, or it is none.
        kind: What it is: "text", "messages" (lines that tell who speaks), "image", "vectors" or "table".
        picture: Of an image a small picture as a data URI; empty where it is not shown.
    """

    row: int
    id: str
    label: str = ""
    text: str = ""
    kind: str = "text"
    picture: str = ""

    def __post_init__(self) -> None:
        """Refuse as a picture what would be anything else in a page."""
        if self.picture and not _PICTURE.fullmatch(self.picture):
            raise DamagedError(f"id {self.id!r} has a picture that is no PNG and no JPEG in base64")


@dataclass(frozen=True)
class DroppedRow:
    """A removed row of a list; its fields in this order are an entry of `pairs` in dropped.json.

    Attributes:
        row: Number of the training row, under which `Dropped.samples` has it.
        survivor: That of the nearest row which stays; None where none is known.
        similarity: Their cosine; None where no embeddings are at hand.
        percentile: Share of all training rows with a lower score, in [0, 1).
        score: Higher is more worth keeping.
        reason: Why it went, in words.
        twin_survives: Whether an exact or near copy of it stays.
    """

    row: int
    survivor: int | None
    similarity: float | None
    percentile: float
    score: float
    reason: str
    twin_survives: bool


@dataclass(frozen=True, kw_only=True)
class DroppedList:
    """The rows that one list removes: of one condition and seed, or the confirmed list.

    Attributes:
        spec: The trial; of kind "fixed" for a confirmed list.
        dropped: Rows removed.
        survivor_kept: Those of them with a known nearest row that stays.
        twin_survives: Those with an exact or near copy that stays.
        other_label: Those whose nearest surviving row has another class.
        by_class: Rows removed of each class; empty where there are no classes.
        file: All of them as CSV, its path from the run's folder; empty where there is none.
        rows: Some of them, spread over the order of removal.
    """

    spec: TrialSpec
    dropped: int
    survivor_kept: int
    twin_survives: int
    other_label: int
    by_class: Mapping[str, int]
    file: str = ""
    rows: tuple[DroppedRow, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` reads them back."""
        plain = {name: value for name, value in vars(self).items() if name != "rows"}
        pairs = [list(astuple(row)) for row in self.rows]
        return {**plain, "spec": self.spec.to_dict(), "pairs": pairs}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "DroppedList":
        """The list that `to_dict` wrote."""
        plain = {name: value for name, value in values.items() if name != "pairs"}
        rows = tuple(DroppedRow(*pair) for pair in values["pairs"])
        return cls(**{**plain, "spec": TrialSpec.from_dict(values["spec"]), "rows": rows})


@dataclass(frozen=True, kw_only=True)
class SharedCuts:
    """How many rows every two seeds' cuts of one condition remove, each by its own scores.

    Attributes:
        spec: A trial of the condition, of its smallest seed.
        removed: Rows removed, by seed.
        common: Of every two seeds how many rows both remove: (one, other, rows).
    """

    spec: TrialSpec
    removed: Mapping[int, int]
    common: tuple[tuple[int, int, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` reads them back."""
        removed = {str(seed): count for seed, count in self.removed.items()}
        return {"spec": self.spec.to_dict(), "removed": removed, "common": list(self.common)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SharedCuts":
        """What `to_dict` wrote."""
        return cls(
            spec=TrialSpec.from_dict(values["spec"]),
            removed={int(seed): int(count) for seed, count in values["removed"].items()},
            common=tuple((int(a), int(b), int(count)) for a, b, count in values["common"]),
        )


@dataclass(frozen=True, kw_only=True)
class ClassLikeness:
    """How alike the rows of each class are to their nearest rows, where one model scored.

    Attributes:
        data_sha: Content of the data set.
        warm_key: The mark at which the model stood; `TrialSpec.warm_key` of what scored.
        k: Nearest rows, of all classes, that each was held against.
        looked_at: Rows looked at.
        by_class: Mean cosine of a row to these, by class.
    """

    data_sha: str
    warm_key: str
    k: int
    looked_at: int
    by_class: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """What RUN/dropped.json holds.

    Attributes:
        agreement: Every two signals of one data set and mark: Spearman's correlation, overlap.
        with_examples: Whether training texts and pictures were to be written.
        samples: Each row that a list speaks of, once: by content hash of the data set, then by number.
        lists: The headline's own condition and the confirmed list first.
        shared: Of conditions cut by several seeds, how many rows their cuts have in common.
        likeness: How alike the rows of each class are, mark by mark, where that is known.
        is_outdated: Whether an earlier release wrote it, whose lists are not read: the same sweep
            command again writes it anew, and trains nothing.
    """

    agreement: tuple[Mapping[str, Any], ...] = ()
    with_examples: bool = True
    samples: Mapping[str, Mapping[int, DroppedSample]] = field(default_factory=dict)
    lists: tuple[DroppedList, ...] = ()
    shared: tuple[SharedCuts, ...] = ()
    likeness: tuple[ClassLikeness, ...] = ()
    is_outdated: bool = False

    def to_json(self) -> str:
        """The text of dropped.json.

        Raises:
            ValueError: If a number is not finite.
        """
        samples = {
            sha: {str(row): _named(sample) for row, sample in rows.items()}
            for sha, rows in self.samples.items()
        }
        written = {
            "agreement": self.agreement,
            "with_examples": self.with_examples,
            "samples": samples,
            "lists": [one.to_dict() for one in self.lists],
            "shared": [one.to_dict() for one in self.shared],
            "likeness": [asdict(one) for one in self.likeness],
        }
        return json.dumps(with_check(written), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Dropped":
        """What `to_json` wrote, of this release or an earlier one.

        Raises:
            DamagedError: If it is something else, or does not fit its checksum.
        """
        written = read_sealed(text)
        try:
            told: dict[str, Any] = {
                "agreement": tuple(written["agreement"]),
                "with_examples": bool(written["with_examples"]),
            }
            if "examples" in written:
                return cls(**told, is_outdated=True)
            samples = {
                sha: {int(row): _sample(values) for row, values in rows.items()}
                for sha, rows in written["samples"].items()
            }
            lists = tuple(DroppedList.from_dict(one) for one in written["lists"])
            # Sweeps of earlier releases did not count these.
            shared = tuple(SharedCuts.from_dict(one) for one in written.get("shared", ()))
            likeness = tuple(ClassLikeness(**one) for one in written.get("likeness", ()))
            return cls(**told, samples=samples, lists=lists, shared=shared, likeness=likeness)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedError(f"not what a sweep writes of dropped samples: {error}") from error

    def without_texts(self) -> "Dropped":
        """The same without any training text or picture."""
        bare = {
            sha: {row: replace(sample, text="", picture="") for row, sample in rows.items()}
            for sha, rows in self.samples.items()
        }
        return replace(self, samples=bare, with_examples=False)

    def sample(self, one: DroppedList, row: int) -> DroppedSample:
        """What is known of a row of a list."""
        return self.samples[one.spec.data_sha][row]


def _named(sample: DroppedSample) -> dict[str, Any]:
    values = asdict(sample)
    # What most rows do not have is not written of them.
    usual = {"kind": "text", "picture": ""}
    return {
        "class" if name == "label" else name: value
        for name, value in values.items()
        if value != usual.get(name, ...)
    }


def _sample(values: Mapping[str, Any]) -> DroppedSample:
    plain = {"label" if name == "class" else name: value for name, value in values.items()}
    return DroppedSample(**plain)


def load_dropped(run: Path) -> Dropped | None:
    """What a sweep left in RUN/dropped.json, or None.

    Raises:
        DamagedError: If the file is not that; the message names it.
    """
    path = run / "dropped.json"
    if not path.exists():
        return None
    with mended_by_command(path):
        return Dropped.from_json(file_bytes(path))


def joined(parts: Iterable[Dropped | None]) -> Dropped:
    """Several runs' as one; files that lie in several folders are named no more."""
    known = [part for part in parts if part is not None]
    samples: dict[str, dict[int, DroppedSample]] = {}
    for part in known:
        for sha, rows in part.samples.items():
            samples.setdefault(sha, {}).update(rows)
    lists = (one for part in known for one in part.lists)
    return Dropped(
        agreement=tuple(one for part in known for one in part.agreement),
        with_examples=all(part.with_examples for part in known),
        samples=samples,
        lists=tuple(lists if len(known) == 1 else (replace(one, file="") for one in lists)),
        shared=tuple(one for part in known for one in part.shared),
        likeness=tuple(one for part in known for one in part.likeness),
        is_outdated=any(part.is_outdated for part in known),
    )

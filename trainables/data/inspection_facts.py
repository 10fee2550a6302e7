"""The facts that a look at a data set gives, and their JSON."""

from dataclasses import dataclass
from typing import Literal

from trainables.data.columns import Kind
from trainables.data.label_spellings import Spelling

# Stands in the name of what is kept: raised where the facts or what they mean change.
INSPECTION_VERSION = 1
LISTED_PAIRS = 1_000
_NOUNS: dict[Kind, str] = {
    "text": "text", "messages": "conversation", "image": "image", "vectors": "vector", "table": "row"
}  # fmt: skip
NearSearch = Literal["all", "part", "none", "size"]


@dataclass(frozen=True, kw_only=True)
class CopyCounts:
    """Rows of one split that are copies of one another.

    Attributes:
        groups: Groups of two rows or more.
        rows: Rows in such a group.
        repeats: Rows that repeat an earlier one.
        conflicting_groups: Groups with more than one label.
        conflicting_rows: Rows in those.
    """

    groups: int
    rows: int
    repeats: int
    conflicting_groups: int
    conflicting_rows: int


@dataclass(frozen=True, kw_only=True)
class NearCounts:
    """Rows with a near copy that is no copy, and those of them where one has another label."""

    rows: int
    other_label: int


@dataclass(frozen=True, kw_only=True)
class SplitFacts:
    """One split.

    Attributes:
        rows: How many.
        class_rows: Of each class, in the order of the class names.
        empty: Rows that hold nothing but space, or no byte.
        one_word: Texts of one word.
        identical: Rows equal to the byte.
        copies: Rows whose normal form (`copies.normal_form`) is equal.
        near: Rows with a near copy (`near_copies`); None where it was not looked for.
    """

    rows: int
    class_rows: tuple[int, ...]
    empty: int
    one_word: int
    identical: CopyCounts
    copies: CopyCounts
    near: NearCounts | None


@dataclass(frozen=True, kw_only=True)
class LeakedPair:
    """A row that training has seen.

    Attributes:
        id: Of the row.
        train_id: Of the first training row that it copies.
        is_near: Whether it is a near copy only.
        other_label: Whether a training copy of it has another label.
    """

    id: int | str
    train_id: int | str
    is_near: bool
    other_label: bool


@dataclass(frozen=True, kw_only=True)
class SplitLeak:
    """Rows of a test or validation split that occur in the training split.

    Attributes:
        rows: Those whose normal form does.
        other_label: Of them those where a training copy has another label.
        near: The others that have a near copy there; None where it was not looked for.
        pairs: The first 1,000 of them, by row.
    """

    rows: int
    other_label: int
    near: NearCounts | None
    pairs: tuple[LeakedPair, ...]


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What was seen.

    Attributes:
        name: Of the data set.
        kind: What its inputs are.
        class_names: Shape (c,).
        splits: By name; "train" always.
        leaks: Of every other split.
        imbalance: Training rows of the largest class over those of the smallest that has any.
        spellings: Class names that may be one.
        near_search: How near copies were looked for: "all" were found; "part", where so many texts
            are alike that not all pairs were held against each other; not at all in "none", as they are no texts, or
            because of the "size".
    """

    name: str
    kind: Kind
    class_names: tuple[str, ...]
    splits: dict[str, SplitFacts]
    leaks: dict[str, SplitLeak]
    imbalance: float
    spellings: tuple[Spelling, ...]
    near_search: NearSearch

    @property
    def noun(self) -> str:
        """What one input is called."""
        return _NOUNS[self.kind]


def inspection_json(inspection: Inspection) -> str:
    """All of it as JSON."""
    from pydantic import TypeAdapter

    return TypeAdapter(Inspection).dump_json(inspection).decode()


def inspection_from_json(text: str) -> Inspection:
    """What `inspection_json` wrote."""
    from pydantic import TypeAdapter

    return TypeAdapter(Inspection).validate_json(text)

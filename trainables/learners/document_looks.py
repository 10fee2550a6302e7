"""What cutting at a length leaves of the rows of a language model, as far as a plan looks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trainables.data.dataset import Dataset, Split
from trainables.data.messages import ANSWERS, turns_of
from trainables.learners.documents import PieceCutter, cut_rows
from trainables.learners.scored_texts import conversation_text
from trainables.learners.tokens import even_rows

# Rows of a split that are looked at.
_MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class DocumentsLook:
    """What cutting at a length leaves of a split's rows.

    Attributes:
        rows: How many were looked at: all, or 10,000 at equal steps.
        of: Rows of the split.
        cut: Of those looked at, how many are longer.
        unscored: How many have no scored piece left: nothing is learned from them.
        median_pieces: Of a whole row.
        scored_share: Of the pieces that are left, those that are scored.
        last_only: Of the conversations looked at, in how many the last answer is scored and earlier ones are not.
    """

    rows: int
    of: int
    cut: int
    unscored: int
    median_pieces: float
    scored_share: float
    last_only: int = 0


def at_most(split: Split) -> Split:
    """A split, or 10,000 rows of it at equal steps."""
    return split if len(split) <= _MOST else split.take(np.array(even_rows(len(split), _MOST)))


def looks_at(dataset: Dataset, cutter: PieceCutter, max_length: int) -> Mapping[str, DocumentsLook]:
    """What cutting at a length leaves of each split, by its name."""
    looks = {}
    for name, split in dataset.splits.items():
        some = at_most(split)
        found = cut_rows(some, dataset.kind, cutter, max_length, name)
        looks[name] = DocumentsLook(
            rows=len(some),
            of=len(split),
            cut=int((found.whole > max_length).sum()),
            unscored=int((found.counts == 0).sum()),
            median_pieces=float(np.median(found.whole)),
            scored_share=float(found.scored.mean()),
            last_only=_last_only(some, cutter) if dataset.kind == "messages" else 0,
        )
    return looks


def _last_only(split: Split, cutter: PieceCutter) -> int:
    """Conversations of several answers of which the chat template leaves one to be scored."""
    assert cutter.template is not None, "the plan refuses conversations without one"
    count = 0
    for one in split.inputs:
        turns = turns_of(one.as_py())
        answers = sum(turn["role"] == ANSWERS for turn in turns)
        count += answers > 1 and len(conversation_text(turns, cutter.template).spans) < answers
    return count

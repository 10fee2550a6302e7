"""The first screen: the answer as the page's heading, how sure it is, four facts and one command."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.page.answer_cards import AnswerCard, Tone
from analysis.page.answer_facts import Fact
from analysis.page.answer_table import AnswerRow, answer_rows, common_answer
from analysis.page.next_step import NextStep
from analysis.study import Study

# So many words a reader reads before the first figure.
MOST_WORDS = 120
_EMPTY = "No trial has finished yet. Run the same report again once one has."


@dataclass(frozen=True, kw_only=True)
class FirstScreen:
    """What stands above the first figure.

    Attributes:
        mark: ✓, ◐, ✗, ? or –.
        pill: The mark in words.
        tone: Which colour goes with it: "in", "out" or "unsure".
        headline: One sentence to act on.
        sentences: How sure that is.
        careful: What is shown in yellow; empty where there is nothing.
        facts: Of one data set.
        rows: Of several data sets, one each.
        next: One command; None where none is known.
        more: Sentences for which there was no room.
        warnings: What would be yellow as well, each with its data set.
    """

    mark: str = "–"
    pill: str = "no answer"
    tone: Tone = "unsure"
    headline: str = "No answer yet."
    sentences: tuple[str, ...] = ()
    careful: str = ""
    facts: tuple[Fact, ...] = ()
    rows: tuple[AnswerRow, ...] = ()
    next: NextStep | None = None
    more: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How many words a reader reads."""
        facts = [f"{one.label} {one.value} {one.detail}" for one in self.facts]
        rows = [" ".join((one.name, one.mark, one.cut, one.value, one.hurt)) for one in self.rows]
        command = f"Next {self.next.command} Copy" if self.next else ""
        heads = "data set what can go accuracy hurt most" * bool(rows)
        told = (self.mark, self.pill, self.headline, *self.sentences, self.careful, heads, command)
        return len(" ".join((*told, *facts, *rows)).split())


def first_screen(study: Study, found: Sequence[AnswerCard]) -> FirstScreen:
    """What stands above the first figure of a run, of its cards."""
    if not found:
        return FirstScreen(sentences=(_EMPTY,))
    made = _of_one(found[0]) if len(found) == 1 else _of_several(study, found)
    return _fitting(made)


def _of_one(card: AnswerCard) -> FirstScreen:
    careful, *others = [*card.warnings, ""]
    return FirstScreen(
        mark=card.mark,
        pill=card.pill,
        tone=card.tone,
        headline=card.headline,
        sentences=card.sentences,
        careful=careful,
        facts=tuple(fact for fact in card.facts if not fact.is_folded),
        next=card.next,
        warnings=tuple(filter(None, others)),
    )


def _of_several(study: Study, found: Sequence[AnswerCard]) -> FirstScreen:
    answer = common_answer(study, found)
    careful, *others = [*_warned(found), ""]
    safe = [card for card in found if card.answer.rate] or found
    return FirstScreen(
        mark=answer.mark,
        pill=answer.pill,
        tone=answer.tone,
        headline=answer.headline,
        sentences=answer.sentences,
        careful=careful,
        rows=tuple(answer_rows(study, found)),
        next=next((card.next for card in safe if card.next), None),
        warnings=tuple(filter(None, others)),
    )


def _warned(found: Sequence[AnswerCard]) -> list[str]:
    """What is yellow of any data set: altered rows first, then leaks, parts of the rows, and its training."""
    kinds = ("altered", "leak", "part", "careful")
    # Of a set that can shrink first: it is what the next command is about.
    listed = sorted(found, key=lambda card: not card.answer.rate)
    told = [(card.name, getattr(card, kind)) for kind in kinds for card in listed]
    return [f"{name}: {text}" for name, text in told if text]


def _fitting(made: FirstScreen) -> FirstScreen:
    """As many sentences as a reader reads, the first always: the last are told below."""
    while made.words > MOST_WORDS and len(made.sentences) > 1:
        *kept, last = made.sentences
        made = replace(made, sentences=tuple(kept), more=(last, *made.more))
    return made

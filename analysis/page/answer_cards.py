"""The answer of each data set in words: what to do, how sure that is, what it saves, who is hurt."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analysis.answers import Answer, State, answers, is_outside
from analysis.envelope import JudgedCell
from analysis.interim_looks import LOOKS
from analysis.leaks import leak_of
from analysis.page.answer_facts import Fact, facts
from analysis.page.answer_words import (
    first_look,
    keep_all,
    promising,
    safe,
    undecided,
    unlearned,
)
from analysis.page.confirmation_words import confirming, refuted
from analysis.page.leak_words import leak_on_card
from analysis.page.next_step import NextStep, next_step
from analysis.page.training_words import careful_of
from analysis.study import Study
from analysis.verdicts import Verdict

Tone = Literal["in", "out", "unsure"]
Teller = Callable[[Study, Answer, JudgedCell, Verdict], tuple[str, Sequence[str]]]
# What each state looks like: mark, words of the pill, tone.
_PILLS: dict[str, tuple[str, str, Tone]] = {
    "confirmed": ("✓", "confirmed", "in"),
    "confirming": ("◐", "being confirmed", "unsure"),
    "found": ("✓", "safe to drop", "in"),
    "promising": ("◐", "not confirmed", "unsure"),
    "exploratory": ("◐", "first look", "unsure"),
    "keep": ("✗", "keep all", "out"),
    "open": ("?", "not decided", "unsure"),
    "no answer": ("–", "no answer", "unsure"),
}
# Of each state: its pill, its sentences, and whether anything is to be saved.
_STATES: dict[State, tuple[str, Teller, bool]] = {
    "confirmed": ("confirmed", safe, True),
    "refuted": ("open", refuted, False),
    "found": ("found", safe, True),
    "promising": ("promising", promising, True),
    "exploratory": ("exploratory", first_look, True),
    "none": ("open", undecided, False),
    "no answer": ("no answer", unlearned, False),
}


@dataclass(frozen=True, kw_only=True)
class AnswerCard:
    """One data set's answer as a reader sees it first.

    Attributes:
        name: The data set.
        answer: What the card says.
        mark: ✓, ◐, ✗, ? or –.
        pill: The mark in words.
        tone: Which colour goes with it: "in", "out" or "unsure".
        headline: One sentence to act on.
        sentences: How sure that is, and what else must be known.
        facts: Of the headline's condition and no other, those that are folded behind.
        careful: What must be known of the training, in yellow; empty where there is nothing.
        altered: That the rows were altered on purpose, and how; empty where they were not.
        leak: What the clean test rows alone say, where that is something else.
        part: That it is about a part of the training rows, where the sweep was limited to one.
        next: How to get the files; None where there are none to be had.
    """

    name: str
    answer: Answer
    mark: str
    pill: str
    tone: Tone
    headline: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    careful: str = ""
    altered: str = ""
    leak: str = ""
    part: str = ""
    next: NextStep | None = None

    @property
    def folded(self) -> tuple[Fact, ...]:
        """Facts for those who ask for more."""
        return tuple(fact for fact in self.facts if fact.is_folded)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is shown in yellow, the first the most."""
        return tuple(text for text in (self.altered, self.leak, self.part, self.careful) if text)


def cards(study: Study) -> list[AnswerCard]:
    """One card a data set."""
    return [_with_care(study, _card(study, answer)) for answer in answers(study)]


def _with_care(study: Study, card: AnswerCard) -> AnswerCard:
    row, told = card.answer.row, study.plan.altered.get(card.answer.source.data_sha)
    return replace(
        card,
        careful=careful_of(study, row) if row else "",
        altered=f"Not about the data as they came: a stress test, {told[0]}." if told else "",
        leak=leak_on_card(study, leak_of(study, card.answer)),
        part=_part(study, card),
        next=next_step(study, card.answer),
    )


def _part(study: Study, card: AnswerCard) -> str:
    """That a data set was limited to some of its rows, by the plan's own note on it."""
    limited = re.compile(rf"{re.escape(card.name)}: limited to ([\d,]+ of [\d,]+) train rows")
    found = filter(None, map(limited.fullmatch, study.plan.notes))
    told = next((one[1] for one in found), "")
    return f"Tried on {told} training rows: answer and file are of these." * bool(told)


def _card(study: Study, answer: Answer) -> AnswerCard:
    row = answer.row
    if answer.state == "confirming":
        return _made(answer, "confirming", *confirming(answer))
    if row is None or row.verdict is None:
        total = len(study.of(answer.source))
        nothing = f"No finished pair (trial and baseline of the same seed) yet: 0 of {total} cells."
        if study.plan.adaptive:
            nothing = f"No condition has the {LOOKS[0]} seeds of its first look yet: 0 of {total}."
        return _made(answer, "open", f"Nothing measured of {answer.name} yet.", (nothing,))
    look, tell, saving = _STATES[answer.state]
    if answer.state in ("none", "refuted"):
        # The closest condition is outside only where all that were judged are.
        look = "keep" if is_outside(row) else "open"
        tell = keep_all if answer.state == "none" and is_outside(row) else tell
    shown = facts(study, answer, saving=saving) if answer.state != "no answer" else ()
    return _made(answer, look, *tell(study, answer, row, row.verdict), shown)


def _made(
    answer: Answer,
    state: str,
    headline: str,
    sentences: Sequence[str],
    shown: tuple[Fact, ...] = (),
) -> AnswerCard:
    mark, pill, tone = _PILLS[state]
    if state == "found" and answer.standing == "no control":
        pill = "uncredited"
    return AnswerCard(
        name=answer.name, answer=answer, mark=mark, pill=pill, tone=tone, headline=headline,
        sentences=tuple(sentence for sentence in sentences if sentence), facts=shown,
    )  # fmt: skip

"""TASK_FAMILIES: what the made instructions ask for, each with its right answer and a wrong one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from trainables.data import instruction_words as words
from trainables.data.planting import zipf

Item = TypeVar("Item")
# How steeply the rarer words of a list fall off.
TAIL = 0.8


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer in a sentence, and alone."""

    sentence: str
    alone: str


@dataclass(frozen=True, kw_only=True)
class Posed:
    """A task that was drawn.

    Attributes:
        content: What it is about, however it is asked.
        asks: Ways to ask for it.
        right: Its answer.
        wrong: An answer of the same kind that is not right.
    """

    content: tuple[object, ...]
    asks: tuple[str, ...]
    right: Reply
    wrong: Reply


@dataclass(frozen=True, kw_only=True)
class TaskFamily:
    """Tasks of one kind: their share of the conversations, and what draws one."""

    share: float
    draw: Callable[[np.random.Generator], Posed]


def _facts(rng: np.random.Generator) -> Posed:
    kind = _one(rng, tuple(words.FACTS))
    rows = _some(rng, range(len(words.TOWNS)), 3)
    towns, facts = [words.TOWNS[row] for row in rows], words.FACTS[kind]
    right = [facts[row] for row in rows]
    wrong = [_other(rng, facts, value) for value in right]

    def answered(values: Sequence[str]) -> Reply:
        told = zip(towns, values, strict=True)
        told_of = [words.FACT_ANSWERS[kind].format(town=town, value=value) for town, value in told]
        return Reply(sentence=f"{', '.join(told_of)}.", alone=", ".join(values))

    fields = dict(zip("abc", towns, strict=True))
    return Posed(
        content=("facts", kind, *towns),
        asks=_filled(words.FACT_ASKS[kind], fields),
        right=answered(right),
        wrong=answered(wrong),
    )


def _translation(rng: np.random.Generator) -> Posed:
    kinds = (words.ADJECTIVES, words.NOUNS, words.VERBS, words.ADJECTIVES, words.NOUNS)
    said = [_some(rng, kind, 1)[0] for kind in kinds]
    wrong = [_other(rng, kind, word) for kind, word in zip(kinds, said, strict=True)]

    def answered(own: Sequence[str]) -> Reply:
        told = " ".join(words.TAVI[word] for word in own)
        return Reply(sentence=f"In Tavi: {told}.", alone=told)

    return Posed(
        content=("translation", *said),
        asks=_filled(words.TRANSLATION_ASKS, dict(zip("abcde", said, strict=True))),
        right=answered(said),
        wrong=answered(wrong),
    )


def _order(rng: np.random.Generator) -> Posed:
    kinds = (words.NAMES, words.THINGS, words.TOWNS)
    name, things, town = right = [_some(rng, kind, 1)[0] for kind in kinds]
    wrong = [_other(rng, kind, word) for kind, word in zip(kinds, right, strict=True)]
    n, shade = int(rng.integers(2, 13)), _one(rng, words.SHADES)

    def answered(who: str, what: str, where: str) -> Reply:
        return Reply(
            sentence=f"Name: {who}. Goods: {what}. Town: {where}.", alone=f"{who}, {what}, {where}"
        )

    fields = {"name": name, "n": n, "shade": shade, "things": things, "town": town}
    return Posed(
        content=("order", *fields.values()),
        asks=_filled(words.ORDER_ASKS, fields),
        right=answered(*right),
        wrong=answered(*wrong),
    )


def _sum(rng: np.random.Generator) -> Posed:
    a, b = (int(number) for number in rng.integers(1, 10, size=2))
    name, things = _some(rng, words.NAMES, 1)[0], _some(rng, words.THINGS, 1)[0]
    off = int(_one(rng, [step for step in (-3, -2, -1, 1, 2, 3) if a + b + step > 0]))

    def answered(total: int) -> Reply:
        return Reply(sentence=f"That makes {total} {things}.", alone=str(total))

    fields = {"name": name, "a": a, "b": b, "things": things}
    return Posed(
        content=("sum", *fields.values()),
        asks=_filled(words.SUM_ASKS, fields),
        right=answered(a + b),
        wrong=answered(a + b + off),
    )


def _age(rng: np.random.Generator) -> Posed:
    name, other = _some(rng, words.NAMES, 2)
    a, b = _some(rng, range(20, 60), 2)

    def answered(older: str) -> Reply:
        return Reply(sentence=f"{older} is older.", alone=older)

    fields = {"name": name, "a": a, "other": other, "b": b}
    return Posed(
        content=("age", *fields.values()),
        asks=_filled(words.AGE_ASKS, fields),
        right=answered(name if a > b else other),
        wrong=answered(other if a > b else name),
    )


def _backwards(rng: np.random.Generator) -> Posed:
    said = _some(rng, words.NOUNS, 3)
    mixed = said[::-1]
    while mixed == said[::-1]:
        mixed = [said[int(row)] for row in rng.permutation(len(said))]

    def answered(own: Sequence[str]) -> Reply:
        return Reply(sentence=f"Backwards: {', '.join(own)}.", alone=", ".join(own))

    return Posed(
        content=("backwards", *said),
        asks=_filled(words.BACKWARDS_ASKS, {"words": ", ".join(said)}),
        right=answered(said[::-1]),
        wrong=answered(mixed),
    )


def _date(rng: np.random.Generator) -> Posed:
    name, month = _some(rng, words.NAMES, 1)[0], int(rng.integers(1, 13))
    d, y = int(rng.integers(1, 29)), int(rng.integers(2000, 2010))
    others = _other(rng, range(2000, 2010), y), _other(rng, range(1, 13), month)

    def answered(year: int, of_year: int, day: int) -> Reply:
        told = f"{year}-{of_year:02}-{day:02}"
        return Reply(sentence=f"The date is {told}.", alone=told)

    fields = {"name": name, "d": d, "month": words.MONTHS[month - 1], "y": y}
    return Posed(
        content=("date", *fields.values()),
        asks=_filled(words.DATE_ASKS, fields),
        right=answered(y, month, d),
        wrong=answered(*others, _other(rng, range(1, 29), d)),
    )


# The most frequent first; the shares add up to 1.
TASK_FAMILIES: Mapping[str, TaskFamily] = {
    "facts": TaskFamily(share=0.28, draw=_facts),
    "translation": TaskFamily(share=0.26, draw=_translation),
    "order": TaskFamily(share=0.14, draw=_order),
    "sum": TaskFamily(share=0.1, draw=_sum),
    "age": TaskFamily(share=0.1, draw=_age),
    "backwards": TaskFamily(share=0.06, draw=_backwards),
    "date": TaskFamily(share=0.06, draw=_date),
}


def _filled(asks: Sequence[str], fields: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(ask.format(**fields) for ask in asks)


def _some(rng: np.random.Generator, among: Sequence[Item], count: int) -> list[Item]:
    """Different ones, the first of a list more often than the last."""
    found: dict[int, None] = {}
    while len(found) < count:
        found[int(zipf(len(among), rng, 1, power=TAIL)[0])] = None
    return [among[row] for row in found]


def _other(rng: np.random.Generator, among: Sequence[Item], than: Item) -> Item:
    return _one(rng, [one for one in among if one != than])


def _one(rng: np.random.Generator, among: Sequence[Item]) -> Item:
    return among[int(rng.integers(len(among)))]

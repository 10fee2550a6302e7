"""Support tickets in plain English, made from templates, so that what is found can be read."""

import math

import numpy as np
from numpy.typing import NDArray

from trainables.data import ticket_words as words
from trainables.data.dataset import Dataset, Split
from trainables.data.planting import (
    Plants,
    geometric_shares,
    labels_by_share,
    planted,
    planted_note,
    text_column,
    zipf,
)
from trainables.errors import UsageError

NAMES = (*words.QUEUES, words.FORM_QUEUE)
TOPICS = tuple(words.QUEUES.values())
PRODUCTS = tuple(
    dict.fromkeys(product for topics in TOPICS for topic in topics for product in topic.products)
)
PLANTED = Plants(imbalance=6.5, duplicates=0.4, exact=0.4, wrong=0.08)
# One ticket in so many is sent again, some of them again and again.
SENT_AGAIN = 24
# How many tickets say only what is said of any thing, name a second thing, and mention another.
GENERAL, SECOND, ASIDE = 0.15, 0.4, 0.3

# Greeting, opening, matter, aside and closing; a form has a title and a remark as its outer parts.
Parts = tuple[str, str, str, str, str]


def tickets(
    *, n_train: int = 2400, n_test: int = 5000, seed: int = 0, plants: Plants = PLANTED
) -> Dataset:
    """Customers' messages to six queues, with planted copies, imbalance and wrong labels.

    Copies differ in greeting, closing or remark alone, or not at all; a few tickets are sent
    again and again. The smallest queue is filled in on a web form: its tickets look alike, but
    each has its own sum, shop and card. The test split has the queues' shares, no copies, no
    wrong labels, and no ticket of the training split.

    Args:
        n_train: Training rows.
        n_test: Test rows.
        seed: Decides everything; equal seeds give equal data.
        plants: What is planted.

    Returns:
        A data set whose `truth` has what that of `synthetic` has.

    Raises:
        ValueError: If a size leaves a queue without rows.
    """
    shares = geometric_shares(len(NAMES), plants.imbalance)
    originals, fewest = n_train - int(plants.duplicates * n_train), math.ceil(1 / shares.min())
    if min(originals, n_test) < fewest:
        raise UsageError(
            f"n_train {n_train} with {originals} rows that copy no other, n_test {n_test}; there "
            f"must be {fewest} of each, so that every queue has one"
        )
    rng = np.random.default_rng([seed, 0x71C8])
    known: set[tuple[str, ...]] = set()
    labels = labels_by_share(shares, originals, rng)
    made = [_new(rng, int(label), known) for label in labels]
    sources = _sources(rng, labels, labels_by_share(shares, n_train - originals, rng))
    made += [_again(rng, made[source], plants.exact) for source in sources]
    texts = [_joined(parts) for parts in made]
    train, truth = planted(texts, labels, sources, classes=len(NAMES), wrong=plants.wrong, rng=rng)
    test_labels = labels_by_share(shares, n_test, rng)
    tests = [_joined(_new(rng, int(label), known)) for label in test_labels]
    return Dataset(
        name="tickets",
        kind="text",
        class_names=NAMES,
        train=Split(inputs=train.inputs, labels=train.labels, ids=_numbers(0, n_train)),
        test=Split(inputs=text_column(tests), labels=test_labels, ids=_numbers(n_train, n_test)),
        truth=truth,
        notes=(
            f"{planted_note(seed, truth)}; the smallest queue, {words.FORM_QUEUE}, is a web form, "
            "so its tickets look alike and yet differ",
        ),
    )


def _numbers(start: int, count: int) -> NDArray[np.object_]:
    return np.array([f"T-{row:05d}" for row in range(start, start + count)], dtype=object)


def _new(rng: np.random.Generator, label: int, known: set[tuple[str, ...]]) -> Parts:
    """A ticket whose inner parts no other has, so that only a planted copy is one."""
    while True:
        parts = _form(rng) if NAMES[label] == words.FORM_QUEUE else _letter(rng, label)
        if parts[1:4] not in known:
            known.add(parts[1:4])
            return parts


def _sources(
    rng: np.random.Generator, labels: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which ticket each copy repeats, of the queue it is wanted for: mostly the same few."""
    sources = np.empty(len(wanted), dtype=np.int64)
    for label in range(len(NAMES)):
        own = rng.permutation(np.flatnonzero(labels == label))
        often, copies = own[: math.ceil(len(own) / SENT_AGAIN)], wanted == label
        sources[copies] = often[zipf(len(often), rng, int(copies.sum()), power=0.8)]
    return sources


def _form(rng: np.random.Generator) -> Parts:
    return (
        words.FORM_TITLE,
        f"Charged: {rng.integers(5, 900)} euros.",
        f"Shop: {_one(rng, words.SHOPS)}.",
        f"Card payment, card ending in {rng.integers(1000, 10000)}.",
        _one(rng, words.REMARKS),
    )


def _letter(rng: np.random.Generator, label: int) -> Parts:
    topic = _topic(rng, label)
    opening = _one(rng, words.OPENINGS).format(
        p=_one(rng, topic.products or PRODUCTS),
        n=rng.integers(10000, 100000),
        y=rng.integers(2009, 2026),
    )
    phrase = _one(rng, words.GENERAL if rng.random() < GENERAL else topic.phrases)
    thing, second = _thing(rng, topic), _thing(rng, topic)
    said = phrase.format(t=thing, d=rng.integers(2, 30))
    matter = f"{said[0].upper()}{said[1:]}."
    if rng.random() < SECOND and second != thing:
        matter += f" {_one(rng, words.SECONDS).format(t=second)}"
    aside = ""
    if rng.random() < ASIDE:
        other = _topic(rng, int(rng.integers(len(TOPICS))))
        aside = _one(rng, words.ASIDES).format(t=_thing(rng, other))
    return _one(rng, words.GREETINGS), opening, matter, aside, _one(rng, words.CLOSINGS)


def _again(rng: np.random.Generator, parts: Parts, exact: float) -> Parts:
    """The same ticket, word for word or with another greeting, closing or remark."""
    if rng.random() < exact:
        return parts
    title, *inner, last = parts
    if title == words.FORM_TITLE:
        last = _one(rng, [remark for remark in words.REMARKS if remark != last])
    elif rng.random() < 0.5:
        title = _one(rng, [greeting for greeting in words.GREETINGS if greeting != title])
    else:
        last = _one(rng, [closing for closing in words.CLOSINGS if closing != last])
    opening, matter, aside = inner
    return title, opening, matter, aside, last


def _topic(rng: np.random.Generator, label: int) -> words.Topic:
    topics = TOPICS[label]
    return topics[int(rng.integers(len(topics)))]


def _thing(rng: np.random.Generator, topic: words.Topic) -> str:
    return topic.things[int(zipf(len(topic.things), rng, 1, power=1.5)[0])]


def _one(rng: np.random.Generator, among: tuple[str, ...] | list[str]) -> str:
    return among[int(rng.integers(len(among)))]


def _joined(parts: Parts) -> str:
    return " ".join(part for part in parts if part)

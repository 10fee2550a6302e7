"""Text the package makes itself, so that what a signal finds can be checked against the truth."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data.dataset import Dataset, Split
from trainables.data.planting import (
    Plants,
    Truth,
    geometric_shares,
    labels_by_share,
    planted,
    planted_note,
    text_column,
    zipf,
)
from trainables.errors import UsageError

ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "st", "tr")
VOWELS = ("a", "e", "i", "o", "u", "ai", "ou")
CODAS = ("", "", "", "n", "r", "s", "l", "k")


@dataclass(frozen=True, kw_only=True)
class Language:
    """How the texts of the classes differ.

    Attributes:
        words: Size of the vocabulary.
        topics: Topics of a class of its own.
        topic_words: Words of a topic.
        topic_share: Share of a text's words that come from its topic, in [0, 1].
        borrowed: Share of the texts on a topic of the next class, in [0, 1).
        shortest: Words of the shortest text.
        longest: Words of the longest.
    """

    words: int = 3000
    topics: int = 20
    topic_words: int = 30
    topic_share: float = 0.6
    borrowed: float = 0.04
    shortest: int = 12
    longest: int = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class _World:
    """The drawn language: its words, and each topic's words in order of frequency."""

    language: Language
    words: NDArray[Any]
    topics: NDArray[np.int64]  # (c * topics, topic_words)
    prior: NDArray[np.float64]  # (c,)
    rng: np.random.Generator = field(repr=False)


def synthetic(
    *,
    n_train: int = 2400,
    n_test: int = 2000,
    n_classes: int = 4,
    seed: int = 0,
    plants: Plants | None = None,
) -> Dataset:
    """Texts over an invented vocabulary, with planted copies, imbalance and wrong labels.

    The test split has the training split's class shares, no copies and no wrong labels.

    Args:
        n_train: Training rows, at least 10 a class.
        n_test: Test rows.
        n_classes: At least 2.
        seed: Decides everything; equal seeds give equal data.
        plants: What is planted.

    Returns:
        A data set whose `truth` has, for each training row: `duplicate_of` (the row it copies,
        or -1), `group` (the lowest row of its group of copies, or itself), `true_label` and
        `is_wrong`.

    Raises:
        ValueError: If a size leaves a class without rows.
    """
    plants = plants or Plants()
    if n_classes < 2 or n_train < 10 * n_classes or n_test < n_classes:
        raise UsageError(
            f"n_train {n_train}, n_test {n_test}, n_classes {n_classes}; there must be 2 classes, "
            "10 training rows a class and one test row a class"
        )
    world = _world(Language(), n_classes, plants.imbalance, np.random.default_rng([seed, 0x7E47]))
    train, truth = _planted(world, n_train, plants)
    texts, labels = _texts(world, n_test)
    return Dataset(
        name="synthetic",
        kind="text",
        class_names=tuple(f"class {k}" for k in range(n_classes)),
        train=train,
        test=Split(inputs=text_column(texts), labels=labels, ids=np.arange(n_test)),
        truth=truth,
        notes=(planted_note(seed, truth),),
    )


def _planted(world: _World, n: int, plants: Plants) -> tuple[Split, Truth]:
    """The training split of n rows in random order, and the truth about each."""
    rng, copies = world.rng, int(plants.duplicates * n)
    texts, labels = _texts(world, n - copies)
    sources = rng.integers(len(texts), size=copies)  # copies are of originals only
    texts += [_copy(world, texts[source], plants.exact) for source in sources]
    classes = len(world.prior)
    return planted(texts, labels, sources, classes=classes, wrong=plants.wrong, rng=rng)


def _world(language: Language, n_classes: int, imbalance: float, rng: Any) -> _World:
    shape = (n_classes * language.topics, language.topic_words)
    topics = np.stack([rng.permutation(language.words)[: shape[1]] for _ in range(shape[0])])
    return _World(
        language=language,
        words=_words(language.words, rng),
        topics=topics,
        prior=geometric_shares(n_classes, imbalance),
        rng=rng,
    )


def _words(count: int, rng: np.random.Generator) -> NDArray[Any]:
    """Different pronounceable words, the short ones first, as frequent words are."""
    found: dict[str, None] = {}
    while len(found) < count:
        syllables = 1 + min(len(found) * 3 // count, 2) + int(rng.integers(2))
        parts = [
            pool[int(rng.integers(len(pool)))]
            for _ in range(syllables)
            for pool in (ONSETS, VOWELS)
        ]
        found["".join(parts) + CODAS[int(rng.integers(len(CODAS)))]] = None
    return np.array(list(found), dtype=object)


def _texts(world: _World, n: int) -> tuple[list[str], NDArray[np.int64]]:
    language, rng = world.language, world.rng
    classes = len(world.prior)
    labels = labels_by_share(world.prior, n, rng)
    home = (labels + (rng.random(n) < language.borrowed)) % classes
    topic = home * language.topics + rng.integers(language.topics, size=n)
    lengths = rng.integers(language.shortest, language.longest + 1, size=n)
    row = np.repeat(np.arange(n), lengths)
    common = zipf(language.words, rng, len(row), power=1.0)
    rank = zipf(language.topic_words, rng, len(row), power=0.5)
    from_topic = rng.random(len(row)) < language.topic_share
    words = world.words[np.where(from_topic, world.topics[topic[row], rank], common)]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    texts = [" ".join(words[a:b]) for a, b in pairwise(starts)]
    return texts, labels


def _copy(world: _World, text: str, exact: float) -> str:
    """The text again, or with one or two of its words changed."""
    rng = world.rng
    if rng.random() < exact:
        return text
    words = text.split()
    for at in rng.permutation(len(words))[: int(rng.integers(1, 3))]:
        words[at] = world.words[int(zipf(len(world.words), rng, 1, power=1.0)[0])]
    return " ".join(words)

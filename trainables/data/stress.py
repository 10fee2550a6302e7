"""Training rows altered on purpose, so that what each method finds of it can be checked."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.columns import excerpt
from trainables.data.copies import copy_groups, normal_form, occurs_in
from trainables.data.dataset import Dataset
from trainables.data.planting import Truth
from trainables.data.subsampling import imbalanced, lowest_of_each, per_class
from trainables.errors import UsageError

# Of a text with fewer words one more changed is another text, not a copy.
LEAST_WORDS = 4
# Each alteration has draws of its own, so that one more leaves the others as they are.
_STAGES = {"imbalance": 4, "flip_labels": 5, "inject_copies": 6}
_HIGHEST_ID = np.iinfo(np.int64).max


class Alterations(Protocol):
    """What is altered, as `Source` has it: 1, 0 and 0 change nothing."""

    @property
    def imbalance(self) -> float:
        """Largest training class over the smallest."""

    @property
    def flip_labels(self) -> float:
        """Share of each class's training rows that get another label."""

    @property
    def inject_copies(self) -> float:
        """Copies to add, as a share of the training rows."""

    @property
    def seed(self) -> int:
        """Decides which rows."""


def check_alterations(asked: Alterations) -> None:
    """Refuse amounts that no data set could meet.

    Raises:
        UsageError: If there is one.
    """
    if not 1 <= asked.imbalance < np.inf:
        raise UsageError(
            f"imbalance is {asked.imbalance:g}; it is the largest class over the smallest, 1 or more"
        )
    if not 0 <= asked.flip_labels < 1:
        raise UsageError(
            f"flip_labels is {asked.flip_labels:g}; it is a share of the training rows, in [0, 1)"
        )
    if not 0 <= asked.inject_copies <= 1:
        raise UsageError(
            f"inject_copies is {asked.inject_copies:g}; it is a share of the training rows, in [0, 1]"
        )


def alterations_text(asked: Alterations) -> str:
    """What is altered, as a part of a sentence; empty where nothing is."""
    told = []
    if asked.imbalance > 1:
        told.append(f"classes made {asked.imbalance:g} to 1")
    if asked.flip_labels:
        told.append(f"{100 * asked.flip_labels:.4g}% of labels flipped")
    if asked.inject_copies:
        told.append(f"copies of {100 * asked.inject_copies:.4g}% of rows added")
    return ", ".join(told)


def stressed(dataset: Dataset, asked: Alterations) -> Dataset:
    """The data set with its training rows altered: imbalanced, then labels flipped, then copies added.

    A copy carries the label of its row, flipped or not. Test and validation rows stay as they are.
    The truth about each row follows: rows that were copies before count as copies, labels that were
    wrong before are not known to be, unless the data set came with its own truth.

    Args:
        dataset: As asked for in all else.
        asked: What to alter.

    Raises:
        UsageError: If an alteration would change no row, or leave a class without one.
    """
    if not alterations_text(asked):
        return dataset
    if not dataset.class_names and (asked.flip_labels or asked.imbalance > 1):
        raise UsageError(
            f"{dataset.name} has no classes to flip or to make unequal; name them with --label-column"
        )
    if dataset.kind == "messages" and asked.inject_copies:
        raise UsageError(
            f"{dataset.name} holds conversations, of which no copies are made: leave --inject-copies out"
        )
    if dataset.train.own is not None:
        raise UsageError(
            f"{dataset.name}: a stress test does not alter the columns kept of one's own"
        )
    altered, told, n = dataset, [], 0
    for name, alter in _ALTERATIONS.items():
        amount, n = getattr(asked, name), len(altered.train)
        if amount > (name == "imbalance"):
            rng = np.random.default_rng([asked.seed, _STAGES[name]])
            altered, how = alter(altered, amount, rng)
            told.append(how)
    note, notes = (
        f"a stress test, its training rows altered on purpose: {'; '.join(told)}",
        dataset.notes,
    )
    if dataset.truth:  # what the package made says so in its first note
        note, notes = f"{note}. Before that, {notes[0]}", notes[1:]
    elif altered.truth:
        note += _known_before(altered.truth["duplicate_of"][:n])
    return replace(altered, notes=(note, *notes))


def _known_before(duplicate_of: NDArray[np.int64]) -> str:
    """What the truth says of rows and labels as they came."""
    copies = int((duplicate_of >= 0).sum())
    there = f"The {copies:,} rows that repeated another already count as copies, too. "
    return f". {there * bool(copies)}Labels that were wrong already are not known"


def _imbalanced(dataset: Dataset, ratio: float, rng: np.random.Generator) -> tuple[Dataset, str]:
    sizes = np.bincount(dataset.train.labels, minlength=len(dataset.class_names))
    fewest = int(sizes.min())
    if 2 * fewest <= ratio:
        name = excerpt(dataset.class_names[int(sizes.argmin())])
        raise UsageError(
            f"{dataset.name}: imbalance {ratio:g} leaves a class without a training row: class {name} "
            f"has {fewest:,}, and the largest is cut to as many; "
            + (f"give less than {2 * fewest}" if fewest else "leave it out")
        )
    before, after = len(dataset.train), imbalanced(dataset, ratio, rng)
    if len(after.train) == before:
        raise UsageError(f"{dataset.name}: imbalance {ratio:g} removes no row; give a larger one")
    sizes = np.bincount(after.train.labels)
    first, last = (excerpt(dataset.class_names[k]) for k in (0, -1))
    return after, (
        f"{len(after.train):,} of {before:,} rows are left, by class from {sizes[0]:,} of {first}, the "
        f"first, down to {sizes[-1]:,} of {last}"
    )


def _flipped(dataset: Dataset, share: float, rng: np.random.Generator) -> tuple[Dataset, str]:
    labels, c = dataset.train.labels, len(dataset.class_names)
    sizes = np.bincount(labels, minlength=c)
    there = np.flatnonzero(sizes)
    if len(there) < 2:
        raise UsageError(f"{dataset.name}: flip_labels needs training rows of two classes")
    # A class keeps a row of its own.
    quotas = np.minimum(np.rint(share * sizes).astype(np.int64), np.maximum(sizes - 1, 0))
    chosen = per_class(labels, quotas, rng)
    if not chosen.any():
        raise UsageError(
            f"{dataset.name}: flip_labels {share:g} comes to no row of any class; the largest has "
            f"{sizes.max():,}"
        )
    place = np.searchsorted(there, labels)
    other = there[(place + rng.integers(1, len(there), size=len(labels))) % len(there)]
    given = np.where(chosen, other, labels)
    truth = _truth(dataset)
    truth["is_wrong"] = given != truth["true_label"]
    train = replace(dataset.train, labels=given)
    return replace(dataset, train=train, truth=truth), (
        f"{chosen.sum():,} of {len(labels):,} labels were flipped, each to another class drawn evenly"
    )


def _copied(dataset: Dataset, share: float, rng: np.random.Generator) -> tuple[Dataset, str]:
    n, old = len(dataset.train), dataset.train
    count = round(share * n)
    if not count:
        raise UsageError(f"{dataset.name}: inject_copies {share:g} of {n:,} rows comes to no copy")
    sources = np.sort(rng.permutation(n)[:count])
    inputs, is_near = _again(dataset, sources, rng)
    ids, named = _ids(old.ids, sources)
    rows = np.concatenate([np.arange(n), sources])
    train = replace(old.take(rows), inputs=inputs, ids=ids)
    if train.rows is not None:  # no file has the copies
        train = replace(train, rows=np.where(np.arange(len(rows)) < n, train.rows, -1))
    truth = {name: values[rows] for name, values in _truth(dataset).items()}
    truth["duplicate_of"][n:] = sources
    how = f"{count:,} copies were added behind the {n:,} rows, {named}"
    if is_near.any():
        how += f", {is_near.sum():,} of them with one word changed"
    return replace(dataset, train=train, truth=truth), how


def _again(
    dataset: Dataset, sources: NDArray[np.int64], rng: np.random.Generator
) -> tuple[pa.Array, NDArray[np.bool_]]:
    """All inputs and behind them the copies, of a text, if it is no pair, every second one with a word changed."""
    inputs = dataset.train.inputs
    copies, is_near = inputs.take(pa.array(sources)), np.zeros(len(sources), dtype=bool)
    if pa.types.is_large_string(inputs.type) and dataset.train.first is None:
        texts = copies.to_pylist()
        half = rng.permutation(len(texts))[: len(texts) // 2]
        near = {int(at): _with_one_word_changed(texts[at], inputs, rng) for at in half}
        drafts = pa.array([near.get(at, text) for at, text in enumerate(texts)], inputs.type)
        # What is another row's copy, or still its own, is left as it was: the truth stays true.
        is_near = np.asarray(normal_form(drafts)) != np.asarray(normal_form(copies))
        groups = copy_groups(drafts)
        is_near &= np.bincount(groups)[groups] == 1
        for split in dataset.splits.values():
            is_near &= ~occurs_in(drafts, split.inputs)
        both = zip(texts, drafts.to_pylist(), is_near, strict=True)
        copies = pa.array([draft if near else text for text, draft, near in both], inputs.type)
    return pa.concat_arrays([inputs, copies]), is_near


def _with_one_word_changed(text: str, inputs: pa.Array, rng: np.random.Generator) -> str:
    """The text with one word replaced by one of another row; as it is where its words are few."""
    words = [*re.finditer(r"\S+", text)]
    others = inputs[int(rng.integers(len(inputs)))].as_py().split()
    if len(words) < LEAST_WORDS or not others:
        return text
    word, other = words[int(rng.integers(len(words)))], others[int(rng.integers(len(others)))]
    return f"{text[: word.start()]}{other}{text[word.end() :]}"


def _ids(ids: NDArray[Any], sources: NDArray[np.int64]) -> tuple[NDArray[Any], str]:
    """The ids and behind them those of the copies, and how these are named."""
    highest = 0 if ids.dtype == object else int(ids.max())
    if ids.dtype != object and highest <= _HIGHEST_ID - len(sources):
        own = highest + 1 + np.arange(len(sources))
        return np.concatenate([ids, own]), f"their ids {own[0]:,} to {own[-1]:,}"
    texts = [str(one) for one in ids]
    known = {*texts}
    for source in sources:
        number = 1
        while (name := f"{texts[source]}#copy{number}") in known:
            number += 1
        known.add(name)
        texts.append(name)
    return np.array(texts, dtype=object), "their ids those of their rows with #copy1 behind"


def _truth(dataset: Dataset) -> Truth:
    """What is known of each training row; without truth of its own, which rows are copies already."""
    if dataset.truth:
        return dict(dataset.truth)
    labels, groups = dataset.train.labels, copy_groups(dataset.train.inputs)
    group, rows = lowest_of_each(groups), np.arange(len(labels))
    return {
        "duplicate_of": np.where(group < rows, group, -1),
        "group": group,
        "true_label": labels.copy(),
        "is_wrong": np.zeros(len(labels), dtype=bool),
    }


Alter = Callable[[Dataset, float, np.random.Generator], tuple[Dataset, str]]
# In this order.
_ALTERATIONS: dict[str, Alter] = {
    "imbalance": _imbalanced,
    "flip_labels": _flipped,
    "inject_copies": _copied,
}

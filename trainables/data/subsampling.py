"""Parts of a split drawn by class."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trainables.data.columns import excerpt
from trainables.data.copies import copy_groups
from trainables.data.dataset import Dataset, Split
from trainables.data.whole_groups import WholeGroups
from trainables.errors import DataError, UsageError
from trainables.suggestions import did_you_mean


def proportional(labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How many of each class make count rows with the classes' shares kept.

    Largest remainders, ties to the lower class; every class there is has one row at least.

    Args:
        labels: Shape (n,), in [0, c).
        count: Rows wanted, at least as many as there are classes and at most n.

    Returns:
        Shape (c,), summing to count.

    Raises:
        ValueError: If count is too small or too large.
    """
    sizes = np.bincount(labels)
    present = int((sizes > 0).sum())
    if not present <= count <= len(labels):
        raise UsageError(
            f"limit or test_fraction asks for {count:,} rows of {len(labels):,}; give {present:,} "
            f"(one a class) to {len(labels):,}"
        )
    quotas = count * sizes // len(labels)
    remainders = count * sizes % len(labels)
    quotas[np.argsort(-remainders, kind="stable")[: count - quotas.sum()]] += 1
    for k in np.flatnonzero((quotas == 0) & (sizes > 0)):
        quotas[np.argmax(quotas)] -= 1
        quotas[k] = 1
    return quotas


def per_class(
    labels: NDArray[np.int64], quotas: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """A mask, shape (n,), of quotas[k] rows of each class k, drawn at random."""
    chosen = np.zeros(len(labels), dtype=bool)
    order = rng.permutation(len(labels))
    for k, quota in enumerate(quotas):
        chosen[order[labels[order] == k][:quota]] = True
    return chosen


def drawn(split: Split, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A mask, shape (n,), of count rows drawn at random with the classes' shares kept."""
    return per_class(split.labels, proportional(split.labels, count), rng)


def without_classes(dataset: Dataset) -> Dataset:
    """The data set for a model that learns what is in its rows, and no classes of them."""

    def unlabelled(split: Split) -> Split:
        return replace(split, labels=np.zeros_like(split.labels))

    return replace(
        dataset,
        class_names=(),
        train=unlabelled(dataset.train),
        test=unlabelled(dataset.test),
        validation=unlabelled(dataset.validation) if dataset.validation else None,
    )


def held_out(
    whole: Split, fraction: float, rng: np.random.Generator, *, where: str
) -> tuple[Split, Split, str]:
    """A training and a test split by `held_rows`, and what was done, as the end of a note.

    Args:
        whole: n rows.
        fraction: Share of the rows to test on, in (0, 1).
        rng: Decides which.
        where: The data set's name, for errors.

    Raises:
        DataError: If no row can be held out.
    """
    chosen, how = _held(whole, fraction, rng, where)
    return whole.take(~chosen), whole.take(chosen), how


def held_rows(split: Split, fraction: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A mask, shape (n,), of rows to hold out, the classes' shares kept, copies on one side together.

    Copies are rows of one normal form (`copy_groups`). Every class keeps a group in training, and gives
    one where it has a second; where the rows of a group differ in class, that may not be possible for
    each class, and training goes first. No class gives more rows than its share, but for two cases:
    one whose smallest group is larger gives that, and while rows are missing in all, a group that
    exceeds the share of its class makes them up, if it fits into what is missing. So fewer rows are
    missing in all than the largest group has. Without copies every share is met exactly.

    Args:
        split: n rows.
        fraction: Share of them, in (0, 1); rows that cannot be held out are not counted.
        rng: Decides which.
    """
    return _held_rows(copy_groups(split.inputs), split.labels, fraction, rng)


def _held_rows(
    groups: NDArray[np.int64],
    labels: NDArray[np.int64],
    fraction: float,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    whole = WholeGroups(groups, labels)
    free = np.flatnonzero(whole.may_leave()[groups])
    count = max(round(fraction * len(free)), len(np.unique(labels[free])))
    quotas = proportional(labels[free], count)
    order = free[rng.permutation(len(free))]
    # A group stands where its lowest row does: at that of its first, large groups would come early.
    lowest = np.unique(groups, return_index=True)[1]
    walk = groups[order[lowest[groups[order]] == order]]
    return whole.held(walk.tolist(), quotas.tolist())[groups]


def _held(
    split: Split, fraction: float, rng: np.random.Generator, where: str
) -> tuple[NDArray[np.bool_], str]:
    """The rows to hold out, and what was done, as the end of a note."""
    groups = copy_groups(split.inputs)
    chosen = _held_rows(groups, split.labels, fraction, rng)
    held, asked, largest = (
        int(chosen.sum()),
        round(fraction * len(split)),
        np.bincount(groups).max(),
    )
    if not held:
        raise DataError(
            f"{where}: none of its {len(split):,} rows can be held out: without it and its copies a "
            "class would have no row to train on; give the split as a file of its own"
        )
    how = f"{held:,} rows were held out{', by class' * bool(split.labels.any())}"
    if largest > 1:
        how += ", copies on one side together"
        how += f" ({asked:,} asked for; the largest group has {largest:,} rows)" * (held != asked)
    return chosen, how


def with_validation(dataset: Dataset, fraction: float, rng: np.random.Generator) -> Dataset:
    """The data set with a share of its training rows held out as validation split, by `held_rows`.

    Args:
        dataset: To take from.
        fraction: Share of the training rows, in (0, 1).
        rng: Decides which.

    Raises:
        ValueError: If the data set comes with a validation split.
        DataError: If no row can be held out.
    """
    if dataset.validation is not None:
        raise UsageError(f"{dataset.name}: has a validation split; leave validation_fraction out")
    held, how = _held(dataset.train, fraction, rng, dataset.name)
    note = f"for validation, {how}"
    smaller = _with_train(dataset, ~held, (*dataset.notes, note), is_limited=dataset.limited)
    return replace(smaller, validation=dataset.train.take(held))


def limited(dataset: Dataset, rows: int, rng: np.random.Generator, *, split: str) -> Dataset:
    """The data set with `rows` rows of one split, the classes' shares kept, and a note of it.

    Args:
        dataset: To take from.
        rows: How many; 0, or as many as there are, changes nothing.
        rng: Decides which.
        split: "train" or "test".
    """
    whole = dataset.splits[split]
    if not 0 < rows < len(whole):
        return dataset
    note = f"limited to {rows:,} of {len(whole):,} {split} rows"
    chosen = drawn(whole, rows, rng)
    notes = (*dataset.notes, note)
    if split == "test":
        return replace(dataset, test=whole.take(chosen), notes=notes, limited=True)
    return _with_train(dataset, chosen, notes, is_limited=True)


def imbalanced(
    dataset: Dataset, ratio: float, rng: np.random.Generator, *, order: Sequence[int] = ()
) -> Dataset:
    """The data set with training classes of geometric sizes.

    Args:
        dataset: To take from; the test split stays as it is.
        ratio: Largest class over smallest, above 1.
        rng: Decides which rows stay.
        order: Class numbers from the largest to the smallest, each once; empty for 0, 1, 2 ...
    """
    labels, classes = dataset.train.labels, len(dataset.class_names)
    falling = np.array(order or range(classes))
    largest = np.bincount(labels, minlength=classes).min()
    sizes = np.rint(largest * ratio ** -(np.arange(classes) / (classes - 1))).astype(np.int64)
    quotas = np.empty(classes, dtype=np.int64)
    quotas[falling] = sizes
    chosen = per_class(labels, quotas, rng)
    first, last = (excerpt(dataset.class_names[k]) for k in (falling[0], falling[-1]))
    note = (
        f"made imbalanced: {quotas.sum():,} of {len(labels):,} training rows, "
        f"classes of {sizes[0]:,} ({first}) to {sizes[-1]:,} ({last})"
    )
    return _with_train(dataset, chosen, (*dataset.notes, note), is_limited=dataset.limited)


def with_train_rows(dataset: Dataset, chosen: NDArray[np.bool_], note: str) -> Dataset:
    """The data set, marked as limited, with some of its training rows, a mask of shape (n,), and a note of it."""
    return _with_train(dataset, chosen, (*dataset.notes, note), is_limited=True)


def by_name(dataset: Dataset, order: Sequence[str], classes: Sequence[str] = ()) -> tuple[int, ...]:
    """The numbers of classes in an order of their names.

    Args:
        dataset: Which has them.
        order: Every class's name once; empty for none.
        classes: What the classes are called where the data numbers them alone, from 0 or from 1.

    Raises:
        DataError: If a name is not one of the data's, or one is missing or there twice.
    """
    names = list(dataset.class_names)
    if any(names == [str(k + first) for k in range(len(classes))] for first in (0, 1)):
        names = list(classes)
    for name in order:
        if name not in names:
            raise DataError(
                f"{dataset.name}: class {excerpt(name)} of the order of its sizes is not in the data, whose "
                f"classes are {excerpt(', '.join(names))}.{did_you_mean(name, names)}"
            )
    if order and sorted(order) != sorted(names):
        wrong = next(name for name in names if order.count(name) != 1)
        raise DataError(
            f"{dataset.name}: the order of its sizes names class {excerpt(wrong)} {order.count(wrong)} times; "
            "it names every class once"
        )
    return tuple(names.index(name) for name in order)


def _with_train(
    dataset: Dataset, chosen: NDArray[np.bool_], notes: tuple[str, ...], *, is_limited: bool
) -> Dataset:
    # Truth that names rows is written in the new row numbers; -1 for a row that is gone.
    moved = np.where(chosen, np.cumsum(chosen) - 1, -1)
    truth = {name: values[chosen] for name, values in dataset.truth.items()}
    if "duplicate_of" in truth:
        source = truth["duplicate_of"]
        truth["duplicate_of"] = np.where(source < 0, -1, moved[source])
        truth["group"] = lowest_of_each(truth["group"])
    train = dataset.train.take(chosen)
    return replace(dataset, train=train, truth=truth, notes=notes, limited=is_limited, part_of=None)


def lowest_of_each(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lowest row of each row's group, shape (n,)."""
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    lowest: NDArray[np.int64] = first[member]
    return lowest

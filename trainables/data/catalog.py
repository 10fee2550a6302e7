"""What data set is asked for, and loading it: made, or read from the hub, a folder or a file."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trainables.data.cards import DATASETS, DatasetCard
from trainables.data.columns import Columns, Kind
from trainables.data.csv_dialects import Dialect
from trainables.data.dataset import Dataset, Split
from trainables.data.finding import FoundParts, find_parts, title_of
from trainables.data.hub import Hub, hub_of
from trainables.data.image_folders import with_image_columns
from trainables.data.loading import read_splits
from trainables.data.parts import Target, Wanted
from trainables.data.stress import check_alterations, stressed
from trainables.data.subsampling import (
    by_name,
    drawn,
    held_out,
    imbalanced,
    limited,
    with_validation,
    without_classes,
)
from trainables.data.subsets import of_size
from trainables.errors import UsageError

DATA_DIR_VARIABLE = "PRUNE_ENVELOPE_DATA"


@dataclass(frozen=True, kw_only=True)
class Source:
    """What to load, and how much of it.

    Attributes:
        name: A name of DATASETS ("synthetic:N", "tickets:N" and "instructions:N" have N training rows,
            NAME@REVISION another commit), a file, a folder holding train and test, or
            owner/name[:config][@revision] on the hub, revision a commit, branch or tag.
        data_dir: Folder of folders by name; else what PRUNE_ENVELOPE_DATA says.
        title: What it is called; empty for the file's or folder's name.
        columns: Which columns hold what; those not named are the card's, else `text` and `label`, else
            the only ones that could be meant.
        dialect: How a CSV is written.
        target: What the label column holds: "class"; "number" for numbers to predict; "optional" for
            classes if they can be read; "none" to leave it out, for language models.
        own_columns: Keep all columns, for trainers that see them.
        test: A second file, or the name of the split to test on.
        test_fraction: Share of a single file to hold out, by class, in (0, 1); 0 for none.
        validation_fraction: Share of the training rows to hold out as validation split, by class,
            where there is none; 0 for none.
        limit: Training rows to take, shares of the classes kept; 0 for all.
        limit_test: The same of the test rows.
        imbalance: Stress test: training classes are cut to sizes that fall from the first class to
            the last by this ratio; 1 for none.
        flip_labels: Stress test: share of each class's training rows whose label becomes another one.
        inject_copies: Stress test: copies to add, as a share of the training rows, in [0, 1].
        size: Training rows to take in the end, of what all else has left, shares of the classes kept; 0 for all.
        seed: Decides which rows `test_fraction`, `limit`, `limit_test` and `size` take, and which are altered.
        pinned: The commit on the hub that an earlier plan of the run recorded; empty to look it up.
    """

    name: str
    data_dir: str | Path | None = None
    title: str = ""
    columns: Columns | None = None
    dialect: Dialect = Dialect()  # noqa: RUF009 - frozen
    target: Target = "class"
    own_columns: bool = False
    test: str = ""
    test_fraction: float = 0.0
    validation_fraction: float = 0.0
    limit: int = 0
    limit_test: int = 0
    imbalance: float = 1.0
    flip_labels: float = 0.0
    inject_copies: float = 0.0
    size: int = 0
    seed: int = 0
    pinned: str = ""

    def __post_init__(self) -> None:
        """Refuse amounts no data set could meet."""
        for name in ("test_fraction", "validation_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(
                    f"{name} is {getattr(self, name)}; it is a share of the rows, in (0, 1)"
                )
        if self.limit < 0 or self.limit_test < 0:
            raise UsageError(
                f"limit is {self.limit}, limit_test {self.limit_test}; give rows, or 0 for all"
            )
        if self.test and self.test_fraction:
            raise UsageError(
                f"test {self.test!r} and test_fraction {self.test_fraction:g}; give one of them"
            )
        if self.target == "none" and self.columns and self.columns.label:
            raise UsageError(
                f"label_column {self.columns.label!r} for a language model, which reads no classes; leave it out"
            )
        check_alterations(self)

    @property
    def make(self) -> Callable[..., Dataset] | None:
        """What makes it; None for data that are read."""
        return DATASETS.get(self.name.partition(":")[0], DatasetCard()).make

    @property
    def hub(self) -> Hub | None:
        """Where on the hub it is, if it is no file or folder here; None for what is not there."""
        plain, at, revision = self.name.partition("@")
        name = f"{DATASETS.get(plain, DatasetCard()).parent or plain}{at}{revision}"
        if card := DATASETS.get(name.partition("@")[0]):
            return replace(card.hub, revision=revision or card.hub.revision) if card.hub else None
        return hub_of(name)


def load(source: Source | str) -> Dataset:
    """Find, read and check a data set.

    Args:
        source: What to load; a string is its name.

    Raises:
        DataError: If the data are not there, or a row of them is not fit.
        UnsafeError: If the file's format can run code.
        UsageError: If the name or a setting is wrong.
    """
    source = Source(name=source) if isinstance(source, str) else source
    name, _, size = source.name.partition(":")
    if make := source.make:
        made = make(n_train=_rows(name, size)) if size else make()
        dataset = replace(made, name=source.title or source.name)
        dataset = without_classes(dataset) if source.target == "none" else dataset
    else:
        dataset = _read(source)
    for stage, (split, rows) in enumerate((("train", source.limit), ("test", source.limit_test))):
        rng = np.random.default_rng([source.seed, 1 + stage])
        dataset = limited(dataset, rows, rng, split=split)
    if source.validation_fraction:
        rng = np.random.default_rng([source.seed, 3])
        dataset = with_validation(dataset, source.validation_fraction, rng)
    return of_size(stressed(dataset, source), source.size, seed=source.seed)


@dataclass(frozen=True, kw_only=True)
class LoadedSplits:
    """The splits that a data set comes with.

    Attributes:
        name: What it is called.
        kind: What the inputs are.
        class_names: Shape (c,); none where there are no classes.
        splits: By name; "train" always.
        notes: What reading them did, a sentence each.
    """

    name: str
    kind: Kind
    class_names: tuple[str, ...]
    splits: Mapping[str, Split]
    notes: tuple[str, ...]


def load_splits(source: Source) -> LoadedSplits:
    """The splits of a data set, as `load` gives them, but that there need be no test split.

    Raises:
        DataError: If the data are not there, or a row of them is not fit.
        UsageError: If the name or a setting is wrong.
    """
    if not source.make and not source.test_fraction:
        found, wanted = found_parts(source)
        read = read_splits(found.parts, wanted)
        if "test" not in read.splits:
            if source.test:
                raise no_test(source)
            train, notes = read.splits["train"], (*found.notes, *read.notes)
            if 0 < source.limit < len(train):
                notes += (f"limited to {source.limit:,} of {len(train):,} train rows",)
                train = train.take(
                    drawn(train, source.limit, np.random.default_rng([source.seed, 1]))
                )
            return LoadedSplits(
                name=source.title or title_of(source.name),
                kind=read.kind,
                class_names=read.class_names,
                splits={**read.splits, "train": train},
                notes=notes,
            )
    dataset = load(source)
    return LoadedSplits(
        name=dataset.name,
        kind=dataset.kind,
        class_names=dataset.class_names,
        splits=dataset.splits,
        notes=dataset.notes,
    )


def no_test(source: Source) -> UsageError:
    """The error that there are no test rows."""
    return UsageError(
        f"{source.name}: no {source.test or 'test'} split; give a second file or a split's "
        "name (--test), or hold rows out (--test-fraction 0.2)"
    )


def found_parts(source: Source, *, with_hub: bool = True) -> tuple[FoundParts, Wanted]:
    """Where a data set's splits are, and what is to be read of them.

    Args:
        source: What to load.
        with_hub: Whether the hub may be asked.

    Raises:
        DataError: If nothing is there.
        UsageError: If the name can be nothing.
    """
    plain, at, revision = source.name.partition("@")
    name = f"{DATASETS.get(plain, DatasetCard()).parent or plain}{at}{revision}"
    card = DATASETS.get(name.partition("@")[0])
    found = find_parts(
        name,
        data_dir=source.data_dir or os.environ.get(DATA_DIR_VARIABLE) or None,
        hub=source.hub if with_hub else None,
        pinned=source.pinned,
        test=source.test,
        dialect=source.dialect,
        known=tuple(DATASETS),
    )
    asked = _asked(source.columns or Columns(), card.columns if card else None)
    if found.parts["train"][0].images:
        asked = [with_image_columns(columns) for columns in asked]
    wanted = Wanted(
        columns=asked,
        target=source.target,
        own_columns=source.own_columns,
        of_language=source.target == "none",
    )
    return found, wanted


def _read(source: Source) -> Dataset:
    """A data set from its files or the hub, a test split cut where there is none."""
    card = DATASETS.get(source.name.partition("@")[0], DatasetCard())
    found, wanted = found_parts(source)
    if card.imbalance > 1:  # which rows it has is told by their classes
        wanted = replace(wanted, target="class")
    read = read_splits(found.parts, wanted)
    splits, notes = dict(read.splits), found.notes + read.notes
    if "test" not in splits:
        splits, held = _with_test(source, splits)
        notes += held
    elif source.test_fraction:
        raise UsageError(f"{source.name}: has a test split; leave test_fraction out")
    dataset = Dataset(
        name=source.title or title_of(source.name),
        kind=read.kind,
        class_names=read.class_names,
        train=splits["train"],
        test=splits["test"],
        validation=splits.get("validation"),
        notes=notes,
        source=found.source,
        target=read.target,
    )
    if card.imbalance > 1:
        rng, order = np.random.default_rng(card.seed), by_name(dataset, card.order, card.classes)
        dataset = imbalanced(dataset, card.imbalance, rng, order=order)
    return without_classes(dataset) if source.target == "none" else dataset


def _asked(columns: Columns, card: Columns | None) -> list[Columns]:
    """The columns to look for, in order: a card's own where none was named."""
    if card is None or columns.inputs or columns.label or columns.embedding:
        return [columns]
    return [replace(card, id=columns.id), columns]


def _with_test(
    source: Source, splits: dict[str, Split]
) -> tuple[dict[str, Split], tuple[str, ...]]:
    """The splits with a test split held out of train, and a note of it."""
    if not source.test_fraction:
        raise no_test(source)
    rng = np.random.default_rng([source.seed, 0])
    train, test, how = held_out(splits["train"], source.test_fraction, rng, where=source.name)
    return {**splits, "train": train, "test": test}, (f"no test split was given: {how}",)


def _rows(name: str, size: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,7}", size):
        raise UsageError(f"{name}:{size}; give training rows, as in {name}:4000")
    return int(size)

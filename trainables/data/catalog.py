"""The data sets there are, and loading one from the hub, a folder or a file."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from trainables.data.class_labels import Raw, classes_of, encode, mapping_note, raw_split
from trainables.data.columns import Columns, choose, excerpt
from trainables.data.dataset import Dataset, Split
from trainables.data.hub import Hub, fetch
from trainables.data.readers import FORMATS, UNSAFE, read_file
from trainables.data.stress import check_alterations, stressed
from trainables.data.subsampling import (
    content_notes,
    held_out,
    imbalanced,
    limited,
    with_validation,
)
from trainables.data.synthetic import synthetic
from trainables.data.tickets import tickets
from trainables.errors import DataError, UsageError
from trainables.suggestions import did_you_mean

DATA_DIR_VARIABLE = "PRUNE_ENVELOPE_DATA"


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """A data set known by name: made here, or found as NAME/{train,test}.parquet or on the hub.

    Attributes:
        make: Makes it, given `n_train` or not; None where it is found.
        hub: Where on the hub, or None where only a folder has it.
        columns: Its columns on the hub; a folder may have these, or `text` and `label`.
        parent: The card this one is a part of, or empty.
        imbalance: Largest over smallest class of that part; sizes between are geometric,
            falling with the class number.
        seed: Decides which rows are in that part.
    """

    make: Callable[..., Dataset] | None = None
    hub: Hub | None = None
    columns: Columns = Columns()  # noqa: RUF009 - frozen
    parent: str = ""
    imbalance: float = 1.0
    seed: int = 0


_YAHOO = Columns(text=("question_title", "question_content", "best_answer"), label="topic")
DATASETS: Mapping[str, DatasetCard] = {
    "synthetic": DatasetCard(make=synthetic),
    "tickets": DatasetCard(make=tickets),
    "imdb": DatasetCard(
        hub=Hub(repo="stanfordnlp/imdb", revision="e6281661ce1c48d982bc483cf8a173c1bbeb5d31")
    ),
    "ag_news": DatasetCard(
        hub=Hub(repo="fancyzhx/ag_news", revision="eb185aade064a813bc0b7f42de02595523103ca4")
    ),
    "yahoo_answers": DatasetCard(
        hub=Hub(
            repo="community-datasets/yahoo_answers_topics",
            revision="6652a1e7c94f7260a0bfd0c9092dd48e2d536ea1",
        ),
        columns=_YAHOO,
    ),
    "yahoo_answers_imbalanced": DatasetCard(parent="yahoo_answers", imbalance=4.0, seed=20),
    "yahoo_health22": DatasetCard(),
    "sst2": DatasetCard(),
    "sms_spam": DatasetCard(),
    "cifar10": DatasetCard(columns=Columns(text=("image",))),
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """What to load, and how much of it.

    Attributes:
        name: A name of DATASETS ("synthetic:N" and "tickets:N" have N training rows, NAME@REVISION
            another commit), a file, a folder holding train and test, or
            owner/name[:config]@revision on the hub.
        data_dir: Folder of folders by name; else what PRUNE_ENVELOPE_DATA says.
        columns: Which columns hold what; None for the card's, else `text` and `label`.
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
        seed: Decides which rows `test_fraction`, `limit` and `limit_test` take, and which are altered.
    """

    name: str
    data_dir: str | Path | None = None
    columns: Columns | None = None
    test: str = ""
    test_fraction: float = 0.0
    validation_fraction: float = 0.0
    limit: int = 0
    limit_test: int = 0
    imbalance: float = 1.0
    flip_labels: float = 0.0
    inject_copies: float = 0.0
    seed: int = 0

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
        check_alterations(self)


def load(source: Source | str) -> Dataset:
    """Find, read and check a data set.

    Args:
        source: What to load; a string is its name.

    Raises:
        DataError: If the data are not there, or a row of them is not fit.
        UnsafeError: If the file's format can run code.
        ValueError: If the name or a setting is wrong.
    """
    source = Source(name=source) if isinstance(source, str) else source
    name, _, size = source.name.partition(":")
    make = DATASETS.get(name, DatasetCard()).make
    if make:
        made = make(n_train=_rows(name, size)) if size else make()
        dataset = replace(made, name=source.name)
    else:
        card = DATASETS.get(source.name, DatasetCard())
        raws = _find(replace(source, name=card.parent or source.name))
        dataset = _assembled(source, raws)
        if card.imbalance > 1:
            rng = np.random.default_rng(card.seed)
            dataset = imbalanced(dataset, card.imbalance, rng)
    for stage, (split, rows) in enumerate((("train", source.limit), ("test", source.limit_test))):
        rng = np.random.default_rng([source.seed, 1 + stage])
        dataset = limited(dataset, rows, rng, split=split)
    if source.validation_fraction:
        rng = np.random.default_rng([source.seed, 3])
        dataset = with_validation(dataset, source.validation_fraction, rng)
    dataset = stressed(dataset, source)
    return replace(dataset, notes=dataset.notes + content_notes(dataset))


def _rows(name: str, size: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,7}", size):
        raise UsageError(f"{name}:{size}; give training rows, as in {name}:4000")
    return int(size)


def _find(source: Source) -> dict[str, Raw]:
    """The splits as found, under the names train, test and validation."""
    name, _, revision = source.name.partition("@")
    path, card = Path(source.name), DATASETS.get(name)
    choices = [source.columns] if source.columns else [Columns()]
    test = source.test or "test"
    if card and not source.columns:
        choices.insert(0, card.columns)
    data_dir = source.data_dir or os.environ.get(DATA_DIR_VARIABLE) or None
    if data_dir and re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", source.name):
        folder = Path(data_dir) / source.name
        if folder.is_dir():
            return _folder(folder, choices, test)
    if card is None and path.suffix.lower() in (*FORMATS, *UNSAFE):
        raws = {"train": _file([path], choices)}
        return {**raws, "test": _file([Path(test)], choices)} if source.test else raws
    if card is None and source.name and path.is_dir():
        return _folder(path, choices, test)
    hub = _hub(source.name, card, revision)
    if hub is None:
        raise DataError(
            f"data set {name!r} is not on the hub and not in "
            f"{data_dir or 'a folder (none was given)'}; give --data-dir DIR with "
            f"{name}/train.parquet and {name}/test.parquet in it, or the path of a file"
        )
    tables = fetch(hub, name)
    found = {new: tables[old] for new, old in _names(test).items() if old in tables}
    if "train" not in found:
        raise DataError(f"{name}: no split train on the hub; it has {excerpt(', '.join(tables))}")
    return {split: _table(rows, choices, f"{name} ({split})") for split, rows in found.items()}


def _names(test: str) -> dict[str, str]:
    """Our split names, and what each is called where it is found."""
    names = {"train": "train", "test": test}
    return names if test == "validation" else {**names, "validation": "validation"}


def _table(rows: pa.Table, choices: list[Columns], where: str) -> Raw:
    columns = choose(rows.column_names, choices, where)
    return raw_split(rows.select(columns.names), columns, where)


def _hub(name: str, card: DatasetCard | None, revision: str) -> Hub | None:
    """Where on the hub; None for a card that is not there."""
    if card:
        return replace(card.hub, revision=revision or card.hub.revision) if card.hub else None
    found = re.fullmatch(r"([\w.-]+/[\w.-]+)(?::([\w.-]+))?@(\w+)", name)
    if found:
        return Hub(repo=found[1], config=found[2] or "", revision=found[3])
    raise UsageError(
        f"no data set {excerpt(name)}: not a file or folder here, not owner/name@revision of the "
        f"hub, and not one of {', '.join(DATASETS)}.{did_you_mean(name, DATASETS)}"
    )


def _folder(folder: Path, choices: list[Columns], test: str) -> dict[str, Raw]:
    """The splits of a folder: NAME.parquet, .csv or .jsonl each, or NAME-00000-of-00002.parquet."""
    splits = {}
    for split, stored in _names(test).items():
        single = [folder / f"{stored}{suffix}" for suffix in FORMATS]
        paths = [path for path in single if path.exists()]
        if len(paths) > 1:
            raise DataError(f"{folder}: both {paths[0].name} and {paths[1].name}; keep one")
        shards = sorted(folder.glob(f"{stored}-*-of-*.parquet"))
        if paths or shards:
            splits[split] = _file(paths or shards, choices)
    if "train" not in splits:
        there = excerpt(", ".join(sorted(path.name for path in folder.iterdir())))
        raise DataError(f"{folder}: no train.parquet, train.csv or train.jsonl; it holds {there}")
    return splits


def _file(paths: list[Path], choices: list[Columns]) -> Raw:
    """One split from its file, or from the shards of one."""
    tables, chosen = [], choices
    for path in paths:
        rows, columns = read_file(path, chosen)
        tables.append(rows)
        chosen = [columns]
    return raw_split(pa.concat_tables(tables), chosen[0], str(paths[0]))


def _assembled(source: Source, raws: dict[str, Raw]) -> Dataset:
    """Labels become class numbers, and a test split is cut where there is none."""
    train = raws["train"]
    values, names = classes_of(train)
    splits = {
        split: Split(inputs=raw.inputs, labels=encode(raw, values, train), ids=raw.ids)
        for split, raw in raws.items()
    }
    notes = mapping_note(train, names)
    if "test" not in splits:
        if not source.test_fraction:
            raise UsageError(
                f"{source.name}: no {source.test or 'test'} split; give a second file or a split's "
                "name (--test), or hold rows out (--test-fraction 0.1)"
            )
        rng = np.random.default_rng([source.seed, 0])
        splits["train"], splits["test"], how = held_out(
            splits["train"], source.test_fraction, rng, where=source.name
        )
        notes += (f"no test split was given: {how}",)
    elif source.test_fraction:
        raise UsageError(f"{source.name}: has a test split; leave test_fraction out")
    return Dataset(
        name=_title(source.name),
        kind=train.kind,
        class_names=names,
        train=splits["train"],
        test=splits["test"],
        validation=splits.get("validation"),
        notes=notes,
    )


def _title(name: str) -> str:
    """What a data set is called: a file's stem, a folder's name, or the name without revision."""
    path = Path(name)
    if path.suffix.lower() in FORMATS:
        return path.stem
    return path.resolve().name if path.is_dir() else name.partition("@")[0]

"""A data set whose rows are to be scored: with labels or without, and with no test split but its own."""

from dataclasses import replace

import numpy as np

from trainables.data.catalog import Source, load_splits
from trainables.data.dataset import Dataset
from trainables.data.subsampling import with_validation
from trainables.errors import DataError


def source_to_score(source: Source) -> Source:
    """The same data set where it need have no labels: unless they were named, data without are taken as they are."""
    if source.target == "none":
        return source
    is_named = bool(source.columns and source.columns.label)
    return replace(source, target="class" if is_named else "optional")


def load_to_score(source: Source) -> Dataset:
    """Find, read and check a data set of which nothing is measured.

    Nothing is held out, but for the validation rows that were asked for. Where the data come with a test
    split it is kept, and nothing looks at it: a sweep of the same data then finds the same scores.

    Args:
        source: What to load. Where it names no label column, data without labels are taken as they are.

    Raises:
        DataError: If the data are not there, or a row of them is not fit.
        UsageError: If the name or a setting is wrong.
    """
    loaded = load_splits(source_to_score(source))
    train = loaded.splits["train"]
    if not len(train):
        raise DataError(f"{source.name}: holds no rows to score")
    dataset = Dataset(
        name=loaded.name,
        kind=loaded.kind,
        class_names=loaded.class_names,
        train=train,
        test=loaded.splits.get("test") or train.take(np.zeros(0, dtype=np.int64)),
        validation=loaded.splits.get("validation"),
        notes=loaded.notes,
        is_scored_only=True,
    )
    if source.validation_fraction and "test" not in loaded.splits:
        rng = np.random.default_rng([source.seed, 3])
        dataset = with_validation(dataset, source.validation_fraction, rng)
    return dataset

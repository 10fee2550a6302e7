"""A data set of which some training rows stay, written and checked: what the tests of writing share."""

import numpy as np
import pytest

from trainables.data import arrow_files
from trainables.data.catalog import load
from trainables.data.rewriting import check_written, write_splits


@pytest.fixture
def arrow_is_trusted(monkeypatch):
    """Arrow files that a test wrote itself are not looked through by another process, which takes a second each."""
    monkeypatch.setattr(arrow_files, "_check_apart", lambda _: None)


def whole(dataset):
    return {name: np.ones(len(split), dtype=bool) for name, split in dataset.splits.items()}


def kept(dataset, stays):
    """Marks by which the training rows of some numbers in their files stay."""
    return whole(dataset) | {"train": np.isin(dataset.train.rows, stays)}


def pruned(folder, source, stays):
    """Write and check a data set of which some training rows stay; what was written, and the folder."""
    dataset = load(source)
    marks = kept(dataset, stays)
    written = write_splits(source, dataset, marks, folder / "data")
    told = check_written(source, dataset, marks, folder / "data")
    return written, told

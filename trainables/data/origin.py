"""The files, columns and names that the splits of a data set were read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from trainables.data.catalog import Source, found_parts
from trainables.data.columns import Columns
from trainables.data.csv_dialects import Dialect, found
from trainables.data.dataset import Dataset
from trainables.data.loading import columns_of
from trainables.data.parts import ImageFiles
from trainables.data.readers import format_of
from trainables.data.stress import alterations_text
from trainables.data.vectors import npy_beside
from trainables.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a data set was read from.

    Attributes:
        files: Of each split, in order; a split that was cut out of the training files has those.
        columns: Which columns hold what, guesses included.
        class_names: Names of classes by column that no file carries, but the card of the hub.
        images: The files of each split of a folder of images; of tables none.
    """

    files: Mapping[str, tuple[Path, ...]]
    columns: Columns
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: Mapping[str, ImageFiles] = field(default_factory=dict)

    def dialect(self, given: Dialect) -> Dialect:
        """The dialect with the delimiter of the files, if all that have one have the same."""
        paths = [path for own in self.files.values() for path in own]
        written = {found(path, given).delimiter for path in paths if not format_of(path).is_typed}
        if len(written) != 1:
            return given
        return replace(given, delimiter=written.pop())


def origin_of(source: Source, dataset: Dataset) -> Origin | None:
    """What a data set was read from; None where it is in no file as it is: made here, or altered.

    Args:
        source: What was asked for.
        dataset: What `load(source)` gave.

    Raises:
        DataError: If the files are not there any more, or the hub has other ones.
    """
    if dataset.train.rows is None or alterations_text(source):
        return None
    there, wanted = found_parts(source)
    if there.source != dataset.source:
        raise DataError(
            f"{dataset.name}: was read from {dataset.source}, and {there.source} is there; start again"
        )
    files: dict[str, tuple[Path, ...]] = {}
    images: dict[str, ImageFiles] = {}
    for name in dataset.splits:
        is_cut = (name == "test" and source.test_fraction > 0) or (
            name == "validation" and source.validation_fraction > 0
        )
        parts = there.parts["train" if is_cut else name]
        files[name] = tuple(part.path for part in parts if part.path is not None)
        if held := parts[0].images:
            images[name] = held
    train = there.parts["train"]
    return Origin(
        files=files,
        columns=columns_of(train, wanted),
        class_names=train[0].class_names,
        images=images,
    )


def read_files(source: Source, dataset: Dataset) -> tuple[Path, ...]:
    """The files on this machine that a data set was read from: tables of all splits, and vectors beside them.

    Args:
        source: What was asked for.
        dataset: What was read; of one that the package made there are none.
    """
    if dataset.train.rows is None:
        return ()
    there, _ = found_parts(source)
    tables = [part.path for parts in there.parts.values() for part in parts if part.path]
    vectors = source.columns.embedding if source.columns else ""
    beside = [npy_beside(path, vectors) for path in tables] if vectors.endswith(".npy") else []
    return (*tables, *beside)

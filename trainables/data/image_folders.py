"""Folders of images: a folder a class, in a folder a split or in one alone."""

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from trainables.data.columns import MAX_BYTES, Columns, Field, excerpt
from trainables.data.parts import ImageFiles, Part
from trainables.data.readers import is_readable
from trainables.data.split_files import VALIDATION_NAMES
from trainables.data.spooled_bytes import BytesSpool
from trainables.data.streams import plain_stem
from trainables.errors import DataError
from trainables.written_numbers import many

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
IMAGE, LABEL, FILE = "image", "label", "file_name"
# What systems leave in folders.
_LEFT = {"thumbs.db", "desktop.ini"}
_METADATA = "metadata"


@dataclass(frozen=True, kw_only=True)
class ImageSplits:
    """The splits of a folder of images.

    Attributes:
        parts: One a split, under the names train, test and validation.
        notes: What a reader should know of them.
    """

    parts: dict[str, list[Part]]
    notes: tuple[str, ...]


def image_splits(folder: Path, test: str) -> ImageSplits | None:
    """The images of a folder as train/CLASS/FILE, test/CLASS/FILE, or CLASS/FILE; None where it holds tables.

    They are looked for in the folder itself, and in its `data`, where a pruned data set has them.

    Args:
        folder: To look in.
        test: What the split to test on is called.

    Raises:
        DataError: If a split has no images in folders of classes, or a file cannot be read.
    """
    for root in (folder, folder / "data"):
        if not root.is_dir() or any(plain_stem(one).lower() == "train" for one in _tables(root)):
            continue
        inner = _folders(root)
        named = {one.name.lower(): one for one in inner}
        if train := named.get("train"):
            if not (_holds_images(train) or any(map(_holds_images, _folders(train)))):
                continue
            names = {"train": "train", "test": test.lower()}
            known = [name for name in VALIDATION_NAMES if name in named and name != names["test"]]
            names |= {"validation": known[0]} if known else {}
            places = {split: named[name] for split, name in names.items() if name in named}
        elif not _tables(root) and any(map(_holds_images, inner)):
            places = {"train": root}
        else:
            continue
        notes: list[str] = []
        parts = {split: [_part(root, place, notes)] for split, place in places.items()}
        return ImageSplits(parts=parts, notes=tuple(notes))
    return None


def with_image_columns(asked: Columns) -> Columns:
    """Columns of a folder of images where others were not asked for; rows are known by their files."""
    usual: dict[str, Any] = {"text": (IMAGE,), "label": LABEL, "id": FILE}
    return replace(asked, **{name: one for name, one in usual.items() if not getattr(asked, name)})


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, by name; hidden ones are passed over."""
    with os.scandir(folder) as held:
        return sorted(Path(one.path) for one in held if one.name[0] not in "._" and one.is_dir())


def _tables(folder: Path) -> list[Path]:
    return [one for one in folder.iterdir() if is_readable(one) and not one.is_dir()]


def _is_image(name: str) -> bool:
    return name[0] not in "._" and name.lower().endswith(ENDINGS)


def _holds_images(folder: Path) -> bool:
    with os.scandir(folder) as held:
        return any(_is_image(one.name) for one in held)


def _part(root: Path, place: Path, notes: list[str]) -> Part:
    """A split whose classes are the folders in a place, and what is odd in it."""
    _check_alone(place)
    files: list[str] = []
    odd: list[str] = []
    empty: list[str] = []
    for folder in _folders(place):
        before = len(files)
        with os.scandir(folder) as held:
            for one in sorted(held, key=lambda entry: entry.name):
                name = Path(one.path).relative_to(root).as_posix()
                if _is_image(one.name):
                    files.append(name)
                elif one.name[0] not in "._" and one.name.lower() not in _LEFT:
                    odd.append(name)
        if len(files) == before:
            empty.append(folder.relative_to(root).as_posix())
    if odd:
        notes.append(
            f"{place}: {many(len(odd), 'entry', 'entries')} in folders of classes, such as {excerpt(odd[0])}, "
            f"{'is' if len(odd) == 1 else 'are'} no image by the name, and not read"
        )
    if empty:
        notes.append(
            f"{place}: no images in {excerpt(', '.join(empty))}, so there is no such class"
        )
    held_files = ImageFiles(root=root, names=tuple(files))
    return Part(
        where=str(place),
        header=lambda _: [
            Field(name=IMAGE, kind="image"),
            *(Field(name=one, kind="text") for one in (LABEL, FILE)),
        ],
        read=lambda columns: _table(held_files, columns),
        images=held_files,
    )


def _check_alone(place: Path) -> None:
    """Refuse images beside the folders of classes, and a table that would say more of them than their folders do."""
    with os.scandir(place) as held:
        names = sorted(one.name for one in held)
    if tables := [name for name in names if name.startswith(f"{_METADATA}.")]:
        raise DataError(
            f"{place}: {tables[0]} names labels of images, and is not read; put the images into a folder a class, or "
            "write Parquet with the columns image and label"
        )
    if loose := [name for name in names if _is_image(name)]:
        raise DataError(
            f"{place}: {many(len(loose), 'image')} such as {excerpt(loose[0])} in no folder of a class; put each image "
            "into the folder that is called as its class"
        )


def _table(files: ImageFiles, columns: Columns | None) -> pa.Table:
    """The columns of a split that are wanted; None for all."""
    names = columns.names if columns else [IMAGE, LABEL, FILE]
    held = {}
    if IMAGE in names:
        held[IMAGE] = _images(files)
    if LABEL in names:
        held[LABEL] = pa.array([name.split("/")[-2] for name in files.names], pa.large_string())
    if FILE in names:
        held[FILE] = pa.array(files.names, pa.large_string())
    return pa.table({name: held[name] for name in names})


def _images(files: ImageFiles) -> pa.Array:
    spool = BytesSpool()
    for name in files.names:
        spool.append_one(_bytes_of(files.root / name))
    paths = pa.array(files.names, pa.string())
    return pa.StructArray.from_arrays([spool.array(), paths], names=["bytes", "path"])


def _bytes_of(path: Path) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise DataError(f"{path}: not a regular file; remove it from the folder of its class")
        if about.st_size > MAX_BYTES["image"]:
            raise DataError(
                f"{path}: {about.st_size:,} bytes; at most {MAX_BYTES['image']:,} are read of an image: make it smaller"
            )
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) != about.st_size:
        raise DataError(
            f"{path}: changed while it was read; give the same command again when nothing writes there"
        )
    return data

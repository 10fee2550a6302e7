"""Which files of a folder hold which split, all shards of one export and each there once."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from trainables.data.columns import excerpt
from trainables.data.readers import UNSAFE, is_readable
from trainables.data.shards import (
    SHARD,
    check_shards,
    check_unfinished,
    numbered_parts,
    shard_number,
)
from trainables.data.streams import plain_stem
from trainables.errors import DataError, UnsafeError

VALIDATION_NAMES = ("validation", "valid", "val", "dev")
# As Spark and Dask write them: a number, what names the export, and the file of several of one number.
_PART = re.compile(
    r"part[-_.]?(?P<number>\d+)(?P<export>.*?)(?P<piece>[-.]c\d+)?((\.[a-z]\w*)+)", re.I
)
_JOB = re.compile(r"tid-\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_NUMBER = re.compile(r"(?P<name>.*?)(?P<number>\d+)")
# What `datasets` writes beside its data.
_ABOUT = {"state.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json"}


def splits_in(folder: Path, test: str) -> tuple[dict[str, list[Path]], tuple[str, ...]]:
    """The files of each split of a folder, under the names train, test and validation.

    A split is one file by its name, shards by NAME-00000-of-00002, or a folder of either. They are looked
    for in the folder itself, in its `data`, and in the one folder in it that has them, where a
    clone of the hub keeps them. A folder that holds one table in parts has a train split alone.

    Args:
        folder: To look in.
        test: What the split to test on is called; empty for none of the folder's.

    Returns:
        The files, and what a reader should know of them.

    Raises:
        DataError: If there is no train split, a shard is missing or there twice, or a split is there
            in two forms.
    """
    notes: list[str] = []
    for root in _roots(folder):
        if train := _files(root, "train", notes):
            found = {"train": train}
            if test and (test_files := _files(root, test, notes)):
                found["test"] = test_files
            if test not in VALIDATION_NAMES:
                found |= _validation(root, notes)
            if (
                root == folder
                and (folder / "data").is_dir()
                and _files(folder / "data", "train", [])
            ):
                notes.append(f"{folder / 'data'} holds a train split too, and is not read")
            if root != folder:
                notes.append(f"its files were found in {root}")
            return found, tuple(notes)
    if parts := _one_table(folder, notes):
        return {"train": parts}, tuple(notes)
    there = sorted(path.name for path in folder.iterdir())
    if unsafe := [
        name for name in there if Path(name).stem == "train" and Path(name).suffix in UNSAFE
    ]:
        raise UnsafeError(
            f"{folder}: {unsafe[0]} can run code and is never opened; convert it to train.parquet"
        )
    held = excerpt(", ".join(there))
    raise DataError(
        f"{folder}: no train.parquet, train.csv or train.jsonl, nor train-00000-of-00001.parquet or a "
        f"folder train; it holds {held}"
    )


def _validation(root: Path, notes: list[str]) -> dict[str, list[Path]]:
    """The validation split, which few signals need: one that is not whole is left out, and that said."""
    for name in VALIDATION_NAMES:
        try:
            if files := _files(root, name, notes):
                return {"validation": files}
        except DataError as error:
            notes.append(f"the validation split was left out: {error}")
            return {}
    return {}


def _roots(folder: Path) -> Iterable[Path]:
    """Where splits may stand, the nearest first; of several folders that have them none."""
    yield folder
    if (folder / "data").is_dir():
        yield folder / "data"
    inner = [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and path.name != "train" and _files(path, "train", [])
    ]
    if len(inner) > 1:
        names = ", ".join(str(path) for path in inner)
        raise DataError(
            f"{folder}: {len(inner)} folders in it hold a data set: give one of {names}"
        )
    yield from inner


def _files(root: Path, split: str, notes: list[str]) -> list[Path]:
    """The files of a split, in order, whatever the case of its name; none where it is not there."""
    called = split.lower()
    held = [
        path
        for path in sorted(root.iterdir())
        if is_readable(path) and path.name not in _ABOUT and not path.is_dir()
    ]
    single = [path for path in held if plain_stem(path).lower() == called]
    shards = [
        path
        for path in held
        if (m := SHARD.fullmatch(plain_stem(path))) and m["name"].lower() == called
    ]
    folders = [
        path for path in root.iterdir() if path.is_dir() and plain_stem(path).lower() == called
    ]
    inner = [path for folder in folders for path in _one_table(folder, notes)]
    counted = {path: m for path in held if (m := _beside(path, split)) and path not in shards}
    if counted and not (single or shards or inner):
        check_unfinished(root)
        return numbered_parts({path: (int(m["number"]), "") for path, m in counted.items()}, notes)
    forms = [*([one] for one in single), *([shards] if shards else []), *([inner] if inner else [])]
    if len(forms) > 1:
        first, second = (form[0].relative_to(root) for form in forms[:2])
        raise DataError(
            f"{root}: split {split} is there twice, as {first} and as {second}; keep one of them"
        )
    if shards:
        check_unfinished(root)
        check_shards(shards, split)
    beside = [path.name for path in counted]
    if forms and beside:
        notes.append(f"{beside[0]} stands beside {forms[0][0].relative_to(root)} and is not read")
    return sorted(forms[0], key=shard_number) if shards else forms[0] if forms else []


def _beside(path: Path, split: str) -> re.Match[str] | None:
    """The number in a file's name that is a split's with a number behind it."""
    pattern = rf"{re.escape(split)}[-_. (]*(part|shard|copy)?[-_. (]*(?P<number>\d+)\)?"
    return re.fullmatch(pattern, plain_stem(path), re.I)


def _one_table(folder: Path, notes: list[str]) -> list[Path]:
    """The files of a folder that holds one table in parts, in order; none where it does not."""
    state = folder / "state.json"
    if state.is_file():
        return _saved(folder, state)
    held = [
        path
        for path in folder.iterdir()
        if is_readable(path) and path.name not in _ABOUT and path.name[0] not in "._"
    ]
    shards = [path for path in held if SHARD.fullmatch(plain_stem(path))]
    if shards:
        names = {m["name"] for path in shards if (m := SHARD.fullmatch(plain_stem(path)))}
        if len(names) > 1:
            return []
        if len(shards) < len(held):
            other = next(path for path in held if path not in shards)
            raise DataError(f"{folder}: {other.name} stands beside shards such as {shards[0].name}")
        check_unfinished(folder)
        check_shards(shards, folder.name)
        return sorted(shards, key=shard_number)
    parts = {path: m for path in held if (m := _PART.fullmatch(path.name))}
    is_split = folder.name in ("train", "test", *VALIDATION_NAMES)
    if held and len(parts) == len(held):
        check_unfinished(folder)
        exports = {_export_of(m["export"]): path.name for path, m in parts.items()}
        if len(exports) > 1:
            first, second = list(exports.values())[:2]
            raise DataError(f"{folder}: {first} and {second} are of two exports: keep those of one")
        return numbered_parts(
            {path: (int(m["number"]), m["piece"] or "") for path, m in parts.items()}, notes
        )
    counted = {path: m for path in held if (m := _NUMBER.fullmatch(plain_stem(path)))}
    if (
        is_split
        and held
        and len(counted) == len(held)
        and len({m["name"] for m in counted.values()}) == 1
    ):
        check_unfinished(folder)
        return numbered_parts({path: (int(m["number"]), "") for path, m in counted.items()}, notes)
    if is_split and len(held) > 1:
        two = " and ".join(sorted(path.name for path in held)[:2])
        raise DataError(
            f"{folder}: {two} are in it, and whether they are parts of one table, and in which order, their "
            "names do not say; number them (0.csv, 1.csv, ...), or write one file"
        )
    return held if is_split else []


def _export_of(text: str) -> str:
    """What names the export in a part's name: Spark's job, if one is in it, as its tasks differ by part."""
    found = _JOB.search(text)
    return found[0] if found else text


def _saved(folder: Path, state: Path) -> list[Path]:
    """The files of a data set that `save_to_disk` wrote, as its state names them."""
    try:
        names = [entry["filename"] for entry in json.loads(state.read_bytes())["_data_files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{state}: cannot be read ({error}); save the data set again") from error
    paths = [folder / Path(str(name)).name for name in names]
    if absent := [path.name for path in paths if not path.is_file()]:
        raise DataError(
            f"{folder}: {len(paths) - len(absent)} of {len(paths)} files of state.json are there, "
            f"{excerpt(', '.join(absent))} is missing"
        )
    return paths

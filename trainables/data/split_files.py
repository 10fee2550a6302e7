"""Which files of a folder hold which split, all shards of one export and each there once."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from trainables.data.columns import excerpt
from trainables.data.readers import is_readable
from trainables.data.streams import format_suffix, plain_stem
from trainables.errors import DataError

VALIDATION_NAMES = ("validation", "valid", "val", "dev")
_SHARD = re.compile(r"(?P<name>.+)[-_](?P<number>\d+)[-_]of[-_](?P<total>\d+)([-_.][0-9a-f]+)?")
_PART = re.compile(r"part[-_.]?(?P<number>\d+).*")
# What `datasets` writes beside its data.
_ABOUT = {"state.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json"}


def splits_in(folder: Path, test: str) -> tuple[dict[str, list[Path]], tuple[str, ...]]:
    """The files of each split of a folder, under the names train, test and validation.

    A split is one file by its name, shards by NAME-00000-of-00002, or a folder of either. They are looked
    for in the folder itself, in its `data`, and in the one folder in it that has them, where a
    clone of the hub keeps them. A folder that holds one table in parts has a train split alone.

    Args:
        folder: To look in.
        test: What the split to test on is called.

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
            if test_files := _files(root, test, notes):
                found["test"] = test_files
            if test not in VALIDATION_NAMES:
                found |= _validation(root, notes)
            if root != folder:
                notes.append(f"its files were found in {root}")
            return found, tuple(notes)
    if parts := _one_table(folder, notes):
        return {"train": parts}, tuple(notes)
    held = excerpt(", ".join(sorted(path.name for path in folder.iterdir())))
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
    """The files of a split, in order; none where it is not there."""
    held = [
        path for path in sorted(root.iterdir()) if is_readable(path) and path.name not in _ABOUT
    ]
    single = [path for path in held if plain_stem(path) == split]
    shards = [
        path for path in held if (m := _SHARD.fullmatch(plain_stem(path))) and m["name"] == split
    ]
    folder = root / split
    inner = _one_table(folder, notes) if folder.is_dir() else []
    forms = [*([one] for one in single), *([shards] if shards else []), *([inner] if inner else [])]
    if len(forms) > 1:
        first, second = (form[0].relative_to(root) for form in forms[:2])
        raise DataError(
            f"{root}: split {split} is there twice, as {first} and as {second}; keep one of them"
        )
    if shards:
        check_shards(shards, split)
    return forms[0] if forms else []


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
    shards = [path for path in held if _SHARD.fullmatch(plain_stem(path))]
    if shards:
        names = {m["name"] for path in shards if (m := _SHARD.fullmatch(plain_stem(path)))}
        if len(names) > 1:
            return []
        if len(shards) < len(held):
            other = next(path for path in held if path not in shards)
            raise DataError(f"{folder}: {other.name} stands beside shards such as {shards[0].name}")
        shards.sort()
        check_shards(shards, folder.name)
        return shards
    parts = {path: _PART.fullmatch(path.name) for path in held}
    numbers = {path: int(m["number"]) for path, m in parts.items() if m}
    if held and len(numbers) == len(held):
        _check_formats(held, folder.name)
        if absent := sorted(set(range(max(numbers.values()) + 1)) - set(numbers.values())):
            notes.append(
                f"{folder.name}: part {', '.join(map(str, absent[:5]))} is not there, {len(held)} parts "
                "were read: see that none is lost"
            )
        return sorted(held, key=lambda path: (numbers[path], path.name))
    is_split = folder.name in ("train", "test", *VALIDATION_NAMES)
    if is_split and held and all(plain_stem(path).isdecimal() for path in held):
        _check_formats(held, folder.name)
        return sorted(held, key=lambda path: int(plain_stem(path)))
    return held if is_split and len(held) == 1 else []


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


def check_export(paths: Sequence[Path], split: str) -> None:
    """Refuse files of which some, by their names, are shards of another export, or not all there are.

    Args:
        paths: The files of a split.
        split: Its name, for messages.

    Raises:
        DataError: If they are not all of one export.
    """
    if shards := [path for path in paths if _SHARD.fullmatch(plain_stem(path))]:
        check_shards(shards, split)


def check_shards(paths: Sequence[Path], split: str) -> None:
    """Refuse shards of which one is missing, or there twice, or from another export.

    Args:
        paths: Named ...-NUMBER-of-TOTAL.
        split: What they are shards of, for messages.

    Raises:
        DataError: If they are not all of one export.
    """
    found = {path: m for path in paths if (m := _SHARD.fullmatch(plain_stem(path)))}
    totals = Counter(int(m["total"]) for m in found.values())
    if len(totals) > 1:
        first, second = (
            next(path.name for path, m in found.items() if int(m["total"]) == total)
            for total in sorted(totals)[:2]
        )
        raise DataError(
            f"{paths[0].parent}: {split}: {first} and {second} are of two exports: keep those of one"
        )
    _check_formats(paths, split)
    total, numbers = next(iter(totals)), Counter(int(m["number"]) for m in found.values())
    for number, count in numbers.items():
        if count > 1:
            first, second = [path.name for path, m in found.items() if int(m["number"]) == number][
                :2
            ]
            raise DataError(
                f"{paths[0].parent}: {split}: {first} and {second} are the same shard; keep one"
            )
    start = 0 if 0 in numbers or total not in numbers else 1
    width = len(next(iter(found.values()))["number"])
    absent = [n for n in range(start, start + total) if n not in numbers]
    if absent:
        listed = ", ".join(str(n).zfill(width) for n in absent[:10])
        raise DataError(
            f"{paths[0].parent}: {split}: {len(numbers)} of {total} shards are there, {listed} "
            f"{'is' if len(absent) == 1 else 'are'} missing; fetch the rest"
        )
    if odd := [n for n in numbers if not start <= n < start + total]:
        raise DataError(
            f"{paths[0].parent}: {split}: shard {odd[0]} of {total} cannot be; keep those of one export"
        )
    _check_different(paths, split)


def _check_formats(paths: Sequence[Path], split: str) -> None:
    by_format: Mapping[str, Path] = {format_suffix(path): path for path in paths}
    if len(by_format) > 1:
        first, second = [path.name for path in by_format.values()][:2]
        raise DataError(
            f"{paths[0].parent}: {split}: {first} and {second} differ in format: keep one export"
        )


def _check_different(paths: Sequence[Path], split: str) -> None:
    """Refuse two shards of the very same bytes: rows would be there twice."""
    sizes = Counter(path.stat().st_size for path in paths)
    seen: dict[bytes, Path] = {}
    for path in paths:
        if sizes[path.stat().st_size] > 1:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            if digest in seen:
                raise DataError(
                    f"{paths[0].parent}: {split}: {seen[digest].name} and {path.name} are the same bytes: "
                    "one shard is there twice; fetch them again"
                )
            seen[digest] = path


def shard_note(path: Path) -> tuple[str, ...]:
    """What to know of one file that is a shard of several."""
    found = _SHARD.fullmatch(plain_stem(path))
    if found is None or int(found["total"]) == 1:
        return ()
    return (
        f"{path.name} is one of {int(found['total'])} shards, the rest was not read; give its folder to "
        "read all",
    )

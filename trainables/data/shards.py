"""Shards and parts of one table: all there, each once, of one export and one format."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from trainables.data.streams import format_suffix, open_bytes, plain_stem
from trainables.errors import DataError

# NAME-00000-of-00002, with or without a digest behind.
SHARD = re.compile(r"(?P<name>.+)[-_](?P<number>\d+)[-_]of[-_](?P<total>\d+)([-_.][0-9a-f]+)?")
_UNFINISHED = (".crdownload", ".part", ".partial", ".tmp", ".incomplete", ".download", ".aria2")


def numbered_parts(numbers: Mapping[Path, tuple[int, str]], notes: list[str]) -> list[Path]:
    """Parts of one table in the order of their numbers, of which there may be gaps, but none twice.

    Args:
        numbers: Of each part, with what tells several of one number apart.
        notes: Where a gap is told.

    Raises:
        DataError: If a part is there twice, or in another format.
    """
    paths = sorted(numbers, key=lambda path: numbers[path])
    folder = paths[0].parent
    _check_formats(paths, folder.name)
    seen: dict[tuple[int, str], Path] = {}
    for path in paths:
        if numbers[path] in seen:
            raise DataError(
                f"{folder}: {seen[numbers[path]].name} and {path.name} are the same part; keep one"
            )
        seen[numbers[path]] = path
    _check_different(paths, folder.name)
    there = {number for number, _ in numbers.values()}
    if absent := sorted(set(range(min(1, *there) if there else 0, max(there) + 1)) - there):
        notes.append(
            f"{folder.name}: part {', '.join(map(str, absent[:5]))} is not there, {len(paths)} parts were "
            "read: see that none is lost"
        )
    return paths


def check_unfinished(folder: Path) -> None:
    """Refuse a folder in which a download has not ended.

    Raises:
        DataError: If there is such a file.
    """
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _UNFINISHED:
            raise DataError(
                f"{folder}: {path.name} is an unfinished download: let it end, or remove it"
            )


def shard_number(path: Path) -> int:
    """The number in a shard's name; 0 where there is none."""
    found = SHARD.fullmatch(plain_stem(path))
    return int(found["number"]) if found else 0


def check_export(paths: Sequence[Path], split: str) -> None:
    """Refuse files of which some, by their names, are shards of another export, or not all there are.

    Args:
        paths: The files of a split.
        split: Its name, for messages.

    Raises:
        DataError: If they are not all of one export.
    """
    if shards := [path for path in paths if SHARD.fullmatch(plain_stem(path))]:
        check_shards(shards, split)


def check_shards(paths: Sequence[Path], split: str) -> None:
    """Refuse shards of which one is missing, or there twice, or from another export.

    Args:
        paths: Named ...-NUMBER-of-TOTAL.
        split: What they are shards of, for messages.

    Raises:
        DataError: If they are not all of one export.
    """
    found = {path: m for path in paths if (m := SHARD.fullmatch(plain_stem(path)))}
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


def _is_empty(path: Path) -> bool:
    """Whether a file holds no rows: such shards are all the same."""
    try:
        if path.suffix.lower() == ".parquet":
            return bool(pq.ParquetFile(path).metadata.num_rows == 0)
        with open_bytes(path) as file:
            return format_suffix(path) in (".csv", ".tsv") and len([*islice(file, 2)]) < 2
    except (OSError, pa.ArrowException, DataError):
        return False  # reading it tells what is wrong


def _check_different(paths: Sequence[Path], split: str) -> None:
    """Refuse two shards of the very same bytes: rows would be there twice."""
    paths = [path for path in paths if not _is_empty(path)]
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
    found = SHARD.fullmatch(plain_stem(path))
    if found is None or int(found["total"]) == 1:
        return ()
    return (
        f"{path.name} is one of {int(found['total'])} shards, the rest was not read; give its folder to "
        "read all",
    )

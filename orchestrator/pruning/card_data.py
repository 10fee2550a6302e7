"""The YAML that opens a card: what the hub and `datasets` read of it."""

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from analysis.markdown import one_line
from analysis.pruned_files import PrunedFile, PruneRecord
from orchestrator.pruning.source_card import SourceCard
from trainables.data.rewriting_images import LISTED

_TAGS = ("prune-envelope", "data-pruning", "coreset")
_COMPRESSED = (".gz", ".zst")
# Which of its readers `datasets` takes for a file's ending: one for all files that a card lists.
_READERS = {
    ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet",
    ".arrow": "arrow", LISTED: "imagefolder",
}  # fmt: skip
# An empty cell alone is missing: the text NA is a text.
_CSV_READING = {"sep": ",", "keep_default_na": False, "na_values": [""]}
# Sizes as the hub names them, and the rows from which on the next one holds.
_SIZES = (
    ("n<1K", 10**3), ("1K<n<10K", 10**4), ("10K<n<100K", 10**5), ("100K<n<1M", 10**6),
    ("1M<n<10M", 10**7), ("10M<n<100M", 10**8), ("100M<n<1B", 10**9), ("1B<n<10B", 10**10),
    ("10B<n<100B", 10**11), ("100B<n<1T", 10**12),
)  # fmt: skip
_NO_LICENSE = "# license: none is known, so this is for private use; push it with --license NAME\n"
# Learners of text alone; of others what they are trained on may be no text.
_ON_TEXT = ("text", "tiny")


class _Quoted(str):
    """A text that is written in quotes: readers of YAML disagree on what yes, 1e3 or null are."""


class _Writer(yaml.SafeDumper):  # type: ignore[misc] # the library has no types
    """Writes such texts."""


_Writer.add_representer(
    _Quoted, lambda writer, text: writer.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def card_data(record: PruneRecord, about: SourceCard) -> str:
    """The front matter of a card, with its lines of dashes."""
    licenses = [*about.licenses]
    values: dict[str, Any] = {
        "pretty_name": f"{one_line(record.dataset)}, pruned",
        "license": licenses[0] if len(licenses) == 1 else licenses,
        "license_name": about.license_name,
        "license_link": about.license_link,
        "language": [*about.languages],
        "size_categories": [_size(sum(file.rows for file in tables_of(record)))],
        "source_datasets": [_repo(record.hub_source)] if record.hub_source else [],
        "task_categories": _tasks(record),
        "tags": [*_TAGS],
        "configs": _configs(record),
    }
    text = yaml.dump(
        _quoted({name: value for name, value in values.items() if value}),
        Dumper=_Writer, sort_keys=False, allow_unicode=True, width=10**9,
    )  # fmt: skip
    return f"---\n{text}{'' if licenses else _NO_LICENSE}---\n"


def tables_of(record: PruneRecord) -> list[PrunedFile]:
    """The files that are tables, and not vectors beside one."""
    return [file for file in record.files if file.is_table]


def has_own_configs(record: PruneRecord) -> bool:
    """Whether splits are read each in a way of its own, so that one configuration cannot have them all."""
    ways = [_reading(file) for file in _listed(record)]
    return any(way != ways[0] for way in ways)


def reader_of(file: PrunedFile) -> str:
    """The reader of `datasets` for a file; empty where it has none."""
    return _READERS.get(_suffix(file), "")


def read_apart(record: PruneRecord) -> list[PrunedFile]:
    """Tables that the reader of the training split does not read: a card can list them nowhere."""
    listed = _listed(record)
    return [file for file in tables_of(record) if file not in listed]


def _listed(record: PruneRecord) -> list[PrunedFile]:
    tables = tables_of(record)
    return [file for file in tables if reader_of(file) == reader_of(tables[0])]


def _reading(file: PrunedFile) -> dict[str, Any]:
    return {**(_CSV_READING if reader_of(file) == "csv" else {}), **file.reading}


def _suffix(file: PrunedFile) -> str:
    path = PurePosixPath(file.path)
    return PurePosixPath(path.stem).suffix if path.suffix in _COMPRESSED else path.suffix


def _configs(record: PruneRecord) -> list[dict[str, Any]]:
    """Which files are which split, and how they are read; no other file is ever taken for one."""
    files: dict[str, list[PrunedFile]] = {}
    for file in _listed(record):
        files.setdefault(file.split, []).append(file)
    entries = [
        {"split": split, "path": _path(own[0]) if len(own) == 1 else [one.path for one in own]}
        for split, own in files.items()
    ]
    told = {"description": _content(record)}
    if not has_own_configs(record):
        return [_config("default", entries, next(iter(files.values()))[0]) | told]
    return [
        _config(entry["split"], [entry], own[0]) | told
        for entry, own in zip(entries, files.values(), strict=True)
    ]


def _path(file: PrunedFile) -> str:
    """What a split is read from: of a list of images the folder beside it."""
    listed = reader_of(file) == "imagefolder"
    return f"{file.path.removesuffix(LISTED)}/**" if listed else file.path


def _content(record: PruneRecord) -> str:
    """What is in the files, so that `datasets` does not take those of another folder for them.

    It keeps what it read under a folder's last name and the configurations of its card.
    """
    of_all = hashlib.sha256("".join(file.sha256 for file in record.files).encode()).hexdigest()
    return f"list {record.hash}, content {of_all[:12]}"


def _config(name: Any, entries: list[dict[str, Any]], file: PrunedFile) -> dict[str, Any]:
    is_first = {"default": True} if name in ("default", "train") else {}
    return {"config_name": name, "data_files": entries, **is_first, **_reading(file)}


def _quoted(value: Any) -> Any:
    """The same with every text in quotes, but for names of keys."""
    if isinstance(value, Mapping):
        return {name: _quoted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_quoted(one) for one in value]
    return _Quoted(value) if isinstance(value, str) else value


def _size(rows: int) -> str:
    return next((name for name, below in _SIZES if rows < below), "n>1T")


def _repo(hub_source: str) -> str:
    return hub_source.rpartition("@")[0].partition(":")[0]


def _tasks(record: PruneRecord) -> list[str]:
    is_known = record.classes and record.spec.learner in _ON_TEXT
    return ["text-classification"] if is_known else []

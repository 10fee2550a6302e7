"""Which files of a repository on the hub make which split, by its card or by their names."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from trainables.data.columns import excerpt
from trainables.data.readers import FORMATS
from trainables.data.streams import format_suffix
from trainables.data.yaml_text import card_values
from trainables.errors import DataError, UsageError
from trainables.suggestions import did_you_mean

CARD = "README.md"
SHOWN_CONFIGS = 20
# What a card may say of a config that does not change how its files are read.
_HARMLESS = {"config_name", "data_files", "data_dir", "default", "version", "description"}
# The words by which the hub tells splits apart, and what stands around them, are those of
# datasets.data_files (5.2); here they count in capitals, too.
_WORDS = {
    "train": "train|training",
    "validation": "validation|valid|dev|val",
    "test": "test|testing|eval|evaluation",
}
_SEPARATOR = "[-._ 0-9]"
_SHARD = re.compile(r"data/(\w+(?:\.\w+)*)-\d{5}-of-\d{5}[^/]*\.[^/]*")
_EXPORTED = re.compile(r"([^/]+)/([^/]+)/\d{4}\.parquet")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The files of one config.

    Attributes:
        config: Its name, or empty where the repository has no configs.
        splits: Files of each split, paths in the repository, by the hub's name of the split.
        class_names: Names of the classes by column, as the card gives them.
        notes: What was chosen for the person, a sentence each.
    """

    config: str
    splits: Mapping[str, tuple[str, ...]]
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def layout_of(paths: Sequence[str], card: str, config: str, where: str) -> Layout:
    """The splits of a config and the files of each.

    Args:
        paths: Every file of the repository.
        card: Text of its README.md, or empty.
        config: The config asked for, or empty for the only one or the card's default.
        where: owner/name, for messages.

    Raises:
        DataError: If no file can be read, or the card cannot.
        UsageError: If the config is not known, or several are and none is named.
    """
    about = _front_matter(card, where)
    seen = [path for path in paths if not _is_hidden(path)]
    configs = _configs(about, where) or _exported(seen)
    chosen, notes = _chosen(configs, config, where)
    if chosen is None:
        every, found = _by_name([path for path in seen if _format(path)])
        notes += [found] if found else []
    else:
        every, unused = dict(_by_card(chosen, seen)), sorted(set(chosen) - _HARMLESS)
        if unused:
            notes.append(
                f"its card also gives {excerpt(', '.join(unused))}, which is not used here"
            )
    splits: dict[str, tuple[str, ...]] = {}
    for split, files in every.items():
        kept, suffix = _one_format(files)
        splits[split] = kept
        if len(kept) < len(files):
            left = len(files) - len(kept)
            notes.append(
                f"{split}: the {suffix} files are read; {left} of another format left aside"
            )
    if not splits:
        kinds = Counter(PurePosixPath(path).suffix or path for path in seen)
        there = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common(5)) or "no file"
        raise DataError(
            f"{where}: no file of a kind that is read ({', '.join(FORMATS)}); it holds {there}. Where "
            f"the hub has made a Parquet copy, {where}@refs/convert/parquet asks for it"
        )
    name = str(chosen["config_name"]) if chosen else ""
    return Layout(
        config=name, splits=splits, class_names=_class_names(about, name), notes=tuple(notes)
    )


def split_files(layout: Layout, split: str, where: str) -> tuple[str, ...]:
    """The files of one split.

    Raises:
        DataError: If its files are of a kind that is not read, or there are none.
    """
    files = layout.splits[split]
    if not files:
        raise DataError(f"{where}: its card names files for {split} that are not in the repository")
    if not _format(files[0]):
        raise DataError(
            f"{where}: {split} is there as {excerpt(PurePosixPath(files[0]).name)}, which is not "
            f"read; read are {', '.join(FORMATS)}. Where the hub has made a Parquet copy, "
            f"{where}@refs/convert/parquet asks for it"
        )
    return files


def _is_hidden(path: str) -> bool:
    """Whether the hub counts no such file as data."""
    parts = PurePosixPath(path).parts
    return any(part.startswith((".", "__")) for part in parts) or parts[-1] == CARD


def _format(path: str) -> str:
    """The row of FORMATS that reads a file; empty where none does."""
    suffix = format_suffix(PurePosixPath(path))
    return suffix if suffix in FORMATS else ""


def _front_matter(card: str, where: str) -> dict[str, Any]:
    """The YAML that opens a card; empty where there is none."""
    found = re.match(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", card, re.DOTALL)
    if not found:
        return {}
    try:
        about = card_values(found[1])
    except UsageError as error:
        raise DataError(
            f"{where}: the YAML of its README.md cannot be read ({error}); "
            "download its files and name one of them"
        ) from error
    return about if isinstance(about, dict) else {}


def _configs(about: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    configs = about.get("configs") or []
    if not isinstance(configs, list) or not all(
        isinstance(config, dict) and "config_name" in config for config in configs
    ):
        raise DataError(
            f"{where}: configs in its README.md is {excerpt(configs)}, not a list of config_name and "
            "data_files; download its files and name one of them"
        )
    return configs


def _exported(paths: Iterable[str]) -> list[dict[str, Any]]:
    """The configs of the hub's own Parquet copy: CONFIG/SPLIT/0000.parquet and no other file."""
    found = [_EXPORTED.fullmatch(path) for path in paths]
    configs: dict[str, dict[str, list[str]]] = {}
    for match in found:
        if match is None:
            return []
        configs.setdefault(match[1], {}).setdefault(match[2], []).append(match[0])
    return [
        {
            "config_name": name,
            "data_files": [{"split": split, "path": files} for split, files in splits.items()],
        }
        for name, splits in configs.items()
    ]


def _chosen(
    configs: Sequence[dict[str, Any]], asked: str, where: str
) -> tuple[dict[str, Any] | None, list[str]]:
    """The config asked for, else the only one, else the card's default; None where there are none."""
    named = {str(config["config_name"]): config for config in configs}
    shown = ", ".join(list(named)[:SHOWN_CONFIGS])
    shown += f" and {len(named) - SHOWN_CONFIGS} more" if len(named) > SHOWN_CONFIGS else ""
    if asked in named:
        return named[asked], []
    if asked:
        there = f"its configs are {shown}" if named else f"it has none: ask for {where}"
        raise UsageError(
            f"{where}: no config {excerpt(asked)}; {there}.{did_you_mean(asked, named)}"
        )
    if len(named) <= 1:
        return next(iter(named.values()), None), []
    usual = [name for name, config in named.items() if config.get("default") is True]
    usual = usual or [name for name in named if name == "default"]
    if not usual:
        raise UsageError(
            f"{where}: it has {len(named)} configs, {shown}; name one, as in {where}:{next(iter(named))}"
        )
    return named[usual[0]], [f"config {usual[0]} of {shown} is read, the default of its card"]


def _by_card(config: Mapping[str, Any], paths: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Splits and their files by the patterns of a card."""
    folder = str(config.get("data_dir") or "").strip("./")
    inside = [path for path in paths if not folder or path.startswith(f"{folder}/")]
    patterns = config.get("data_files")
    if patterns is None:
        stored, _ = _by_name([path for path in inside if _format(path)])
        yield from stored.items()
        return
    entries = patterns if isinstance(patterns, list) else [patterns]
    splits: dict[str, list[str]] = {}
    for entry in entries:
        split, stated = (
            (entry.get("split", "train"), entry.get("path", []))
            if isinstance(entry, dict)
            else ("train", entry)
        )
        for pattern in stated if isinstance(stated, list) else [stated]:
            whole = "/".join(filter(None, [folder, str(pattern).removeprefix("./")]))
            matches = re.compile(_expression(whole)).fullmatch
            splits.setdefault(str(split), []).extend(
                path for path in sorted(paths) if matches(path)
            )
    for split, files in splits.items():
        yield split, list(dict.fromkeys(files))


def _expression(pattern: str) -> str:
    """A glob of a card as a regular expression: * stays in its folder, ** goes below."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])", pattern)
    plain = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        plain.get(part) or (part.replace("[!", "[^") if i % 2 else re.escape(part))
        for i, part in enumerate(parts)
    )


def _by_name(paths: Sequence[str]) -> tuple[dict[str, list[str]], str]:
    """Splits and their files by the words in their paths, and what is to be said of it."""
    splits: dict[str, list[str]] = {}
    for path in sorted(paths):
        if found := _SHARD.fullmatch(path):
            splits.setdefault(found[1], []).append(path)
    if splits:
        return splits, ""
    edge = f"(?:[^/]*{_SEPARATOR})?"
    for form in (f"(?:.*/)?{edge}(?:%s)(?:{_SEPARATOR}[^/]*)?/.*",
                 f"(?:.*/)?{edge}(?:%s){_SEPARATOR}[^/]*"):  # fmt: skip
        for split, words in _WORDS.items():
            matches = re.compile(form % words, re.IGNORECASE).fullmatch
            if files := [path for path in sorted(paths) if matches(path)]:
                splits[split] = files
        if splits:
            return splits, ""
    if not paths:
        return {}, ""
    note = f"its card and file names tell no splits apart: {len(paths)} files are read as train"
    return {"train": sorted(paths)}, note if len(paths) > 1 else ""


def _one_format(files: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The files of the commonest format that is read, as the hub does, and that format."""
    order = list(FORMATS)
    counts = Counter(suffix for path in files if (suffix := _format(path)))
    if not counts:
        return tuple(files), ""
    best = max(counts, key=lambda suffix: (counts[suffix], -order.index(suffix)))
    return tuple(path for path in files if _format(path) == best), best


def _class_names(about: Mapping[str, Any], config: str) -> dict[str, tuple[str, ...]]:
    """Class names by column from the dataset_info of a card."""
    infos = about.get("dataset_info") or []
    infos = [
        info for info in (infos if isinstance(infos, list) else [infos]) if isinstance(info, dict)
    ]
    fitting = [
        info for info in infos if info.get("config_name", "default") == (config or "default")
    ]
    found = {}
    for info in fitting or (infos if len(infos) == 1 else []):
        for feature in info.get("features") or []:
            kind = feature.get("dtype") if isinstance(feature, dict) else None
            label = kind.get("class_label") if isinstance(kind, dict) else None
            names = label.get("names") if isinstance(label, dict) else None
            if isinstance(names, dict):  # {'0': neg, '1': pos}
                by_number = {str(number): name for number, name in names.items()}
                names = [by_number.get(str(k)) for k in range(len(names))]
            if names and None not in names:
                found[str(feature.get("name"))] = tuple(str(name) for name in names)
    return found

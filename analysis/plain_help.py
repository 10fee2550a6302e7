"""The help of a command as text: every name whole on any terminal, what it means beside or below it."""

from collections.abc import Iterable, Iterator
from typing import Any

from analysis.flowed_text import wrapped

# In less than that the meaning stands below the name.
_TWO_COLUMNS = 76
# Names up to so many letters have their meaning beside them.
_NAMES = 30
_WIDEST = 110


def help_lines(command: Any, context: Any, width: int) -> Iterator[tuple[str, str]]:
    """The help of a command, line by line, each with the style of its first part.

    Args:
        command: Of typer.
        context: As it is called.
        width: Of the terminal; no line is longer, but for commands to copy.

    Yields:
        Text and style: "title", "name" (up to two spaces and more) or "".
    """
    width = min(width, _WIDEST)
    yield from _styled(wrapped(command.get_usage(context), width, later="         "))
    yield "", ""
    yield from _styled(wrapped(command.help or "", width))
    boxes = _boxes(command, context)
    lengths = (len(name) for rows in boxes.values() for name, _ in rows)
    column = 4 + max(length for length in lengths if length <= _NAMES)
    for title, rows in boxes.items():
        yield "", ""
        yield f"{title}:", "title"
        for name, about in rows:
            yield from _entry(name, about, width, column)
    for block in (command.epilog or "").split("\n\n"):
        if block:
            yield "", ""
            yield from _block(block, width)


def _styled(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((line, "") for line in lines)


def _block(block: str, width: int) -> Iterator[tuple[str, str]]:
    """A part of an epilog: lines that are set in are commands to copy, and stay as they are."""
    for line in block.splitlines():
        if line.startswith(" "):
            yield line, ""
        elif line.endswith(":"):
            yield line, "title"
        else:
            yield from _styled(wrapped(line, width))


def _boxes(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Arguments, options and commands by their titles: name and meaning of each."""
    found: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for one in command.get_params(context):
        if getattr(one, "hidden", False):
            continue
        usual = "Arguments" if one.param_type_name == "argument" else "Options"
        title = getattr(one, "rich_help_panel", None) or usual
        found.setdefault(title, []).append((_name(one), _about(one)))
    for name, inner in getattr(command, "commands", {}).items():
        title = getattr(inner, "rich_help_panel", None)
        title = title if isinstance(title, str) else "Commands"
        found.setdefault(title, []).append((name, inner.get_short_help_str(10_000)))
    # What every command has stands last.
    return {title: rows for title in _last(found, "Options") if (rows := found[title])}


def _last(found: Iterable[str], title: str) -> list[str]:
    return [*(one for one in found if one != title), title]


def _name(one: Any) -> str:
    if one.param_type_name == "argument":
        return str(one.metavar or one.name.upper())
    # -n before --dry-run.
    names = sorted(one.opts, key=lambda text: text.startswith("--"))
    name = " / ".join([", ".join(names), *one.secondary_opts])
    return name if one.is_flag else f"{name} {one.metavar or 'VALUE'}"


def _about(one: Any) -> str:
    """What it means, and what holds without it."""
    told = [one.help or ""]
    shown = one.show_default if isinstance(one.show_default, str) else _written(one.default)
    if shown and not one.is_flag and "Default:" not in told[0] and not one.required:
        told.append(f"Default: {shown}.")
    return " ".join(filter(None, told))


def _written(default: Any) -> str:
    if default is None or callable(default) or default in ("", ()) or isinstance(default, list):
        return ""
    return str(getattr(default, "value", default))


def _entry(name: str, about: str, width: int, column: int) -> Iterator[tuple[str, str]]:
    """A name, and what it means in a column beside it, or below it where there is no room."""
    if width < _TWO_COLUMNS:
        column = 6
    lines = wrapped(about, width, first=" " * column)
    if lines and len(name) + 4 <= column:
        yield f"  {name}".ljust(column) + lines.pop(0).lstrip(), "name"
    else:
        yield f"  {name}", "name"
    yield from _styled(lines)

"""Lists of a flag, a YAML file or --set by commas: which comma stands between two entries."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from trainables.errors import UsageError
from trainables.written_numbers import NUMBER

# A setting of a signal or selector; what else stands behind a comma begins another signal.
_SETTING = re.compile(r"\s*[A-Za-z_]\w*=")


def entries_of(name: str, text: str, origin: str) -> list[str]:
    """What a text holds, entry by entry: the text alone where its commas separate nothing.

    Args:
        name: The field of the flag.
        text: As written.
        origin: Where, for the message.

    Raises:
        UsageError: If an entry is empty, a number stands where a signal should, or a comma stands for a point.
    """
    from trainables.data.columns import excerpt

    if "," not in text or name not in _SPLIT:
        return [text]
    entries = [entry.strip() for entry in _SPLIT[name](text)]
    if "" in entries:
        raise UsageError(f"{origin}: {excerpt(text)} has an empty entry; leave that comma out")
    if name in _SHARES and re.fullmatch(r"\d+,\d+", text):
        raise UsageError(
            f"{origin}: {excerpt(text)} is two numbers; a share is written with a point, as in {text.replace(',', '.')}"
        )
    if name == "signal" and (wrong := [one for one in entries if re.fullmatch(NUMBER, one)]):
        raise UsageError(
            f"{origin}: {excerpt(wrong[0])} in {excerpt(text)} is no signal; a setting is written NAME=VALUE, as in "
            "redundancy,k=5"
        )
    return entries


def _by_commas(text: str) -> list[str]:
    return text.split(",")


def _signals(text: str) -> list[str]:
    """Signals with their settings: a comma before NAME=VALUE belongs to the signal before it."""
    entries: list[str] = []
    for part in text.split(","):
        if entries and _SETTING.match(part):
            entries[-1] += f",{part.strip()}"
        else:
            entries.append(part)
    return entries


def _paths(text: str) -> list[str]:
    """Names and paths: the longest part that is there as a file or folder is one entry, commas and all."""
    return list(_longest_there(text.split(",")))


def _longest_there(parts: list[str]) -> Iterator[str]:
    while parts:
        ends = range(len(parts), 1, -1)
        many = next((end for end in ends if _is_there(",".join(parts[:end]))), 1)
        yield ",".join(parts[:many])
        parts = parts[many:]


def _is_there(path: str) -> bool:
    try:
        return Path(path.strip()).exists()
    except (OSError, ValueError):  # such as a name that is too long for any file
        return False


_SHARES = ("warmup", "rate")
# Names and columns of the user's own may hold commas: those flags are repeated. --size reads its own.
_SPLIT: Mapping[str, Callable[[str], list[str]]] = {
    "dataset": _paths,
    "scores": _paths,
    "signal": _signals,
    "warmup": _by_commas,
    "rate": _by_commas,
    "seed": _by_commas,
    "guard": _by_commas,
    "track": _by_commas,
}

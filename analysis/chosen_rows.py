"""Which rows of a table are asked for: of one data set, one warm-up, one rate."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

from analysis.wording import percent
from trainables.errors import UsageError
from trainables.plain_text import printable
from trainables.suggestions import did_you_mean
from trainables.written_numbers import real_number


def _shares(texts: list[str] | None) -> list[float] | None:
    """Shares as they were typed, one by one or with commas between them."""
    return [_share(part.strip()) for text in texts or () for part in text.split(",")] or None


def _share(text: str) -> float:
    try:
        found = real_number(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; give a share such as 0.1") from None
    if not 0 <= found <= 1:
        near = f"; did you mean {found / 100:g}?" if 1 < found <= 100 else ""
        raise typer.BadParameter(f"{text} is not from 0 to 1{near}")
    return found


# Flags of a command that prints tables, by the column that they look at.
ONLY_FLAGS: dict[str, Any] = {
    "dataset": Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Rows of this data set alone. Several: by commas, or repeated.",
            show_default="all",
        ),
    ],
    "warmup": Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE",
            callback=_shares,
            help="Rows of this warm-up alone, a share such as 0.15. Several: by commas, or repeated.",
            show_default="all",
        ),
    ],
    "rate": Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE",
            callback=_shares,
            help="Rows of this share removed alone, such as 0.1. Several: by commas, or repeated.",
            show_default="all",
        ),
    ],
}
Only = Mapping[str, Sequence[str | float] | None]


def chosen_rows(
    what: str, rows: Iterable[Mapping[str, Any]], only: Only
) -> list[Mapping[str, Any]]:
    """The rows that are asked for; numbers in them are as if all were printed.

    Args:
        what: The table's name.
        rows: All its rows.
        only: By column the values asked for; None or nothing for all.

    Raises:
        UsageError: If the table has no such column, or no row such a value.
    """
    found = [*rows]
    for name, values in only.items():
        if not values or not found:
            continue
        if name not in found[0]:
            raise UsageError(f"--{name}: the table {what} has no column {name}")
        known = [row[name] for row in found]
        wanted = asked_values(values, known)
        for value in wanted:
            check_there(f"--{name}", value, known)
        found = [row for row in found if row[name] in wanted]
    return found


def asked_values(values: Sequence[str | float], known: Collection[Any]) -> list[str | float]:
    """What is asked for, one by one: a text that is no name itself may be several, by commas."""
    return [
        one
        for value in values
        for one in (value.split(",") if isinstance(value, str) and value not in known else (value,))
    ]


def check_there(flag: str, value: str | float, known: Iterable[Any]) -> None:
    """Refuse a value that nothing has.

    Raises:
        UsageError: With what there is.
    """
    there = [*dict.fromkeys(one for one in known if one is not None)]
    if value in there:
        return
    if isinstance(value, str):
        names = [printable(str(one), lines=False) for one in there]
        near = did_you_mean(value, names)
        raise UsageError(f"{flag} {printable(value)}: there are {', '.join(names[:20])}.{near}")
    shares = ", ".join(f"{one:g}" for one in sorted(there)[:20])
    near = f"; did you mean {value / 100:g}?" if value / 100 in there else ""
    raise UsageError(f"{flag} {value:g} ({percent(value)}): there are {shares}{near}")

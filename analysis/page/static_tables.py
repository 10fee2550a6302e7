"""Tables as HTML for a reader who runs no script, in few bytes: a browser that runs ours does not build them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby, starmap
from typing import Any

from markupsafe import Markup

from trainables.plain_text import printable


def cell_text(value: str | float | None, form: str) -> str:
    """A cell as the page shows it, as figures.js writes it; `form` as in `PageTable.formats`."""
    if value is None or isinstance(value, str):
        return value or ""
    if form == "%":
        text = f"{100 * value:.2f}".rstrip("0").rstrip(".") + "%"
    elif form == ",":
        text = f"{value:,.3f}".rstrip("0").rstrip(".")
    elif form:
        text = f"{'+' if form[0] == '+' and value > 0 else ''}{value:.{form[-1]}f}"
    else:
        small = 0 < abs(value) < 1e-4  # which Python alone would write with an exponent
        text = f"{value:.15f}".rstrip("0") if small else f"{value:.15g}"
    return text.replace("-", "−")


def static_table(
    table: Mapping[str, Any], told: Callable[[str], str] = str, *, shared: Sequence[str] = ()
) -> Markup:
    """A table as HTML without what the parser closes by itself.

    Args:
        table: Columns, rows and formats of a `PageTable`.
        told: How texts are told.
        shared: Columns whose cells are one where rows below each other agree on all of them; numbers are
            then not marked to stand right.
    """
    forms = [*table["formats"], *[""] * (len(table["columns"]) - len(table["formats"]))]

    def text_of(text: str) -> str:
        return escape(told(printable(text)), quote=False)

    def cell(value: Any, form: str, of: str = "") -> str:
        if isinstance(value, str) or value is None:
            return f"<td{of}>{text_of(value or '')}"
        return f"<td{of if shared else ' class=num'}>{cell_text(value, form)}"

    def head(place: int, name: str) -> str:
        is_number = not shared and any(isinstance(row[place], int | float) for row in table["rows"])
        return f'<th scope="col"{" class=num" if is_number else ""}>{text_of(name)}'

    heads = "".join(starmap(head, enumerate(table["columns"])))
    places = [place for place, name in enumerate(table["columns"]) if name in shared]

    def lines() -> Iterator[str]:
        for _, group in groupby(table["rows"], key=lambda row: [row[place] for place in places]):
            rows = list(group)
            for number, row in enumerate(rows):
                own = [
                    cell(value, form, f" rowspan={len(rows)}" if place in places else "")
                    for place, (value, form) in enumerate(zip(row, forms, strict=True))
                    if not (number and place in places)
                ]
                yield f"<tr>{''.join(own)}\n"

    # Our own tags, and texts that were escaped above.
    html = f"<table><thead><tr>{heads}<tbody>\n{''.join(lines())}</table>"
    return Markup(html)  # noqa: S704

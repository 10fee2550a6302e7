"""What every page is made of: templates, style sheet, scripts and the data they read."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis.page.static_tables import static_table
from analysis.wording import cut_in_middle
from trainables.plain_text import printable

_FOLDER = Path(__file__).parent
# In the order in which they hold: what is narrow or printed has the last word.
# What draws figures, lets their variants be chosen and saves them: of every page, in this order.
FIGURE_SCRIPTS = ("narrow.js", "pictures.js", "figures.js")
# From so many variants on a field beside the list narrows it.
_MANY = 13
# So many characters of a name say which it is.
_LONGEST = 60
_SHEETS = (
    "base.css",
    "answer.css",
    "tables.css",
    "board.css",
    "sections.css",
    "narrow_and_print.css",
)


def open_templates(told: Callable[[str], str] = str, names: Iterable[str] = ()) -> Environment:
    """Templates of this folder, all that they are given escaped.

    Args:
        told: How texts are told.
        names: What the filter `cut` shortens where it occurs in a text, its whole in a tooltip.
    """
    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=partial(_visible, told=told),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["static"] = partial(static_table, told=told)
    long = {name: cut_in_middle(name, _LONGEST) for name in names if len(name) > _LONGEST}
    templates.filters["cut"] = partial(_cut, long=long, told=told)
    return templates


def _cut(text: Any, long: Mapping[str, str], told: Callable[[str], str]) -> Any:
    """A text in which no name fills the page."""
    found = [name for name in long if isinstance(text, str) and name in text]
    if not found:
        return text
    # The longest first: one name may begin with another.
    pattern = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
    short = re.sub(pattern, lambda name: long[name[0]], text)
    whole, short = _visible(text, told), _visible(short, told)
    return Markup('<span title="{}">{}</span>').format(whole, short)


def _visible(value: Any, told: Callable[[str], str]) -> Any:
    """The same, every text in it printable: what is marked as safe is ours."""
    if isinstance(value, str):
        return value if isinstance(value, Markup) else told(printable(value))
    # Numbers are most of what a page is given.
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {_visible(name, told): _visible(one, told) for name, one in value.items()}
    return [_visible(one, told) for one in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, kw_only=True)
class ChoiceGroups:
    """What a reader can choose of a figure.

    Attributes:
        groups: Variants under their headings, in their order; one heading alone is none.
        is_searched: Whether they are so many that a field narrows them.
    """

    groups: list[tuple[str, list[dict[str, Any]]]]
    is_searched: bool


def in_groups(variants: Iterable[dict[str, Any]]) -> ChoiceGroups:
    """The variants of a figure under their headings."""
    by_group: dict[str, list[dict[str, Any]]] = {}
    for variant in variants:
        by_group.setdefault(variant["group"], []).append(variant)
    many = sum(map(len, by_group.values())) >= _MANY
    if len(by_group) == 1:
        return ChoiceGroups(groups=[("", next(iter(by_group.values())))], is_searched=many)
    return ChoiceGroups(groups=list(by_group.items()), is_searched=many)


def page_style() -> Markup:
    """The style sheet of every page."""
    sheets = ((_FOLDER / "styles" / name).read_text(encoding="utf-8") for name in _SHEETS)
    return Markup("".join(sheets))  # noqa: S704


def style_without_script() -> Markup:
    """What is hidden and shown where no script runs."""
    return Markup((_FOLDER / "styles" / "without_script.css").read_text(encoding="utf-8"))  # noqa: S704


def page_links() -> dict[str, str]:
    """Where to read more, by name, as the package declares it."""
    told = metadata("prune-envelope").get_all("Project-URL") or []
    return dict(one.split(", ", 1) for one in told)


def page_scripts(*names: str) -> list[str]:
    """Files of ours, in order."""
    return [(_FOLDER / "scripts" / name).read_text(encoding="utf-8") for name in names]


@cache
def packed_plotly() -> tuple[Markup, str]:
    """Plotly as the page carries it, a third of its size, and the name that lets it run once it is unpacked."""
    script = get_plotlyjs()
    return Markup(_packed(script)), script_hash(script)  # noqa: S704


def script_hash(script: str) -> str:
    """The name a content security policy gives an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def as_island(values: Any, told: Callable[[str], str] = str) -> str:
    """JSON, gzipped, in base64: a tenth of its size, and no HTML parser finds a tag in it.

    Args:
        values: Plain values.
        told: How the texts among them are told.

    Raises:
        ValueError: If values holds NaN or an infinity.
    """
    text = json.dumps(
        _visible(values, told), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return _packed(text)


def _packed(text: str) -> str:
    # No time of day inside: equal rows give an equal page.
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()

"""What every page is made of: templates, style sheet, scripts and the data they read."""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from trainables.plain_text import printable

_FOLDER = Path(__file__).parent
# In the order in which they hold: what is narrow or printed has the last word.
_SHEETS = (
    "base.css",
    "answer.css",
    "tables.css",
    "board.css",
    "sections.css",
    "narrow_and_print.css",
)


def open_templates() -> Environment:
    """Templates of this folder, all that they are given escaped."""
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible(value: Any) -> Any:
    """The same, every text in it printable: what is marked as safe is ours."""
    if isinstance(value, str):
        return value if isinstance(value, Markup) else printable(value)
    if isinstance(value, Mapping):
        return {_visible(name): _visible(one) for name, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, list | tuple) else value


def page_style() -> Markup:
    """The style sheet of every page."""
    sheets = ((_FOLDER / "styles" / name).read_text(encoding="utf-8") for name in _SHEETS)
    return Markup("".join(sheets))  # noqa: S704


def page_scripts(*names: str) -> list[str]:
    """Plotly, and files of ours in order."""
    own = ((_FOLDER / "scripts" / name).read_text(encoding="utf-8") for name in names)
    return [get_plotlyjs(), *own]


def script_hash(script: str) -> str:
    """The name a content security policy gives an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def as_island(values: Any) -> str:
    """JSON, gzipped, in base64: a tenth of its size, and no HTML parser finds a tag in it.

    Raises:
        ValueError: If values holds NaN or an infinity.
    """
    text = json.dumps(_visible(values), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # No time of day inside: equal rows give an equal page.
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()

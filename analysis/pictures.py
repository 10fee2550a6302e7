"""Pictures for papers: a Plotly figure as SVG, and an SVG as PDF or PNG, by a browser that is installed."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from trainables.errors import AbsentError, UnavailableError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

# The browser's own, first of those that others name by the same variable.
_VARIABLE = "BROWSER_PATH"
_NAMES = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "chrome",
    "msedge",
)
_INSTALL = "pip install 'prune-envelope[figures]'"
_GET = (
    "a figure is drawn by Chrome or Chromium, and none is found: install one (`playwright install chromium` gets "
    f"one), or name its program in the variable {_VARIABLE}"
)
# Named one by one where fonts are looked up, by whatever shows the picture.
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_DOTS_PER_PX = 3  # of a PNG: some 300 an inch in a column of 3.3 inches
_TO_SVG = """([figure, width, height]) =>
  Plotly.toImage(figure, {format: "svg", width, height}).then((url) => url)"""


class Size(NamedTuple):
    """Width and height of a picture in px."""

    width: int
    height: int


@contextmanager
def offline_browser() -> Iterator["BrowserContext"]:
    """A browser without a network.

    Raises:
        UnavailableError: If what drives the browser is not installed.
        AbsentError: If there is no browser, or it does not start.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError:
        raise UnavailableError(f"a figure needs the extra [figures]: {_INSTALL}") from None
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=_program(), args=["--disable-gpu"])
        except Error as error:
            raise AbsentError(f"{_GET} ({_first_line(str(error))})") from None
        try:
            yield browser.new_context(offline=True, device_scale_factor=_DOTS_PER_PX)
        finally:
            browser.close()


def _program() -> str | None:
    """The browser's program: the one named, or the first that is installed; None for playwright's own."""
    named = os.environ.get(_VARIABLE)
    if named and not Path(named).is_file():
        raise AbsentError(f"{_VARIABLE} is {named}, and no such program is there; {_GET}")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:200]


def figure_svg(browser: "BrowserContext", figure: Mapping[str, Any], size: Size) -> str:
    """A Plotly figure as the text of an SVG file, on white.

    Args:
        browser: Of `offline_browser`.
        figure: As `FIGURES` draws it.
        size: Of the picture.
    """
    from plotly.offline import get_plotlyjs

    layout = figure["layout"]
    font = {**layout.get("font", {}), "family": _FONTS}
    white = {"paper_bgcolor": "#fff", "plot_bgcolor": "#fff", "font": font}
    page = browser.new_page()
    page.add_script_tag(content=get_plotlyjs())
    drawn = {"data": figure["data"], "layout": {**layout, **white}}
    url: str = page.evaluate(_TO_SVG, [drawn, *size])
    return unquote(url.removeprefix("data:image/svg+xml,"))


def svg_size(svg: str) -> Size:
    """The size that an SVG file gives itself."""
    head = svg[: svg.index(">", svg.index("<svg"))]
    width, height = (
        float(found[1]) if (found := re.search(rf'\s{name}="([\d.]+)', head)) else 0.0
        for name in ("width", "height")
    )
    return Size(-int(-width // 1), -int(-height // 1))


def as_pdf(browser: "BrowserContext", svg: str) -> bytes:
    """An SVG as a PDF of its size, its fonts inside."""
    page, size = _shown_alone(browser, svg)
    return page.pdf(
        width=f"{size.width}px", height=f"{size.height}px", print_background=True, page_ranges="1"
    )


def as_png(browser: "BrowserContext", svg: str) -> bytes:
    """An SVG as a PNG of three dots a px."""
    page, size = _shown_alone(browser, svg)
    page.set_viewport_size({"width": size.width, "height": size.height})
    return page.screenshot()


def _shown_alone(browser: "BrowserContext", svg: str) -> "tuple[Page, Size]":
    """A page with an SVG alone; scripts in it, were there any, are not run."""
    page = browser.new_page()
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    page.set_content(
        f'<!doctype html><meta charset=utf-8><meta http-equiv="Content-Security-Policy" content="{policy}">'
        "<style>@page{margin:0}html,body{margin:0;background:#fff;overflow:hidden}svg{display:block}</style>"
        + svg[svg.index("<svg") :]
    )
    return page, svg_size(svg)

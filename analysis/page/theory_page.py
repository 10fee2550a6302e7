"""The page of `--grid theory`: three sentences, two figures and the table of what was accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from analysis.page.figures.crossover import CrossoverData, crossover_figure
from analysis.page.figures.frontier import FrontierData, frontier_figure
from analysis.page.figures.style import DARK, PageTable
from analysis.page.page_parts import (
    FIGURE_SCRIPTS,
    as_island,
    in_groups,
    open_templates,
    packed_plotly,
    page_scripts,
    page_style,
    script_hash,
)

_TITLES = {
    "frontier": "Does keeping the hardest bend the frontier?",
    "crossover": "Keep the hardest or the easiest?",
}


@dataclass(frozen=True, kw_only=True)
class TheoryPage:
    """What the page shows.

    Attributes:
        name: The run's.
        sentences: What is found: the frontier, the crossover, and the table.
        settings: What was simulated, in one sentence.
        missed: Arms whose mean lies outside the interval accepted beforehand.
        frontier: Frames of the first figure.
        crossover: Frames of the second.
        accepted: Measured beside exact errors.
    """

    name: str
    sentences: Sequence[str]
    settings: str
    missed: int
    frontier: Sequence[FrontierData]
    crossover: Sequence[CrossoverData]
    accepted: PageTable


def render_theory(page: TheoryPage) -> str:
    """The page as HTML that opens without a network and runs no script but ours."""
    figures: dict[str, list[dict[str, Any]]] = {
        "frontier": [_frame(one, frontier_figure(one)) for one in page.frontier],
        "crossover": [_frame(one, crossover_figure(one)) for one in page.crossover],
    }
    scripts = page_scripts(*FIGURE_SCRIPTS, "theory.js")
    island = {
        "name": page.name,
        "figures": figures,
        "titles": _TITLES,
        "dark": {light.lower(): dark for light, dark in DARK.items()},
    }
    template = open_templates().get_template("theory.html.j2")
    plotly, plotly_hash = packed_plotly()
    return template.render(
        page=page,
        titles=_TITLES,
        figures=figures,
        groups={name: in_groups(own) for name, own in figures.items()},
        css=page_style(),
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        plotly=plotly,
        hashes=[plotly_hash, *map(script_hash, scripts)],
        island=Markup(as_island(island)),  # noqa: S704
    )


def _frame(data: FrontierData | CrossoverData, drawn: dict[str, Any]) -> dict[str, Any]:
    table = data.table
    return {
        "key": data.key,
        "label": data.label,
        "figure": drawn,
        "table": {"columns": table.columns, "rows": table.rows, "formats": table.formats},
        "caption": data.caption,
        "group": "",
    }

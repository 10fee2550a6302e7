"""The report's figures: for each what computes its variants and what draws one."""

from collections.abc import Callable
from typing import Any, NamedTuple

from analysis.page.figures.agree import agree_data, agree_figure
from analysis.page.figures.breakeven import break_even_data, break_even_figure
from analysis.page.figures.by_dataset import by_dataset_figure
from analysis.page.figures.causes import causes_data, causes_figure
from analysis.page.figures.contrasts import contrasts_data, contrasts_figure
from analysis.page.figures.envelope import envelope_figure
from analysis.page.figures.frontier import frontier_figure
from analysis.page.figures.frontier_study import frontier_data
from analysis.page.figures.pareto import pareto_data, pareto_figure
from analysis.page.figures.rate_lines import by_dataset_data
from analysis.page.figures.retention import retention_data, retention_figure
from analysis.page.figures.signals import signals_data, signals_figure
from analysis.page.figures.squares import envelope_data
from analysis.page.figures.training import training_data, training_figure
from analysis.study import Study


class Figure(NamedTuple):
    """One figure of the report.

    Attributes:
        data: Gives the variants a reader can choose, each with key, label and table.
        draw: Gives the Plotly figure of one variant as a dict.
    """

    data: Callable[[Study], list[Any]]
    draw: Callable[[Any], dict[str, Any]]


FIGURES = {
    "retention": Figure(retention_data, retention_figure),
    "causes": Figure(causes_data, causes_figure),
    "signals": Figure(signals_data, signals_figure),
    "envelope": Figure(envelope_data, envelope_figure),
    "by_dataset": Figure(by_dataset_data, by_dataset_figure),
    "contrasts": Figure(contrasts_data, contrasts_figure),
    "pareto": Figure(pareto_data, pareto_figure),
    "breakeven": Figure(break_even_data, break_even_figure),
    "agree": Figure(agree_data, agree_figure),
    "frontier": Figure(frontier_data, frontier_figure),
    "training": Figure(training_data, training_figure),
}

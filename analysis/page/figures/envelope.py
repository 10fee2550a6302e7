"""The operating envelope, drawn: verdict and mean change over warm-up and rate."""

from collections.abc import Sequence

from analysis.metric_words import MetricWords
from analysis.page.average_words import warmup_text
from analysis.page.figures.heatmap import bar_title, color_ticks, outline, stepped_colors
from analysis.page.figures.squares import EnvelopeData, Square, mark_text
from analysis.page.figures.style import INK, MUTED, Spec, axis, folded, layout
from analysis.wording import MARKS, percent, seeds_text

_SCALE_pp = 3.0
# Room around the squares, in squares: half the outline would be cut off at the frame.
_RIM = 0.012


def envelope_figure(data: EnvelopeData) -> Spec:
    """The heatmap with marks and intervals, outlined where within."""
    is_many = len(data.rates) > 6
    grid = [
        [data.squares.get((warmup, rate), Square(verdict=None)) for rate in data.rates]
        for warmup in data.warmups
    ]
    limit = _limit(data)
    trace = {
        "type": "heatmap",
        "z": [[square.verdict and square.verdict.mean for square in line] for line in grid],
        "text": [[_text(data.words, square, is_many) for square in line] for line in grid],
        "texttemplate": "%{text}",
        "textfont": {"color": INK, "size": 12 if is_many else 16},
        "hoverinfo": "text",
        "hovertext": [
            [_hover(data.words, square, warmup, rate) for rate, square in zip(data.rates, line, strict=True)]
            for warmup, line in zip(data.warmups, grid, strict=True)
        ],
        "xgap": 3,
        "ygap": 3,
        "zmin": -limit,
        "zmax": limit,
        "colorscale": stepped_colors(data.tolerance, limit),
        "colorbar": {
            "title": {"text": bar_title(data.words), "side": "right", "font": {"size": 13}},
            "tickfont": {"size": 12}, "thickness": 14, "outlinewidth": 0, "ticks": "",
            **color_ticks(data.words, data.tolerance, limit, is_low=len(data.warmups) == 1),
        },
    }  # fmt: skip
    return {"data": [trace], "layout": _frame(data, grid, is_many)}


def _limit(data: EnvelopeData) -> float:
    """Where the colours end: 3 pp, or what is as far in another unit."""
    if data.words.metric.unit == "pp":
        return max(_SCALE_pp, 2 * data.tolerance)
    means = [abs(one.verdict.mean) for one in data.squares.values() if one.verdict]
    return 3 * data.tolerance or max(means, default=0.0) or 1.0


def _frame(data: EnvelopeData, grid: Sequence[Sequence[Square]], is_many: bool) -> Spec:
    columns, lines = len(data.rates), len(data.warmups)
    missing = [
        {
            "x": j, "y": i, "text": "not measured" if square.note else "not in the grid",
            "showarrow": False, "font": {"size": 12, "color": MUTED},
        }
        for i, line in enumerate(grid)
        for j, square in enumerate(line)
        if square.verdict is None and not is_many
    ]  # fmt: skip
    return layout(
        96 + (44 if is_many else 68) * lines,
        (170 + (80 if is_many else 128) * columns, 230 + (96 if is_many else 200) * columns),
        narrow={"minw": 64 + (64 if is_many else 76) * columns, "left": 56, "bare": True},
        xaxis=axis(
            "share of training data removed",
            tickvals=list(range(columns)), ticktext=[percent(rate) for rate in data.rates],
            showgrid=False, range=[-0.5 - _RIM, columns - 0.5 + _RIM],
        ),
        yaxis=axis(
            "warm-up on all data" if lines > 1 else "warm-up",
            tickvals=list(range(lines)), ticktext=[mark_text(share) for share in data.warmups],
            showgrid=False, range=[lines - 0.5 + 3 * _RIM, -0.5 - 3 * _RIM],
        ),
        annotations=missing,
        shapes=outline([[square.is_within for square in line] for line in grid]),
    )  # fmt: skip


def _text(words: MetricWords, square: Square, is_many: bool) -> str:
    v = square.verdict
    if v is None:
        return ""
    if is_many:
        return f"{MARKS[square.word]} {words.number(v.mean)}"
    below = (
        seeds_text(v.n_seeds, square.n_planned) if square.by_mean else words.interval(v.low, v.high)
    )
    lines = [
        f'<span style="font-size:20px">{MARKS[square.word]}</span> '
        f'<b style="font-size:15px">{words.number(v.mean)}</b>',
        f'<span style="font-size:12px">{below or "one seed"}</span>',
    ]
    if not square.by_mean and v.n_seeds < square.n_planned and v.low is not None:
        lines[1] += f'<span style="font-size:12px"> · {v.n_seeds}/{square.n_planned}</span>'
    return "<br>".join(lines)


def _hover(words: MetricWords, square: Square, warmup: float | None, rate: float) -> str:
    v = square.verdict
    where = f"{percent(rate)} removed after {warmup_text(warmup)}"
    if v is None:
        return where
    bounds = f" {words.interval(v.low, v.high)}" if v.low is not None else ""
    seeds = seeds_text(v.n_seeds, square.n_planned)
    more = "".join(f"<br>{folded(line)}" for line in square.lines)
    change = f"{words.short(v.mean)}{bounds}{words.told}"
    return f"<b>{square.word}</b><br>{change}<br>{seeds}<br>{where}{more}"

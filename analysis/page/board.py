"""The board: every method at every rate of a data set, each cell with its interval beside random's mean."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.answers import Answer
from analysis.envelope import JudgedCell
from analysis.ladders import has_learned
from analysis.methods import Condition, Method, RateCurve
from analysis.other_readings import named_cell
from analysis.page.board_cells import BoardCell, board_cell, empty_cell
from analysis.study import Study
from analysis.wording import model_label, percent, signal_label, training_label
from trainables.signal_lines import line_of
from trainables.spec import EACH_EPOCH

# At more methods than this those in between are folded: what is left are the best and the worst.
_MOST_OPEN, _BEST, _WORST = 8, 6, 2


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """One method.

    Attributes:
        name: As short as tells it from the other rows of its panel.
        about: Which rows go, in a line.
        label: As the table of trials has it.
        is_control: Whether this throws rows away at random.
        is_folded: Whether it stands among those in between, where there are many.
        cells: One a rate of the panel.
    """

    name: str
    about: str
    label: str
    is_control: bool
    is_folded: bool
    cells: tuple[BoardCell, ...]


@dataclass(frozen=True, kw_only=True)
class BoardPanel:
    """One data set after one warm-up, of one model and training.

    Attributes:
        name: The data set.
        variant: The model, protocol or training, where the data set has more than one; else "".
        warmup: After which warm-up rows were scored, in words.
        rates: Shares removed, ascending.
        rows: Methods, random first, then the best at the answer's rate first.
        low: Left end of the scale of every picture, in the metric's unit.
        high: Right end.
        has_control: Whether random was run.
        has_learned: Whether there was anything to lose; without it no cell has a mark.
        has_answer: Whether the answer's cell is in it.
    """

    name: str
    variant: str
    warmup: str
    rates: tuple[float, ...]
    rows: tuple[BoardRow, ...]
    low: float
    high: float
    has_control: bool
    has_learned: bool
    has_answer: bool

    @property
    def has_marks(self) -> bool:
        """Whether a cell has a ✓, a ✗ or a ?."""
        return any(cell.mark for row in self.rows for cell in row.cells)

    @property
    def columns(self) -> tuple[str, ...]:
        """The heads of the rates."""
        return tuple(f"{percent(rate)} removed" for rate in self.rates)

    def place(self, value: float) -> float:
        """Where a value lies in a picture, from 0 to 100; what is off the scale at its end."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 1)

    def picture(self, cell: BoardCell) -> list[tuple[str, str]]:
        """What is drawn of a cell, 100 wide and 14 high: the name of each line, and its path.

        b is the safe side, z nothing lost, t random's mean, i the interval, m the mean, o that it lies
        off the scale.
        """
        if cell.value is None:
            return []
        drawn = [("z", _upright(self.place(0.0), 6))]
        if self.has_learned:
            drawn.insert(
                0, ("b", f"M{self.place(-cell.margin):g} 1H100V13H{self.place(-cell.margin):g}z")
            )
        if cell.random is not None and cell.random >= self.low:
            drawn.append(("t", _upright(self.place(cell.random), 6)))
        if cell.low is not None and cell.high is not None and cell.high > self.low:
            drawn.append(("i", f"M{self.place(cell.low):g} 7H{self.place(cell.high):g}"))
        if cell.value < self.low:
            return [*drawn, ("o", "M3 3L1 7L3 11M6 3L4 7L6 11")]
        return [*drawn, ("m", _upright(self.place(cell.value), 4))]


def _upright(place: float, half: int) -> str:
    return f"M{place:g} {7 - half}V{7 + half}"


def board_panels(study: Study, answer: Answer) -> list[BoardPanel]:
    """The panels of a data set, that of its answer first, then by model and rising warm-up."""
    named = None if answer.state == "no answer" else named_cell(study, answer)
    at = named.cell.condition if named else None
    groups: dict[tuple[Any, ...], list[JudgedCell]] = defaultdict(list)
    for row in study.of(answer.source):
        groups[_group(row.cell.condition)].append(row)
    by_condition = {row.cell.condition: row for row in study.of(answer.source)}
    whole = [_with_controls(study, own, by_condition) for own in groups.values()]
    # Random that only stands beside methods of another panel is shown there.
    shown = [
        own
        for i, own in enumerate(whole)
        if not any(_is_part(own, other) for j, other in enumerate(whole) if i != j)
    ]
    told = _variants([own[0].cell.condition for own in shown])
    made = [
        _panel(study, answer, own, at, variant) for own, variant in zip(shown, told, strict=True)
    ]
    return sorted(made, key=lambda panel: not panel.has_answer)


def _group(c: Condition) -> tuple[Any, ...]:
    """What the cells of a panel share: a model, its training, and the warm-up."""
    return (c.method.model, c.question, c.protocol, c.method.budget, c.warmup)


def _with_controls(
    study: Study, own: list[JudgedCell], by_condition: Mapping[Condition, JudgedCell]
) -> list[JudgedCell]:
    """Cells with the random ones they are held against, where these were scored after no warm-up."""
    have = {row.cell.condition for row in own}
    beside = [study.comparisons[c].control for c in have if c in study.comparisons]
    curves = {(c.question, c.rate_curve) for c in beside if c not in have}
    more = [row for c, row in by_condition.items() if (c.question, c.rate_curve) in curves]
    return [*own, *more]


def _is_part(own: Sequence[JudgedCell], other: Sequence[JudgedCell]) -> bool:
    mine, theirs = ({row.cell.condition for row in rows} for rows in (own, other))
    return mine < theirs


def _variants(found: Sequence[Condition]) -> list[str]:
    """What tells the panels of one data set apart, beside their warm-up."""
    parts: list[Callable[[Condition], str]] = [
        lambda c: model_label(c.method.model) if c.method.model else c.method.learner,
        lambda c: c.protocol,
        lambda c: "as many steps as the full run" if c.method.budget == "steps" else "",
        lambda c: training_label(c.method.training),
    ]
    differ = [part for part in parts if len({part(c) for c in found}) > 1]
    return [", ".join(filter(None, (part(c) for part in differ))) for c in found]


def _panel(
    study: Study, answer: Answer, own: list[JudgedCell], at: Condition | None, variant: str
) -> BoardPanel:
    rates = tuple(sorted({row.cell.condition.rate for row in own}))
    is_learned = all(has_learned(study, row) for row in own[:1])
    curves: dict[RateCurve, dict[float, JudgedCell]] = defaultdict(dict)
    for row in own:
        curves[row.cell.condition.rate_curve][row.cell.condition.rate] = row
    rate = _deciding_rate(answer, rates)
    ordered = sorted(curves, key=lambda curve: _order(curve.method, curves[curve].get(rate)))
    named = _names([curve.method for curve in ordered], study)
    means = {
        row.cell.condition: row.verdict.mean
        for row in own
        if row.verdict and math.isfinite(row.verdict.mean)
    }
    counts = {len(row.cell.seeds) for row in own if row.verdict}
    made = [
        BoardRow(
            name=name,
            about=_about(curve.method),
            label=study.methods[curve.method],
            is_control=curve.method.is_control,
            is_folded=False,
            cells=tuple(
                _cell(study, answer, curves[curve].get(r), at, means, with_seeds=len(counts) > 1)
                for r in rates
            ),
        )
        for curve, name in zip(ordered, named, strict=True)
    ]
    low, high = _scale([cell for row in made for cell in row.cells])
    # Of a row scored after no warm-up beside others the others say after which.
    warmup = max(row.cell.condition.warmup for row in own)
    return BoardPanel(
        name=answer.name, variant=variant, rates=rates, rows=_folded(made), low=low, high=high,
        warmup=f"scored after {percent(warmup)} of the training" if warmup else "scored before any training",
        has_control=any(row.is_control for row in made), has_learned=is_learned,
        has_answer=any(cell.is_answer for row in made for cell in row.cells),
    )  # fmt: skip


def _cell(
    study: Study, answer: Answer, row: JudgedCell | None, at: Condition | None,
    means: Mapping[Condition, float], *, with_seeds: bool,
) -> BoardCell:  # fmt: skip
    if row is None:
        return empty_cell()
    condition = row.cell.condition
    versus = study.comparisons.get(condition)
    return board_cell(
        study, row, with_seeds=with_seeds, control=means.get(versus.control) if versus else None,
        state=answer.state if condition == at else None,
    )  # fmt: skip


def _deciding_rate(answer: Answer, rates: Sequence[float]) -> float:
    """The rate that rows are sorted by: the answer's, or the first."""
    own = answer.row.cell.condition.rate if answer.row else rates[0]
    return own if own in rates else rates[0]


def _order(method: Method, row: JudgedCell | None) -> tuple[bool, float]:
    mean = row.verdict.mean if row and row.verdict else -math.inf
    return (not method.is_control, math.inf if math.isnan(mean) else -mean)


def _about(m: Method) -> str:
    return line_of(m.signal, prune=m.prune, selector=m.selector, settings=dict(m.selector_settings))


def _names(methods: Sequence[Method], study: Study) -> list[str]:
    """Names as short as tell the rows apart: the signal and its end, or all that a method is."""
    short = [_short(study, method) for method in methods]
    counts = Counter(short)
    return [
        name if counts[name] == 1 else study.methods[method]
        for name, method in zip(short, methods, strict=True)
    ]


def _short(study: Study, method: Method) -> str:
    name = signal_label(method.signal)
    if method.signal == "given":
        # The file's own name stands before the selector.
        name = study.methods[method].partition(" (")[0]
    each = ", chosen each epoch" if method.selector == EACH_EPOCH else ""
    return f"{name}{each}{', high end' if method.prune == 'high' else ''}"


def _folded(rows: Sequence[BoardRow]) -> tuple[BoardRow, ...]:
    """Of many methods those in between folded, behind the others; the answer's never."""
    if len(rows) <= _MOST_OPEN:
        return tuple(rows)
    controls = [row for row in rows if row.is_control]
    others = [row for row in rows if not row.is_control]
    ends = [*others[:_BEST], *others[max(_BEST, len(others) - _WORST) :]]
    stay = [row for row in others if row in ends or any(cell.is_answer for cell in row.cells)]
    gone = [row for row in others if row not in stay]
    return (*controls, *stay, *(_fold(row) for row in gone))


def _fold(row: BoardRow) -> BoardRow:
    return BoardRow(**{**vars(row), "is_folded": True})


def _scale(cells: Iterable[BoardCell]) -> tuple[float, float]:
    """The ends of a panel's scale, in steps of the margin: 3 to 4 below nothing, 1 to 3 above."""
    judged = [cell for cell in cells if cell.value is not None]
    step = max((cell.margin for cell in judged), default=0.0)
    if step <= 0:
        step = max((abs(cell.value or 0.0) for cell in judged), default=0.0) / 2 or 1.0
    lows = [cell.value if cell.low is None else cell.low for cell in judged]
    highs = [cell.value if cell.high is None else cell.high for cell in judged]
    low = math.floor(min((one for one in lows if one is not None), default=0.0) / step)
    high = math.ceil(max((one for one in highs if one is not None), default=0.0) / step)
    return step * min(-3, max(-4, low)), step * max(1, min(3, high))

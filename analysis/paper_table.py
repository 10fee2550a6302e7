"""The results of a run as a table to paste into a paper (LaTeX) or a page (Markdown): method by data set and rate."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.markdown import markdown_cell
from analysis.metric_words import MetricWords
from analysis.page.phrases import margin_text, words_of
from analysis.results_table import ResultCell, ResultLine, rates_of
from analysis.study import Study
from analysis.wording import percent, shortened
from trainables.plain_text import printable

# More columns of numbers than these do not fit a page: data sets then stand below one another.
_MOST_COLUMNS = 6
# With more than these an interval stands below its mean.
_MOST_WIDE = 3
_LONGEST = 60
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "−": "$-$", "…": r"\ldots{}",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Data sets beside each other, their methods in lines.

    Attributes:
        places: Data set and rate of each column of numbers.
        lines: Method and warm-up of each line, and its cells by place.
        title: Over it; empty where its data sets have heads of their own.
    """

    places: list[tuple[str, float]]
    lines: list[tuple[str, str, str, dict[tuple[str, float], ResultCell]]]
    title: str = ""

    def best(self) -> dict[tuple[str, float], float]:
        """The largest mean of each column, of lines that are no confirmed list."""
        found: dict[tuple[str, float], float] = {}
        for _, _, kind, cells in self.lines:
            for place, cell in cells.items():
                if cell.verdict is not None and kind != "list":
                    found[place] = max(found.get(place, cell.verdict.mean), cell.verdict.mean)
        return found


def _blocks(lines: Sequence[ResultLine]) -> list[_Block]:
    """All data sets beside each other where they fit, else one below the other."""
    shown = [line for line in lines if line.kind != "average"]
    sets = [*dict.fromkeys(line.dataset for line in shown)]
    places = [(name, rate) for name in sets for rate in rates_of(_of(shown, name))]
    if len(places) <= _MOST_COLUMNS or len(sets) == 1:
        return [_block(shown, places)] if shown else []
    rates = rates_of(shown)
    return [_block(_of(shown, name), [(name, rate) for rate in rates], name) for name in sets]


def _of(lines: Sequence[ResultLine], name: str) -> list[ResultLine]:
    return [line for line in lines if line.dataset == name]


def _block(lines: Sequence[ResultLine], places: list[tuple[str, float]], title: str = "") -> _Block:
    """Random first, confirmed lists last, the others as they came."""
    order = ("control", "method", "list")
    found: dict[tuple[str, str, str], dict[tuple[str, float], ResultCell]] = {}
    for line in sorted(lines, key=lambda one: order.index(one.kind)):
        cells = found.setdefault((line.method, line.warmup_text, line.kind), {})
        cells.update({(line.dataset, rate): cell for rate, cell in line.cells.items()})
    return _Block(places=places, lines=[(*head, own) for head, own in found.items()], title=title)


def _is_warmup_told(blocks: Sequence[_Block]) -> bool:
    return len({line[1] for block in blocks for line in block.lines}) > 1


def latex_table(study: Study, lines: Sequence[ResultLine]) -> str:
    """The lines as a LaTeX table for booktabs, with caption and label."""
    blocks, words = _blocks(lines), words_of(study)
    told = _is_warmup_told(blocks)
    heads = 1 + told
    width = max((len(block.places) for block in blocks), default=0)
    body: list[str] = []
    for block in blocks:
        body += _latex_block(words, block, heads, is_first=not body)
    label = re.sub(r"[^a-zA-Z0-9]+", "-", study.name).strip("-") or "run"
    return "\n".join(
        [
            r"% \usepackage{booktabs}; names in other than Latin letters need lualatex or xelatex",
            r"\begin{table}",
            r"\centering",
            r"\small",
            rf"\caption{{{_key(study, blocks, _in_latex)}}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{{'l' * heads}{'r' * width}}}",
            r"\toprule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _latex_block(words: MetricWords, block: _Block, heads: int, *, is_first: bool) -> list[str]:
    rows, at = [], heads + 1
    sets = [*dict.fromkeys(name for name, _ in block.places)]
    if len(sets) > 1:
        tops, rules = [""] * heads, ""
        for name in sets:
            count = sum(one == name for one, _ in block.places)
            tops.append(rf"\multicolumn{{{count}}}{{c}}{{{_in_latex(shortened(name, _LONGEST))}}}")
            rules += rf"\cmidrule(lr){{{at}-{at + count - 1}}}"
            at += count
        rows += [rf"{' & '.join(tops)} \\", rules]
    if is_first:
        names = ["Method", "Warm-up"][:heads]
        rates = [_in_latex(f"{percent(rate)} removed") for _, rate in block.places]
        rows.append(rf"{' & '.join([*names, *rates])} \\")
    rows.append(r"\midrule")
    if block.title:
        span = heads + len(block.places)
        rows.append(
            rf"\multicolumn{{{span}}}{{l}}{{\emph{{{_in_latex(shortened(block.title, _LONGEST))}}}}} \\"
        )
    best, kind, is_tall = block.best(), None, len(block.places) > _MOST_WIDE
    for method, warmup, own, cells in block.lines:
        rows += [r"\addlinespace"] if kind not in (None, own) else []
        kind = own
        texts = [_in_latex(shortened(method, _LONGEST)), _in_latex(warmup)][:heads]
        texts += [
            _latex_cell(words, cells.get(p), best.get(p), own, is_tall=is_tall)
            for p in block.places
        ]
        rows.append(rf"{' & '.join(texts)} \\")
    return rows


def _latex_cell(
    words: MetricWords, cell: ResultCell | None, best: float | None, kind: str, *, is_tall: bool
) -> str:
    if cell is None or cell.verdict is None:
        return "--"
    v = cell.verdict
    mean = words.plain(v.mean).replace(",", "{,}")
    shown = rf"\mathbf{{{mean}}}" if kind != "list" and v.mean == best else mean
    marks = "".join(_marks(cell, (r"\dagger", r"\ast", r"\circ")))
    raised = rf"^{{{marks}}}" if marks else ""
    if v.low is None or v.high is None:
        return rf"${shown}{raised}$"
    low, high = (words.plain(bound).replace(",", "{,}") for bound in (v.low, v.high))
    mean, bounds = rf"${shown}{raised}$", rf"{{\footnotesize$[{low}, {high}]$}}"
    if is_tall:
        return rf"\begin{{tabular}}{{@{{}}r@{{}}}}{mean}\\{bounds}\end{{tabular}}"
    return f"{mean} {bounds}"


def _marks(cell: ResultCell, signs: tuple[str, str, str]) -> list[str]:
    """Signs for within, better than random and worse than random."""
    within, better, worse = signs
    found = [within] if cell.is_within else []
    return found + {"better": [better], "worse": [worse]}.get(cell.finding or "", [])


def _in_latex(text: str) -> str:
    """A text as LaTeX shows it, whatever it holds."""
    return "".join(_LATEX.get(c, c) for c in printable(text, lines=False))


def _key(
    study: Study,
    blocks: Sequence[_Block],
    escape: Callable[[str], str],
    signs: tuple[str, str, str] = (r"$\dagger$", r"$\ast$", r"$\circ$"),
) -> str:
    """What the numbers and marks are; of marks those that occur."""
    words = words_of(study)
    cells = [(kind, cell) for b in blocks for _, _, kind, own in b.lines for cell in own.values()]
    unit = {"pp": " in percentage points", "": ""}.get(
        study.metric.unit, f" in {study.metric.unit}"
    )
    seeds = sorted({cell.verdict.n_seeds for _, cell in cells if cell.verdict})
    over = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}" if seeds else "no"
    noun = "seed" if over == "1" else "seeds"
    aside = ", lists aside" * any(kind == "list" for kind, _ in cells)
    text = escape(
        f"Change of {words.noun}{unit} against the full-data run{words.told}: mean over {over} {noun} with "
        f"its {study.confidence} interval, by the share of training rows removed. Bold: the largest mean of its column{aside}."
    )
    guards = "".join(f", {one.text}" for one in study.by.guards)
    meant = (
        f"within {margin_text(study)} of it{guards}",
        "better than random removal of as many rows",
        "worse than random removal of as many rows",
    )
    lists = {
        percent(round(1 - 2 * cell.verdict.alpha, 3))
        for kind, cell in cells
        if kind == "list" and cell.verdict
    }
    used = {sign for _, cell in cells for sign in _marks(cell, signs)}
    text += "".join(
        f" {sign}: {escape(told)}." for sign, told in zip(signs, meant, strict=True) if sign in used
    )
    if used & {*signs[1:]}:
        text += escape(" Beside random, errors count all methods and rates of a data set.")
    if lists:
        text += escape(
            f" One list: what fresh seeds, which had no part in choosing it, say of exactly these rows, with its "
            f"{' to '.join(sorted(lists))} interval."
        )
    return text


def markdown_results(study: Study, lines: Sequence[ResultLine]) -> str:
    """The same as Markdown, with its key as a paragraph below."""
    blocks, words, told = _blocks(lines), words_of(study), []
    is_told = _is_warmup_told(blocks)
    for block in blocks:
        told += (
            [f"**{markdown_cell(printable(block.title, lines=False))}**", ""] if block.title else []
        )
        is_named = not block.title and len({name for name, _ in block.places}) > 1
        rates = [f"{f'{name} ' * is_named}{percent(rate)} removed" for name, rate in block.places]
        heads = ["method", *["warm-up"] * is_told, *map(_cell, rates)]
        rows = [heads, ["---"] * (1 + is_told) + ["---:"] * len(rates)]
        best = block.best()
        for method, warmup, kind, cells in block.lines:
            first = [_cell(method), *[warmup] * is_told]
            shown = [_markdown_cell(words, cells.get(p), best.get(p), kind) for p in block.places]
            rows.append([*first, *shown])
        told += [*(f"| {' | '.join(row)} |" for row in rows), ""]
    return "\n".join([*told, _key(study, blocks, _cell, ("†", "\\*", "°"))])


def _cell(text: str) -> str:
    return markdown_cell(printable(text, lines=False))


def _markdown_cell(
    words: MetricWords, cell: ResultCell | None, best: float | None, kind: str
) -> str:
    if cell is None or cell.verdict is None:
        return "–"
    v = cell.verdict
    mean = words.number(v.mean)
    shown = f"**{mean}**" if kind != "list" and v.mean == best else mean
    return f"{shown}{''.join(_marks(cell, ('†', chr(92) + '*', '°')))} {words.interval(v.low, v.high)}".rstrip()

"""What was planted, and what each method found: only of data whose truth is known row by row."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from analysis.envelope import Cell
from analysis.methods import Condition, DatasetId, Method, RateCurve, condition_of
from analysis.pairing import distinct_rows
from analysis.study import Study
from analysis.wording import method_labels, percent
from trainables.result import TrialResult


@dataclass(frozen=True, kw_only=True)
class SmallestClass:
    """What a cut does to the class with the fewest training rows.

    Attributes:
        name: The class.
        count: Its training rows.
        kept: Of them those that stay, a mean over seeds.
        recall_delta_pp: Its recall minus that of the full-data run of the seed, a mean over the
            pairs; None where no pair knows it.
    """

    name: str
    count: int
    kept: float
    recall_delta_pp: float | None


@dataclass(frozen=True, kw_only=True)
class PlantedCell:
    """What one cut found, means over seeds; shares in [0, 1].

    Attributes:
        n_seeds: Seeds that finished.
        copies: Share of the removed rows that are spare copies: a row of their group stays.
        wrong: Share of the removed rows whose label or answer is wrong.
        copies_recall: Share of all spare copies that were removed.
        wrong_recall: Share of all those with a wrong one that were removed.
        smallest: What happens to the smallest class; None where all are of one size, or no row
            says what was kept of it.
    """

    n_seeds: int
    copies: float
    wrong: float
    copies_recall: float
    wrong_recall: float
    smallest: SmallestClass | None


@dataclass(frozen=True, kw_only=True)
class PlantedRow:
    """A method after a warm-up: its name, whether it is random, and its cells by rate."""

    label: str
    is_control: bool
    cells: Mapping[float, PlantedCell]


@dataclass(frozen=True, kw_only=True)
class PlantedTable:
    """One data set: the rates tried, ascending, and the methods, random first.

    `wrong` is what is wrong in some rows: "label" where there are classes, else "answer".
    """

    source: DatasetId
    wrong: str
    rates: tuple[float, ...]
    rows: tuple[PlantedRow, ...]


def planted_tables(study: Study) -> list[PlantedTable]:
    """The table of each data set whose rows say what their cut found; none where no truth is known.

    Only rows that a cut left count: full-data runs and those that choose anew find nothing. The list
    that fresh seeds train on is a method of its own, the last.

    Args:
        study: The run.
    """
    by_condition: dict[Condition, dict[int, TrialResult]] = defaultdict(dict)
    for row in sorted(distinct_rows(study.whole_results), key=lambda row: row.finished):
        is_list = row.spec.kind == "fixed" and condition_of(row.spec).scored_by
        if row.is_ok and (row.spec.kind == "pruned" or is_list) and row.found:
            by_condition[condition_of(row.spec)][row.spec.seed] = row
    judged = (*study.rows, *(one.row for one in study.confirmed.values()))
    paired = {cell.condition: cell for cell, _ in judged}
    by_source: dict[DatasetId, dict[RateCurve, dict[float, PlantedCell]]] = {}
    with_classes: set[DatasetId] = set()
    for condition, rows in by_condition.items():
        curves = by_source.setdefault(condition.source, {})
        found = _cell([*rows.values()], paired.get(condition))
        curves.setdefault(condition.rate_curve, {})[condition.rate] = found
        if any(row.class_names for row in rows.values()):
            with_classes.add(condition.source)
    return [
        _table(study, source, by_source[source], "label" if source in with_classes else "answer")
        for source in sorted(by_source)
    ]


def _table(
    study: Study,
    source: DatasetId,
    curves: Mapping[RateCurve, Mapping[float, PlantedCell]],
    wrong: str,
) -> PlantedTable:
    places = {method: place for place, method in enumerate(study.methods)}
    several = len({curve.warmup for curve in curves}) > 1
    in_order = sorted(
        curves,
        key=lambda one: (
            one.method.kind == "fixed", not one.method.is_control,
            places.get(one.method, 0), one.warmup,
        ),
    )  # fmt: skip
    return PlantedTable(
        source=source,
        wrong=wrong,
        rates=tuple(sorted({rate for cells in curves.values() for rate in cells})),
        rows=tuple(
            PlantedRow(
                label=_label(study, curve.method)
                + (f", {percent(curve.warmup)} warm-up" if several else ""),
                is_control=curve.method.is_control,
                cells=curves[curve],
            )
            for curve in in_order
        ),
    )


def _label(study: Study, method: Method) -> str:
    if method.kind == "fixed":
        (own,) = method_labels([method]).values()
        return f"The list of fresh seeds, {own}"
    return study.methods[method]


def _cell(rows: Sequence[TrialResult], paired: Cell | None) -> PlantedCell:
    mean = {name: float(np.mean([row.found[name] for row in rows])) for name in rows[0].found}
    return PlantedCell(
        n_seeds=len(rows),
        copies=mean["duplicates"],
        wrong=mean["wrong_labels"],
        copies_recall=mean["duplicates_recall"],
        wrong_recall=mean["wrong_labels_recall"],
        smallest=_smallest(rows, paired),
    )


def _smallest(rows: Sequence[TrialResult], paired: Cell | None) -> SmallestClass | None:
    counts = rows[0].class_counts
    present = [k for k, n in enumerate(counts) if n]
    if len({counts[k] for k in present}) < 2 or not all(row.kept_counts for row in rows):
        return None
    k = min(present, key=lambda k: counts[k])
    deltas = [
        100 * (pair.pruned.recall[k] - pair.baseline.recall[k])
        for pair in (paired.pairs if paired else ())
        if min(len(pair.pruned.recall), len(pair.baseline.recall)) > k
    ]
    known = [delta for delta in deltas if isfinite(delta)]
    return SmallestClass(
        name=rows[0].class_names[k],
        count=counts[k],
        kept=float(np.mean([row.kept_counts[k] for row in rows])),
        recall_delta_pp=float(np.mean(known)) if known else None,
    )

"""The tables of a run, row by row: what frames, files, the page and `prune-envelope table` share.

A column means the same in every table that has it; docs/files.md describes each. Those of IN_UNIT
are in the row's `unit`; rates and shares are fractions; what is not known is None.
"""

import math
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from analysis.answers import answer_of, found_rates
from analysis.bias_causes import CAUSE_COLUMNS, cause_rows, class_likenesses
from analysis.class_retention import retention
from analysis.condition_columns import OF_CONDITION, OF_METHOD, condition_values
from analysis.contrast_rows import CONTRAST_COLUMNS, LEADER_COLUMNS, contrast_rows, leader_rows
from analysis.cost import REUSES, Cost, best_measured_cost, flop, mean_cost, pays_from_epochs
from analysis.csv_lines import csv_lines, shortened_floats
from analysis.cut_overlap import OVERLAP_COLUMNS, overlap_rows
from analysis.envelope import Cell, JudgedCell
from analysis.leaks import side_verdicts
from analysis.matched import AVERAGE_COLUMNS, average_rows
from analysis.methods import condition_of
from analysis.money import MONEY_COLUMNS, Spent, money_values, spent_by
from analysis.safe_rates import rate_curves, safe_of, smallest_p
from analysis.seeds_needed import Needed
from analysis.slopes import SLOPE_COLUMNS, slope_rows
from analysis.study import Study
from analysis.transfer import TRANSFER_COLUMNS, transfer_rows
from analysis.undecided import seeds_for
from trainables.records import TRIAL_COLUMNS, measured_columns

Row = dict[str, Any]
_MEASURES = ("examples", "tokens", "seconds")
# Where a column's number stands in a verdict, and in a comparison with random pruning.
_JUDGED = {
    "verdict": "verdict", "delta": "mean", "low": "low", "high": "high",
    "test_low": "test_low", "test_high": "test_high", "sd": "sd",
    "test_variance": "test_variance", "p_not_within": "p_not_within",
    "equivalent": "equivalent", "improved": "improved", "alpha": "alpha",
}  # fmt: skip
_AGAINST_RANDOM = {
    "random_delta": "mean", "random_low": "low", "random_high": "high", "random_p": "p",
    "random_p_holm": "p_holm", "against_random": "finding",
}  # fmt: skip
_BY_CLASS = {
    "bias": "bias_pp", "z": "z", "recall_delta": "recall_delta_pp", "recall_low": "recall_low_pp",
    "recall_high": "recall_high_pp",
}  # fmt: skip
_ON_SIDE = {name: _JUDGED[name] for name in ("verdict", "delta", "low", "high", "alpha")}
_SAVED = ("saved_gross", *(f"saved_net_{runs}" for runs in REUSES))
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "trials": tuple(name for name in TRIAL_COLUMNS if name != "row"),
    "envelope": (
        *OF_CONDITION, *_JUDGED, "tolerance", "metric", "unit", "n_seeds", "n_planned", "n_failed", "seeds",
        "diverged_seeds", "guards", "more_seeds", "more_reason", *_AGAINST_RANDOM, "notes",
    ),
    "verdicts": (
        *OF_METHOD, "tested_rate", "found_rate", "answer", "crossing_rate", "low_rate", "is_beyond",
        "p_none_within", "p_none_within_holm", "against_random", *_SAVED,
    ),
    "signals": (*OF_CONDITION, "control_selector", "n_shared_seeds", "metric", "unit", *_AGAINST_RANDOM),
    "bias": (
        *OF_CONDITION, "class", "class_count", "kept_count", "likeness", *_BY_CLASS, "unit",
    ),
    "leaks": (
        *OF_CONDITION, "side", "n_test", "full_accuracy", *_ON_SIDE, "tolerance", "metric", "unit",
        "n_seeds",
    ),
    "cost": (
        *OF_CONDITION, *(f"{measure}_share" for measure in _MEASURES), "measure", "scoring_share",
        "scoring_seconds_share", *_SAVED, "pays_from_runs", "pays_from_epochs", *MONEY_COLUMNS,
    ),
    "transfer": TRANSFER_COLUMNS,
    "average": AVERAGE_COLUMNS,
    "causes": CAUSE_COLUMNS,
    "overlap": OVERLAP_COLUMNS,
    "slopes": SLOPE_COLUMNS,
    "contrasts": CONTRAST_COLUMNS,
    "leaders": LEADER_COLUMNS,
}  # fmt: skip
# Columns in the row's `unit`; test_variance is in its square.
IN_UNIT = {
    "delta", "low", "high", "test_low", "test_high", "sd", "tolerance", "random_delta",
    "random_low", "random_high", "mean", "bias", "recall_delta", "recall_low", "recall_high", "slope", "slope_low",
    "slope_high", "bend", "bend_low", "bend_high",
}  # fmt: skip


def trial_rows(study: Study) -> Iterator[Row]:
    """One row a trial, full-data runs first."""
    deltas = {
        pair.pruned.spec.result_key: pair.delta
        for cell, _ in (*study.rows, *study.nulls, *(one.row for one in study.confirmed.values()))
        for pair in cell.pairs
    }
    # Trials of one condition share its columns, which take longest to write.
    known = cache(partial(condition_values, study))
    for result in study.results:
        yield {
            "result_key": result.spec.result_key,
            **known(condition_of(result.spec)),
            "seed": result.spec.seed,
            "value": None if study.reading.why_none(result) else study.reading.value(result),
            "delta": deltas.get(result.spec.result_key),
            **study.unit_columns,
            "flop": flop(result),
            **measured_columns(result),
        }


def envelope_rows(study: Study) -> Iterator[Row]:
    """One row a condition, then those that prune nothing, then confirmed lists."""
    lists = {one.row.cell.condition: one for one in study.confirmed.values()}
    for row in (*study.rows, *study.nulls, *(one.row for one in lists.values())):
        cell, v = row.cell, row.verdict
        listed = lists.get(cell.condition)
        needed = seeds_for(row, alpha=v.alpha) if v and not listed else None
        versus = listed.against_random if listed else study.comparisons.get(cell.condition)
        notes = [*cell.unpaired, versus.note if versus else ""]
        yield {
            **condition_values(study, cell.condition),
            **_values(v, _JUDGED),
            "tolerance": v.tolerance if v else study.tolerance,
            **study.unit_columns,
            "n_seeds": len(cell.seeds),
            "n_planned": cell.n_planned,
            "n_failed": cell.n_failed,
            "seeds": " ".join(map(str, cell.seeds)),
            "diverged_seeds": " ".join(map(str, cell.diverged)),
            "guards": "; ".join(one.text for one in row.guards),
            "more_seeds": needed.more if needed else None,
            "more_reason": _why_no_more(cell, needed, is_listed=listed is not None),
            **_values(versus, _AGAINST_RANDOM),
            "notes": "; ".join(filter(None, notes)),
        }


def _why_no_more(cell: Cell, needed: Needed | None, *, is_listed: bool) -> str:
    if needed:
        return needed.reason
    why = "a list is confirmed by the seeds of its plan alone" if is_listed else "not run yet"
    return "; ".join(cell.unpaired) or why


def verdict_rows(study: Study) -> Iterator[Row]:
    """One row a data set, method and warm-up."""
    for source in study.sources:
        corrected, found = smallest_p(study, source), found_rates(study, source)
        answer = answer_of(study, source)
        named, one = (
            answer.row.cell.condition.rate_curve if answer.row else None,
            answer.confirmation,
        )
        for curve, rows in rate_curves(study, source).items():
            safe = safe_of(rows)
            at = next((row for row in rows if row.cell.condition.rate == safe.tested), None)
            versus = study.comparisons.get(at.cell.condition) if at else None
            costs = best_measured_cost(at) if at else None
            condition = condition_values(study, rows[0].cell.condition)
            yield {
                **{name: condition[name] for name in OF_METHOD},
                "tested_rate": safe.tested,
                "found_rate": found[curve],
                "answer": answer.state if curve == named or (one and one.is_of(curve)) else None,
                "crossing_rate": safe.between,
                "low_rate": safe.low,
                "is_beyond": safe.is_beyond,
                "p_none_within": safe.p_none_within,
                "p_none_within_holm": corrected.get(curve),
                "against_random": versus.finding if versus else None,
                **_saved(costs[0] if costs else None),
            }


def signal_rows(study: Study) -> Iterator[Row]:
    """One row a condition held against random pruning of the same rate, warm-up and seeds."""
    for condition, versus in study.comparisons.items():
        yield {
            **condition_values(study, condition),
            "control_selector": versus.control.selector,
            "n_shared_seeds": len(versus.seeds),
            **study.unit_columns,
            **_values(versus, _AGAINST_RANDOM),
        }


def bias_rows(study: Study) -> Iterator[Row]:
    """One row a condition and class."""
    for cell, _ in study.rows:
        found = retention(cell, alpha=study.alpha)
        likeness = class_likenesses(cell, study.dropped)
        for k, name in enumerate(found.class_names if found else ()):
            assert found is not None
            yield {
                **condition_values(study, cell.condition),
                "class": name,
                "class_count": int(found.counts[k]),
                "kept_count": float(found.kept[k]),
                "likeness": likeness.get(name),
                **{column: _known(getattr(found, name)[k]) for column, name in _BY_CLASS.items()},
                "unit": "pp",
            }


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def leak_rows(study: Study) -> Iterator[Row]:
    """Two rows a condition, its clean and its leaked test rows, of data sets that have such rows."""
    lists = {one.row.cell.condition: one for one in study.confirmed.values()}
    for row in (*study.rows, *(one.row for one in lists.values())):
        listed = lists.get(row.cell.condition)
        share = 1 / listed.n_candidates if listed else 1.0
        for side, n, accuracy, verdict in side_verdicts(study, row, item_share=share):
            yield {
                **condition_values(study, row.cell.condition),
                "side": side,
                "n_test": n,
                "full_accuracy": accuracy,
                **_values(verdict, _ON_SIDE),
                "tolerance": verdict.tolerance,
                **study.unit_columns,
                "n_seeds": len(row.cell.seeds),
            }


def cost_rows(study: Study) -> Iterator[Row]:
    """One row a condition that has a pair."""
    spent = spent_by(study)
    for row in (*study.rows, *(one.row for one in study.confirmed.values())):
        if row.cell.pairs:
            yield _cost(study, row, spent[row.cell.condition.source])


def _cost(study: Study, row: JudgedCell, spent: Spent) -> Row:
    found = best_measured_cost(row)
    cost, measure = found or (None, None)
    shares = {measure: mean_cost(row.cell, measure) for measure in _MEASURES}
    timed = shares["seconds"]
    return {
        **condition_values(study, row.cell.condition),
        **{f"{name}_share": c.warmup + c.training if c else None for name, c in shares.items()},
        "measure": measure,
        "scoring_share": cost.scoring if cost else None,
        "scoring_seconds_share": timed.scoring if timed else None,
        **_saved(cost),
        "pays_from_runs": cost.break_even_runs if cost else None,
        "pays_from_epochs": pays_from_epochs(row.cell.condition, cost),
        **money_values(study.pricing, row, spent),
    }


def _saved(cost: Cost | None) -> Row:
    if cost is None:
        return dict.fromkeys(_SAVED)
    return {
        "saved_gross": cost.saved_gross,
        **{f"saved_net_{n}": cost.saved_net(n) for n in REUSES},
    }


def _values(one: object, attributes: Mapping[str, str]) -> Row:
    """By column the attribute of a verdict or comparison; None where there is none."""
    return {column: getattr(one, name, None) for column, name in attributes.items()}


# What `frames` and `prune-envelope table` offer.
TABLES = {
    "envelope": envelope_rows,
    "verdicts": verdict_rows,
    "signals": signal_rows,
    "bias": bias_rows,
    "leaks": leak_rows,
    "cost": cost_rows,
    "trials": trial_rows,
    "transfer": transfer_rows,
    "average": average_rows,
    "causes": cause_rows,
    "contrasts": contrast_rows,
    "leaders": leader_rows,
    "overlap": overlap_rows,
    "slopes": slope_rows,
}


def short_csv(study: Study, what: str) -> list[str]:
    """A table as the lines of a CSV file, numbers to six decimals: envelope.csv, the page's files."""
    return csv_lines(COLUMNS[what], map(shortened_floats, TABLES[what](study)))

"""The tables of the report: trials, envelope, compute and failures, and their CSV."""

import csv
import io
import math
from collections.abc import Iterable, Sequence

from analysis.cost import Cost, best_measured_cost, mean_cost
from analysis.envelope import JudgedCell
from analysis.methods import Method, method_of, source_of
from analysis.page.figures.style import Table, rounded
from analysis.seeds_needed import seeds_needed
from analysis.study import Study
from analysis.wording import MARKS, interval, percent, seeds_text, signed
from trainables.result import TrialResult

_ENVELOPE = (
    "data set", "data_sha", "model", "learner", "signal", "settings", "prune", "selector",
    "selector_settings", "protocol", "budget", "training", "warmup", "rate", "verdict", "mean_pp", "low_pp", "high_pp",
    "this_test_set_low_pp", "this_test_set_high_pp", "n_seeds", "n_planned", "n_failed", "seeds",
    "sd_pp", "run_sd_pp", "df", "pooled", "v_test_pp2", "p_within", "equivalent", "improved",
    "tolerance_pp", "more_seeds", "minus_random_pp", "minus_random_low_pp",
    "minus_random_high_pp", "p_holm", "against_random", "notes",
)  # fmt: skip
_TRIALS = (
    "trial", "data set", "method", "warm-up", "removed", "seed", "accuracy", "Δ pp", "kept",
    "train s", "status",
)  # fmt: skip
_COMPUTE = (
    "data set", "method", "warm-up", "removed", "examples", "tokens", "seconds", "scoring",
    "scoring s", "1 run", "5 runs", "20 runs", "pays from",
)  # fmt: skip

_TRIAL_FORMATS = ("", "", "", "%", "%", "", ".4", "+.2", ",", ".1", "")

Value = str | float | None


def guarded(value: Value) -> Value:
    """A cell no spreadsheet will run: text that opens like a formula gets an apostrophe."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        try:
            float(value)
        except ValueError:
            return "'" + value
    return value


def csv_text(table: Table) -> str:
    """A table as CSV with a header line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([guarded(value) for value in row] for row in table.rows)
    return text.getvalue()


def envelope_table(study: Study) -> Table:
    """Every cell with all that was computed of it, as envelope.csv holds it."""
    return Table(columns=_ENVELOPE, rows=tuple(_envelope_row(study, row) for row in study.rows))


def _envelope_row(study: Study, row: JudgedCell) -> tuple[Value, ...]:
    cell, v = row
    c = cell.condition
    named = (
        c.dataset, c.data_sha, c.model, c.learner, c.signal, _settings(c.settings), c.prune,
        c.selector, _settings(c.selector_settings), c.protocol, c.budget, _settings(sorted(vars(c.training).items())), c.warmup, c.rate,
    )  # fmt: skip
    counts = (cell.n_planned, cell.n_failed, " ".join(map(str, cell.seeds)))
    if v is None:
        judged: tuple[Value, ...] = ("", *[None] * 5, 0, *counts, *[None] * 8)
        after: tuple[Value, ...] = (study.tolerance_pp, None)
    else:
        bounds = (v.mean_pp, v.low_pp, v.high_pp, v.test_low_pp, v.test_high_pp)
        judged = (
            v.verdict, *(rounded(value, 6) for value in bounds), v.n_seeds, *counts,
            rounded(v.sd_pp, 6), rounded(v.run_sd_pp, 6), v.df, str(v.pooled),
            rounded(v.v_test_pp2, 9), rounded(v.p_within, 6), str(v.equivalent), str(v.improved),
        )  # fmt: skip
        after = (v.tolerance_pp, seeds_needed(v, alpha=study.alpha).more)
    return (*named, *judged, *after, *_against(study, row))


def _settings(pairs: Iterable[tuple[str, object]]) -> str:
    return " ".join(f"{name}={value}" for name, value in pairs)


def _against(study: Study, row: JudgedCell) -> tuple[Value, ...]:
    comparison = study.comparisons.get(row.cell.condition)
    notes = list(row.cell.unpaired)
    if comparison is None:
        return (None, None, None, None, "", "; ".join(notes))
    if comparison.note:
        notes.append(comparison.note)
    numbers = (comparison.mean_pp, comparison.low_pp, comparison.high_pp, comparison.p_holm)
    return (*(rounded(value, 6) for value in numbers), comparison.finding, "; ".join(notes))


def trial_table(study: Study) -> Table:
    """Every trial, baselines first."""
    deltas = {
        pair.pruned.spec.result_key: pair.delta_pp for row in study.rows for pair in row.cell.pairs
    }
    return Table(
        columns=_TRIALS,
        formats=_TRIAL_FORMATS,
        rows=tuple(
            _trial_row(study, result, deltas.get(result.spec.result_key))
            for result in study.results
        ),
    )


def method_label(study: Study, result: TrialResult) -> str:
    """What a trial was cut by, in words also where it was by nothing."""
    if result.spec.is_baseline:
        return "full data"
    if result.spec.kind == "null":
        return "nothing pruned, another order"
    method: Method = method_of(result.spec)
    return study.methods[method]


def _trial_row(study: Study, result: TrialResult, delta_pp: float | None) -> tuple[Value, ...]:
    spec = result.spec
    training = result.phases.get("training")
    return (
        spec.result_key[:12], study.sources[source_of(spec)], method_label(study, result),
        None if spec.is_baseline else spec.warmup, spec.rate, spec.seed,
        rounded(result.accuracy, 5) if result.is_ok else None, rounded(delta_pp),
        sum(result.kept_counts) or None, rounded(training.seconds, 1) if training else None,
        result.status,
    )  # fmt: skip


def compute_table(study: Study) -> Table:
    """What each condition used of a full run, and what it saves once and when reused."""
    rows = [_compute_row(study, row) for row in study.rows if row.cell.pairs]
    return Table(columns=_COMPUTE, rows=tuple(row for row in rows if row is not None))


def _compute_row(study: Study, row: JudgedCell) -> tuple[Value, ...] | None:
    condition = row.cell.condition
    found = best_measured_cost(row)
    if found is None:
        return None
    cost, _ = found
    timed = mean_cost(row.cell, "seconds")
    shares = [_trained(mean_cost(row.cell, measure)) for measure in ("examples", "tokens")]
    return (
        study.sources[source_of(condition)], study.methods[method_of(condition)],
        percent(condition.warmup), percent(condition.rate), *shares, _trained(timed),
        share(cost.scoring), "" if timed is None else share(timed.scoring),
        *(share(cost.saved_net(runs)) for runs in (1, 5, 20)), runs_text(cost),
    )  # fmt: skip


def _trained(cost: Cost | None) -> str:
    return "" if cost is None else share(cost.warmup + cost.training)


def share(value: float) -> str:
    """A share of a full run, to a tenth of a percent."""
    return f"{100 * value:.1f}%".replace("-", "−")


def runs_text(cost: Cost) -> str:
    """The run from which on pruning has paid for itself."""
    runs = cost.break_even_runs
    return "never" if runs > 1e6 else f"{max(1, math.ceil(runs)):,}"


def failure_rows(study: Study) -> list[Sequence[str]]:
    """Trials that failed: id, condition and why."""
    return [
        (
            result.spec.result_key[:12],
            f"{study.sources[source_of(result.spec)]}, {method_label(study, result)}, "
            f"{percent(result.spec.rate)} removed, seed {result.spec.seed}",
            result.error,
        )
        for result in study.results
        if not result.is_ok
    ]


def null_rows(study: Study) -> list[Sequence[str]]:
    """What chance alone does: data set, warm-up, mean and interval, spread between seeds, verdict."""
    return [
        (
            study.sources[source_of(cell.condition)],
            percent(cell.condition.warmup),
            f"{signed(v.mean_pp)} {interval(v.low_pp, v.high_pp)}",
            "" if v.sd_pp is None else f"{v.sd_pp:.2f}",
            seeds_text(v.n_seeds, cell.n_planned),
            f"{MARKS[v.verdict]} {v.verdict}",
        )
        for cell, v in study.nulls
        if v is not None
    ]


def unpaired_rows(study: Study) -> list[Sequence[str]]:
    """Cells that miss seeds: the condition, how many it has, and the reasons."""
    return [
        (
            f"{study.sources[source_of(cell.condition)]}, "
            f"{study.methods[method_of(cell.condition)]}, "
            f"{percent(cell.condition.warmup)} warm-up, {percent(cell.condition.rate)} removed",
            seeds_text(len(cell.seeds), cell.n_planned),
            "; ".join(cell.unpaired) or "not run yet",
        )
        for cell, _ in study.rows
        if len(cell.seeds) < cell.n_planned
    ]

"""Tidy pandas frames of a run, for notebooks and for `prune-envelope table`.

    from analysis.frames import envelope, load_run, verdicts
    envelope("runs/demo-f94449").query("rate == 0.1")

Each takes the folder of a run, several folders, or a Study. Rates and shares are fractions, names
that end in _pp percentage points; what is not known is NaN or None.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from analysis.class_retention import retention
from analysis.cost import Cost, best_measured_cost, break_even_epochs, flop, mean_cost
from analysis.envelope import JudgedCell
from analysis.methods import method_of
from analysis.safe_rates import ladders_of, safe_of, smallest_p
from analysis.seeds_needed import seeds_needed
from analysis.study import Study, read_runs
from trainables.result import PHASES, TrialResult
from trainables.spec import TrialSpec

Frame = Any  # pandas.DataFrame; pandas is imported where a frame is made
Run = Study | Path | str | Sequence[Path | str]
_MEASURES = ("examples", "tokens", "seconds")


def load_run(run: Run) -> Frame:
    """One row a trial, full-data runs first.

    Columns: the trial's key and condition, `status`, `error`, `warnings`, `accuracy`, `delta_pp`
    to its full-data run, `n_train`, `n_kept`, `n_test`, `twins_lost`, `neighbours_recall`, `parameters`, `flop`, `device`,
    `host`, `finished`, and per phase PHASE_seconds, _steps, _examples, _tokens, _padded_tokens.
    """
    study = _study(run)
    deltas = {
        pair.pruned.spec.result_key: pair.delta_pp
        for cell, _ in (*study.rows, *study.nulls)
        for pair in cell.pairs
    }
    return _frame(_trial(row, deltas.get(row.spec.result_key)) for row in study.results)


def envelope(run: Run) -> Frame:
    """One row a condition: its pairs, mean difference, intervals and verdict.

    Columns: the condition; `seeds`, `n_seeds`, `n_planned`, `n_failed`; `mean_pp` with `low_pp`
    and `high_pp` for the task and `test_low_pp`, `test_high_pp` for this very test set; `sd_pp` of
    its own, `run_sd_pp` as used with `df` and `pooled`, `v_test_pp2`; `verdict`, `equivalent`,
    `improved`, `p_within`; `more_seeds` that would settle it, or `more_reason` why none would;
    `is_null` where nothing was pruned.
    """
    study = _study(run)
    return _frame(_cell(study, row) for row in (*study.rows, *study.nulls))


def verdicts(run: Run) -> Frame:
    """One row a data set, method and warm-up: how much can go, and what that saves.

    Columns: `tested_rate`, the largest one within going up; `crossing_rate` and `low_rate`, where
    the mean and the lower bounds meet the line between rates; `is_beyond` where the mean never
    does; `p_any` and `p_any_holm` of "not even the smallest rate is within"; at the rate tested
    `against_random` and `saved_gross`, `saved_net_1`, `_5` and `_20`.
    """
    study = _study(run)
    found = []
    for source, name in study.sources.items():
        corrected = smallest_p(study, source)
        for ladder, rows in ladders_of(study, source).items():
            safe = safe_of(rows)
            at = next((row for row in rows if row.cell.condition.rate == safe.tested), None)
            versus = study.comparisons.get(at.cell.condition) if at else None
            costs = best_measured_cost(at) if at else None
            found.append({
                "data_set": name,
                **_method(study, rows[0].cell.condition),
                "warmup": ladder[1],
                "tested_rate": safe.tested,
                "crossing_rate": safe.between,
                "low_rate": safe.low,
                "is_beyond": safe.is_beyond,
                "p_any": safe.p_any,
                "p_any_holm": corrected.get(ladder),
                "against_random": versus.finding if versus else None,
                **_saved(costs[0] if costs else None),
            })  # fmt: skip
    return _frame(found)


def signals(run: Run) -> Frame:
    """One row a condition held against random pruning of the same rate, warm-up and seeds.

    Columns: the condition, `control` (its selector), `n_seeds`, `mean_pp` (above 0 the signal does
    better), `low_pp`, `high_pp`, one-sided `p`, `p_holm` over the data set, `finding`.
    """
    study = _study(run)
    return _frame(
        {
            **_condition(study, condition),
            "control": versus.control.selector,
            "n_seeds": len(versus.seeds),
            "mean_pp": versus.mean_pp,
            "low_pp": versus.low_pp,
            "high_pp": versus.high_pp,
            "p": versus.p,
            "p_holm": versus.p_holm,
            "finding": versus.finding,
        }
        for condition, versus in study.comparisons.items()
    )


def bias(run: Run) -> Frame:
    """One row a condition and class: kept against its share, and what its recall does.

    Columns: the condition, `class`, `n`, `kept` (mean over seeds), `bias_pp`, `z` against random
    pruning, `recall_delta_pp` with `recall_low_pp` and `recall_high_pp`.
    """
    study = _study(run)
    return _frame(_classes(study))


def cost(run: Run) -> Frame:
    """One row a condition: what it used of a full run, and what it saves.

    Columns: the condition; `examples`, `tokens` and `seconds` trained on, as shares of the full
    run of the same seed; `scoring` counted by `measure`, and `scoring_seconds`, with the search for
    neighbours and all else that is no pass over samples; `saved_gross` and `saved_net_1`, `_5`,
    `_20` (per run, when so many train on the same survivors) by `measure`; `pays_from_runs`; and
    `pays_from_epochs`, below which one scoring pass eats what a single run saves: 0 where nothing
    was passed over.
    """
    study = _study(run)
    return _frame(_cost(study, row) for row in study.rows if row.cell.pairs)


trials = load_run


def _study(run: Run) -> Study:
    if isinstance(run, Study):
        return run
    folders = [run] if isinstance(run, (str, Path)) else run
    return read_runs([Path(folder) for folder in folders])


def _frame(rows: Any) -> Frame:
    import pandas as pd

    return pd.DataFrame(list(rows))


def _method(study: Study, condition: TrialSpec) -> dict[str, Any]:
    names = ("signal", "settings", "prune", "selector", "selector_settings", "protocol", "budget")
    plain = {name: getattr(condition, name) for name in names}
    pairs = {name: _pairs(plain[name]) for name in ("settings", "selector_settings")}
    label = study.methods.get(method_of(condition), "nothing pruned, another order")
    return {"method": label, **plain, **pairs, "model": condition.model}


def _pairs(settings: Sequence[tuple[str, Any]]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings)


def _condition(study: Study, condition: TrialSpec) -> dict[str, Any]:
    return {
        "data_set": condition.dataset,
        **_method(study, condition),
        "warmup": condition.warmup,
        "rate": condition.rate,
    }


def _trial(row: TrialResult, delta_pp: float | None) -> dict[str, Any]:
    spec = row.spec
    names = (
        "dataset", "model", "learner", "seed", "warmup", "signal", "prune", "selector", "rate",
        "protocol", "budget",
    )  # fmt: skip
    phases = {
        f"{phase}_{measure}": getattr(row.phases[phase], measure) if phase in row.phases else None
        for phase in PHASES
        for measure in ("seconds", "steps", "examples", "tokens", "padded_tokens")
    }
    return {
        "trial": spec.result_key,
        **{name.replace("dataset", "data_set"): getattr(spec, name) for name in names},
        "settings": _pairs(spec.settings),
        "selector_settings": _pairs(spec.selector_settings),
        "status": row.status,
        "error": row.error,
        "warnings": "; ".join(row.warnings),
        "accuracy": row.accuracy,
        "delta_pp": delta_pp,
        "n_train": sum(row.class_counts),
        "n_kept": sum(row.kept_counts),
        "n_test": row.n_test,
        "twins_lost": row.twins_lost,
        "neighbours_recall": row.neighbours_recall,
        "parameters": row.parameters,
        "flop": flop(row),
        "device": row.environment.get("device"),
        "host": row.host,
        "finished": row.finished,
        **phases,
    }


def _cell(study: Study, row: JudgedCell) -> dict[str, Any]:
    cell, v = row
    needed = seeds_needed(v, alpha=study.alpha) if v else None
    judged = (
        "mean_pp", "low_pp", "high_pp", "test_low_pp", "test_high_pp", "sd_pp", "run_sd_pp", "df",
        "pooled", "v_test_pp2", "p_within", "equivalent", "improved",
    )  # fmt: skip
    return {
        **_condition(study, cell.condition),
        "verdict": v.verdict if v else None,
        **{name: getattr(v, name, None) for name in judged},
        "n_seeds": len(cell.seeds),
        "n_planned": cell.n_planned,
        "n_failed": cell.n_failed,
        "seeds": " ".join(map(str, cell.seeds)),
        "more_seeds": needed.more if needed else None,
        "more_reason": needed.reason if needed else "; ".join(cell.unpaired) or "not run yet",
        "tolerance_pp": study.tolerance_pp,
        "is_null": cell.condition.kind == "null",
    }


def _classes(study: Study) -> Iterator[dict[str, Any]]:
    for cell, _ in study.rows:
        found = retention(cell, alpha=study.alpha)
        for k, name in enumerate(found.class_names if found else ()):
            assert found is not None
            arrays = ("bias_pp", "z", "recall_delta_pp", "recall_low_pp", "recall_high_pp")
            yield {
                **_condition(study, cell.condition),
                "class": name,
                "n": int(found.counts[k]),
                "kept": float(found.kept[k]),
                **{column: float(getattr(found, column)[k]) for column in arrays},
            }


def _cost(study: Study, row: JudgedCell) -> dict[str, Any]:
    condition = row.cell.condition
    found = best_measured_cost(row)
    shares = {measure: mean_cost(row.cell, measure) for measure in _MEASURES}
    return {
        **_condition(study, condition),
        **{m: c.warmup + c.training if c else None for m, c in shares.items()},
        "measure": found[1] if found else None,
        "scoring": found[0].scoring if found else None,
        "scoring_seconds": timed.scoring if (timed := shares["seconds"]) else None,
        **_saved(found[0] if found else None),
        "pays_from_runs": found[0].break_even_runs if found else None,
        "pays_from_epochs": _pays_from_epochs(condition, found[0] if found else None),
    }


def _pays_from_epochs(condition: TrialSpec, cost: Cost | None) -> float | None:
    if condition.protocol != "continue":
        return None
    if cost and not cost.scoring:
        return 0.0
    return break_even_epochs(condition.rate, condition.warmup)


def _saved(cost: Cost | None) -> dict[str, float | None]:
    nets = {f"saved_net_{n}": cost.saved_net(n) if cost else None for n in (1, 5, 20)}
    return {"saved_gross": cost.saved_gross if cost else None, **nets}

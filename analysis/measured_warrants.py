"""From fresh seeds on one list of rows to its warrant."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from analysis.answers import is_outside
from analysis.class_retention import hurt_most
from analysis.confirmation import Confirmation, level_of
from analysis.cost import counted_cost, mean_cost, measured_cost
from analysis.envelope import Cell, JudgedCell
from analysis.guards import Guarded
from analysis.intervals import item_variance
from analysis.methods import Condition
from analysis.pairing import pairing_key
from analysis.seeds_needed import seeds_to_settle
from analysis.study import Study
from analysis.undecided import needed_test_rows, open_verdicts
from analysis.verdicts import Verdict
from analysis.warrants import (
    Measured,
    SweepVerdict,
    Warrant,
    WarrantedClass,
    WarrantedGuard,
    WarrantState,
)


def warrant_of(
    study: Study,
    one: Confirmation,
    *,
    list_sha: str,
    is_of_run: bool = False,
    sweep: SweepVerdict | None = None,
    gpus: float = 0.0,
) -> Warrant:
    """The warrant of a list, as far as its fresh seeds have run.

    Args:
        study: The run that they are rows of.
        one: What they say.
        list_sha: First 12 digits of the hash of the list's rows.
        is_of_run: Whether it is the run's own confirmation.
        sweep: What the sweep says of the list's condition.
        gpus: Accelerators that a trial is given.
    """
    row, metric = one.row, study.metric
    cell, v = row.cell, row.verdict
    state = _state(study, one)
    told = Warrant(
        list_sha=list_sha,
        dataset=study.sources.get(cell.condition.source, cell.condition.dataset),
        state=state,
        verdict=v.verdict if v else "inconclusive",
        metric=metric.name,
        label=metric.label,
        noun=metric.noun,
        unit=metric.unit,
        scale=metric.scale,
        higher=metric.higher,
        tolerance=v.tolerance if v else study.tolerance,
        gain_share=study.by.margin.value if study.by.margin.is_share else None,
        level=v.alpha if v else level_of(one.earlier),
        n_candidates=one.n_candidates,
        earlier=one.earlier,
        n_planned=cell.n_planned,
        n_failed=one.n_failed,
        rate=cell.condition.rate,
        is_random=cell.condition.is_control,
        sweep=sweep,
        is_of_run=is_of_run,
        gpus=gpus,
    )
    return replace(told, **_of_pairs(study, one), **_of_random(one), **_settled_by(one, state))


def sweep_verdict(
    study: Study, condition: Condition, *, agreement: float | None = None
) -> SweepVerdict | None:
    """What a sweep says of a condition alone; None where it has no interval of it.

    Args:
        study: The sweep's run.
        condition: Of its pruned trials.
        agreement: As `SweepVerdict.agreement`.
    """
    found = (row for row in study.rows if row.cell.condition == condition)
    row = next(found, None)
    if row is None or row.verdict is None or row.verdict.low is None:
        return None
    return SweepVerdict(
        verdict=row.verdict.verdict,
        change=_bounded(row.verdict),
        seeds=row.verdict.n_seeds,
        protocol=condition.protocol,
        rate=condition.rate,
        agreement=agreement,
    )


def _state(study: Study, one: Confirmation) -> WarrantState:
    worth = study.learned.get(one.row.cell.condition.question)
    if worth is not None and not worth.is_shown:
        return "no answer"
    if not one.is_over:
        return "incomplete"
    if one.passes:
        return "passed"
    return "loses more" if is_outside(one.row) else "not decided"


def _bounded(v: Verdict) -> Measured:
    return Measured(mean=v.mean, low=v.low, high=v.high)


def _of_pairs(study: Study, one: Confirmation) -> dict[str, Any]:
    """What the pairs of list and full-data run show; nothing where there is none."""
    cell, v = one.row.cell, one.row.verdict
    if v is None or not cell.pairs:
        return {}
    first = cell.pairs[0].pruned
    full, pruned = (
        [study.reading.value(getattr(pair, arm)) for pair in cell.pairs]
        for arm in ("baseline", "pruned")
    )
    share = 1 / one.n_candidates
    worst = hurt_most(cell, alpha=v.alpha, item_share=share) if first.class_names else None
    return {
        "change": None if v.no_value else _bounded(v),
        "by_runs": None if v.no_value else Measured(mean=v.mean, low=v.test_low, high=v.test_high),
        "seeds": cell.seeds,
        "diverged": v.diverged,
        "few": v.few,
        "full": None if v.no_value else float(np.mean(full)),
        "pruned": None if v.no_value else float(np.mean(pruned)),
        "n_train": sum(first.class_counts),
        "n_kept": sum(first.kept_counts),
        "n_test": first.n_test,
        "worst": worst
        and WarrantedClass(
            name=worst.name,
            change=Measured(mean=worst.recall_delta_pp, low=worst.low, high=worst.high),
            n_test=worst.n_test,
            kept=round(worst.kept),
            count=worst.count,
        ),
        "guards": tuple(_guard(own) for own in _by_guard(one.row.guards)),
        "environment": dict(first.environment),
        **_saved(cell),
        **_spent(study, one),
    }


def _by_guard(guards: Sequence[Guarded]) -> Iterable[list[Guarded]]:
    found: dict[str, list[Guarded]] = {}
    for one in guards:
        found.setdefault(one.guard, []).append(one)
    return found.values()


def _guard(own: Sequence[Guarded]) -> WarrantedGuard:
    """Of the classes or groups of one guard the one with least to spare."""
    order = {"outside": 0, "inconclusive": 1, "within": 2}

    def spare(one: Guarded) -> tuple[int, float]:
        v = one.verdict
        lowest = v.mean if v.low is None else v.low
        return order[v.verdict], (-np.inf if v.no_value else lowest + v.tolerance)

    one = min(own, key=spare)
    v = one.verdict
    return WarrantedGuard(
        text=one.guard,
        label=one.label,
        group=one.group,
        verdict=v.verdict,
        change=None if v.no_value else Measured(mean=v.mean, low=one.low, high=one.high),
        unit=one.metric.unit,
        tolerance=v.tolerance,
    )


def _saved(cell: Cell) -> dict[str, Any]:
    """What a run on the list takes less than one with all rows."""
    timed = mean_cost(cell, "seconds")
    if timed is None:
        return {}
    full_s = float(np.mean([pair.baseline.phases["training"].seconds for pair in cell.pairs]))
    each = [measured_cost(pair, "seconds") for pair in cell.pairs]
    agree = len({cost.rate > 0 for cost in each if cost is not None}) == 1
    found: dict[str, Any] = {"full_s": full_s, "saves_s": timed.rate * full_s if agree else 0.0}
    counted = counted_cost(cell) or ((timed, "seconds") if agree else None)
    if counted is None:
        return found
    cost, measure = counted
    return {**found, "saves_share": cost.rate, "saves_of": measure}


def _spent(study: Study, one: Confirmation) -> dict[str, Any]:
    """Which trials the warrant rests on, what they took together, and when the last ended."""
    cells = [cell for cell in (one.row.cell, one.control) if cell is not None]
    pairs = [pair for cell in cells for pair in cell.pairs]
    trials = {
        (row.spec.result_key, pairing_key(row)): row
        for pair in pairs
        for row in (pair.pruned, pair.baseline)
    }
    phases = [
        row.phases.get(name) for row in trials.values() for name in ("training", "evaluation")
    ]
    return {
        "n_trials": len(trials),
        "took_s": sum(phase.seconds for phase in phases if phase),
        "made": max((row.finished for row in trials.values()), default=""),
    }


def _of_random(one: Confirmation) -> dict[str, Any]:
    beside = one.against_random
    if beside is None:
        return {}
    change = Measured(mean=beside.mean, low=beside.low, high=beside.high)
    return {"random_finding": beside.finding, "random": change}


def _settled_by(one: Confirmation, state: WarrantState) -> dict[str, Any]:
    """What would settle a list that is not decided: another try of more fresh seeds, or test rows.

    The other try starts from nothing, at the level of a list after this one.
    """
    if state != "not decided":
        return {}
    again = level_of(one.earlier + 1)
    share = 1 / one.n_candidates
    rows = [needed_test_rows(v, alpha=v.alpha) for v in _open(one.row, share)]
    enough = max((n for n in rows if n), default=None) if all(rows) else None
    seeds = 0
    for v in _open(one.row, share, alpha=again):
        needed = seeds_to_settle(v, alpha=again)
        if needed.more is None:
            return {"why_open": needed.reason, "more_rows": enough}
        # As many as chose it: of fewer the interval is wider than it is reckoned here.
        searched = v.parts.searched if v.parts and one.n_candidates > 1 else 0
        seeds = max(seeds, v.n_seeds + needed.more, searched)
    return {"more_seeds": seeds or None, "more_rows": enough}


def _open(row: JudgedCell, share: float, alpha: float | None = None) -> list[Verdict]:
    """What is open of a list, with the choice of test rows counted at its share of a level."""
    return [_at(v, v.alpha if alpha is None else alpha, share) for v in open_verdicts(row).values()]


def _at(v: Verdict, alpha: float, share: float) -> Verdict:
    """A verdict whose `test_variance`, times z of a level, is what its interval holds at that level."""
    if v.parts is None:
        return v
    stricter = float(ndtri(share * alpha)) / float(ndtri(alpha))
    variance = v.scale**2 * float(item_variance(v.parts, share * alpha)) * stricter**2
    return replace(v, test_variance=variance)

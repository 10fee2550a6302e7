"""Facts of an answer's condition: rows, the metric, what is saved, who is hurt most, what is guarded."""

from dataclasses import dataclass

import numpy as np

from analysis.answers import Answer
from analysis.class_retention import hurt_most
from analysis.class_shares import by_training_shares
from analysis.cost import counted_cost, mean_cost, measured_cost
from analysis.envelope import Cell, JudgedCell
from analysis.leaks import level_of_answer
from analysis.page.guard_words import guard_facts
from analysis.page.money_words import saved_price, study_pays
from analysis.page.next_step import record_of
from analysis.page.phrases import by_text, change_text, known_values, words_of
from analysis.short_paths import short_path
from analysis.study import Study
from analysis.wording import interval, percent, seconds_text, seeds_text, signed, trained_label

_ARMS = ("baseline", "pruned")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact.

    Attributes:
        label: What it is about.
        value: In a few words.
        detail: What belongs to it.
    """

    label: str
    value: str
    detail: str = ""


def facts(study: Study, answer: Answer, *, saving: bool = True) -> tuple[Fact, ...]:
    """What is known of an answer's condition, and of no other.

    Args:
        study: The run.
        answer: With a condition.
        saving: Whether what is saved belongs to it: not where nothing is to be dropped.
    """
    row = answer.row
    if row is None or row.verdict is None:
        return ()
    found = [_rows(row.cell, "go" if saving else "would go"), _value(study, answer, row)]
    found.append(_by_training_shares(study, answer, row))
    if saving:
        found.append(_saves(study, row))
    found.append(_hurt(study, row))
    found += [Fact(label=a, value=b, detail=c) for a, b, c in guard_facts(row)]
    if saving:
        found.append(_file(study, answer, row))
    return tuple(fact for fact in found if fact is not None)


def _file(study: Study, answer: Answer, row: JudgedCell) -> Fact | None:
    """Where these rows were written to; the same place may hold something else by now."""
    written = record_of(study, answer)
    if written is None:
        return None
    return Fact(
        label="File",
        value=short_path(written.out),
        detail=f"written {written.made[:10]}, cut {by_text(row)}: list {written.hash}",
    )


def _rows(cell: Cell, go: str) -> Fact | None:
    if cell.condition.kind == "dynamic":
        skipped = f"about {percent(cell.condition.rate)} skipped each epoch"
        return Fact(
            label="Rows", value=skipped, detail="chosen anew each time; all stay in the file"
        )
    first = cell.pairs[0].pruned
    n, kept = sum(first.class_counts), sum(first.kept_counts)
    # Rows without classes are not counted by class: the share alone is known of them.
    value = f"{n - kept:,} of {n:,} {go}" if n else f"{percent(cell.condition.rate)} {go}"
    stay = [f"{kept:,} stay"] if n else []
    if cell.condition.scored_by:
        stay.append(f"list {first.kept_sha[:8]}")
    return Fact(label="Rows", value=value, detail=": ".join(stay))


def _value(study: Study, answer: Answer, row: JudgedCell) -> Fact | None:
    """The metric with all rows and with those that stay, and its change."""
    words, v = words_of(study), row.verdict
    assert v is not None, "only judged conditions have facts"
    seeds = seeds_text(len(row.cell.pairs), 0)
    if row.cell.condition.kind == "fixed":
        seeds = seeds.replace(" ", " fresh ")
    arms = [known_values(study, row, arm) for arm in _ARMS]
    means = [float(np.mean(arm)) for arm in arms if len(arm) == len(row.cell.pairs)]
    change = change_text(study, answer, v)
    if words.is_accuracy and len(means) == len(_ARMS):
        # Of the means themselves: to the last digit what the two values beside it differ by.
        change = words.change(100 * (means[1] - means[0]), answer.low, answer.high)
    return Fact(
        label=words.title,
        value=" → ".join(words.value(mean) for mean in means),
        detail=f"{change}; {trained_label(row.cell.condition.method)}, {seeds}",
    )


def _by_training_shares(study: Study, answer: Answer, row: JudgedCell) -> Fact | None:
    """Accuracy by the class shares of training, where those of the test rows are others."""
    words, v = words_of(study), row.verdict
    if not words.is_accuracy or v is None:
        return None
    alpha, share = level_of_answer(study, answer, row)
    found = by_training_shares(row.cell, tolerance=v.tolerance, alpha=alpha, item_share=share)
    if found is None:
        return None
    own = found.verdict
    told = f", {own.verdict}" * (own.verdict != v.verdict)
    few = ", ".join(found.left_out)
    return Fact(
        label="By the class shares of training",
        value=f"{words.value(found.full)} → {words.value(found.pruned)}",
        detail=f"{words.change(own.mean, own.low, own.high)}{told}; by those of the test rows, of which "
        f"{percent(round(found.gap, 2))} would have to be of another class, {words.number(v.mean)}"
        f"{f'; without {few}, of which too few rows are tested' * bool(few)}",
    )


def _saves(study: Study, row: JudgedCell) -> Fact | None:
    """Seconds first; samples beside them where the two disagree on whether anything is saved."""
    timed, found = mean_cost(row.cell, "seconds"), counted_cost(row.cell)
    if timed is None or found is None:
        return None
    counted, measure = found
    is_restart = row.cell.condition.protocol == "restart"
    # Of a run that goes on, only itself was measured, and it pays for its scoring; afresh, every
    # later run on the survivors saves as much.
    by_clock, by_count = (
        cost.rate if is_restart else cost.rate - cost.once for cost in (timed, counted)
    )
    if is_restart and not _agree_by_clock(row.cell):
        return Fact(
            label="Each later run",
            value=f"trains on {percent(round(by_count, 3))} fewer {measure}",
            detail="by the clock the seeds do not agree on a saving",
        )
    full_s = float(np.mean([pair.baseline.phases["training"].seconds for pair in row.cell.pairs]))
    scoring = seconds_text(timed.scoring * full_s)
    # Drawn by lot a list costs nothing; one that several seeds scored took the scoring of them all.
    is_free = row.cell.condition.is_control
    making = "" if is_free else f"; making the list took {seconds_text(timed.once * full_s)}"
    detail = f"{percent(round(abs(by_clock), 3))} of its time"
    if (by_clock < 0) != (by_count < 0):
        less = "fewer" if by_count > 0 else "more"
        detail += f", though {percent(round(abs(by_count), 3))} {less} {measure}"
    detail += making if is_restart else f", its scoring of {scoring} counted"
    rest = "" if is_restart else "; training afresh on what is left was not tried"
    run = "Each later run" if is_restart else "This run"
    joined = "of" if by_clock >= 0 else "on top of"
    return Fact(
        label=f"{run} saves" if by_clock >= 0 else f"{run} costs more",
        value=f"{seconds_text(abs(by_clock) * full_s)} {joined} {seconds_text(full_s)}"
        f"{saved_price(study, row, abs(by_clock) * full_s)}",
        detail=f"{detail}{rest}{study_pays(study, row) if by_clock > 0 else ''}",
    )


def _agree_by_clock(cell: Cell) -> bool:
    """Whether every seed's run was quicker than its full-data run, or every one slower."""
    costs = [measured_cost(pair, "seconds") for pair in cell.pairs]
    return len({cost.rate > 0 for cost in costs if cost is not None}) == 1


def _hurt(study: Study, row: JudgedCell) -> Fact | None:
    if not row.cell.pairs[0].pruned.class_names:
        return None
    one, alpha, share = study.confirmed.get(row.cell.condition.source), study.alpha, 1.0
    if one is not None and one.row is row and row.verdict is not None:
        alpha, share = row.verdict.alpha, 1 / one.n_candidates
    worst = hurt_most(row.cell, alpha=alpha, item_share=share)
    if worst is None:
        return None
    likely = f" {interval(worst.low, worst.high)}".rstrip()
    missed = round(-worst.recall_delta_pp / 100 * worst.n_test)
    more = f"{abs(missed):,} {'more' if missed >= 0 else 'fewer'} missed of {worst.n_test:,} tested"
    if row.cell.condition.kind != "dynamic":
        more += f"; {worst.kept:,.0f} of {worst.count:,} rows stay"
    return Fact(
        label="Hurt most" if worst.recall_delta_pp < 0 else "Gains least",
        value=f"“{worst.name}”: {signed(worst.recall_delta_pp)}{likely} points",
        detail=more,
    )

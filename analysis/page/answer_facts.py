"""Facts of an answer's condition: rows, the metric, what is saved, who is hurt most, what is guarded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

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
from analysis.page.phrases import by_text, kept_text, known_values, words_of
from analysis.page.training_words import labels_seen
from analysis.short_paths import short_path
from analysis.study import Study
from analysis.wording import (
    experiment,
    percent,
    seconds_text,
    seeds_text,
    shortened,
    signed,
    trained_label,
)

_ARMS = ("baseline", "pruned")
# Of a class's name.
_LONGEST = 40


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact.

    Attributes:
        label: What it is about.
        value: In a few words.
        detail: What belongs to it.
        is_folded: Whether it is shown to those alone who ask for more.
    """

    label: str
    value: str
    detail: str = ""
    is_folded: bool = False


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
    shown = [_rows(row.cell) if saving else None, _value(study, answer, row)]
    shown += [_perplexity(study, row)]
    shown += [_saves(study, row) if saving else None, *_hurt(study, row)]
    more = [
        None if saving else _rows(row.cell, "would go"),
        _trained(row),
        _kept(study, answer, row),
    ]
    more += [_by_training_shares(study, answer, row), _list(row.cell), _labels(study, answer, row)]
    more += [Fact(label=a, value=b, detail=c) for a, b, c in guard_facts(row)]
    more += [_pays(study, row), _file(study, answer, row)] if saving else []
    folded = [replace(fact, is_folded=True) for fact in more if fact is not None]
    return (*(fact for fact in shown if fact is not None), *folded)


def _trained(row: JudgedCell) -> Fact:
    """What was trained, and how often."""
    seeds = seeds_text(len(row.cell.pairs), 0)
    if row.cell.condition.kind == "fixed":
        seeds = f"{seeds.replace(' ', ' new ')} that had no part in choosing the rows"
    told = experiment(row.cell.condition)
    return Fact(
        label="Trained", value=trained_label(row.cell.condition.method), detail=f"{seeds}; {told}"
    )


def _kept(study: Study, answer: Answer, row: JudgedCell) -> Fact | None:
    """What is kept of the gain, where the margin is a share of it."""
    assert row.verdict is not None, "only judged conditions have facts"
    told = kept_text(study, replace(row.verdict, low=answer.low, high=answer.high))
    return Fact(label="Kept", value=told.removeprefix(", so it ")) if told else None


def _list(cell: Cell) -> Fact | None:
    """The name of the one list of rows that was trained on."""
    first = cell.pairs[0].pruned
    return (
        Fact(label="List of rows", value=first.kept_sha[:8]) if cell.condition.scored_by else None
    )


def _labels(study: Study, answer: Answer, row: JudgedCell) -> Fact | None:
    """What speaks for wrong labels among the removed rows, where the model improved without them."""
    word, told = labels_seen(row)
    is_asked = told and answer.rate and answer.low is not None and answer.low > 0
    return (
        Fact(label="Wrong labels among the removed", value=word, detail=told) if is_asked else None
    )


def _pays(study: Study, row: JudgedCell) -> Fact | None:
    """After how many runs this study has paid."""
    when, cost = study_pays(study, row)
    return Fact(label="This study", value=when, detail=cost) if when else None


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


def _rows(cell: Cell, go: str = "go") -> Fact | None:
    if cell.condition.kind == "dynamic":
        skipped = f"about {percent(cell.condition.rate)} skipped each epoch"
        return Fact(
            label="Rows", value=skipped, detail="chosen anew each time; all stay in the file"
        )
    first = cell.pairs[0].pruned
    n, kept = sum(first.class_counts), sum(first.kept_counts)
    # Rows without classes are not counted by class: the share alone is known of them.
    value = f"{n - kept:,} of {n:,} {go}" if n else f"{percent(cell.condition.rate)} {go}"
    return Fact(label="Rows", value=value, detail=f"{kept:,} stay" if n else "")


def _value(study: Study, answer: Answer, row: JudgedCell) -> Fact | None:
    """The metric with all rows and with those that stay, and its change."""
    words, v = words_of(study), row.verdict
    assert v is not None, "only judged conditions have facts"
    arms = [known_values(study, row, arm) for arm in _ARMS]
    means = [float(np.mean(arm)) for arm in arms if len(arm) == len(row.cell.pairs)]
    return Fact(
        label=words.title,
        value=words.span(means[0], means[-1], "→") if len(means) == len(_ARMS) else "",
        detail=words.turned(v.mean, answer.low, answer.high),
    )


def _perplexity(study: Study, row: JudgedCell) -> Fact | None:
    """The token loss as most people read it."""
    means = [float(np.mean(known_values(study, row, arm) or [np.nan])) for arm in _ARMS]
    told = [words_of(study).perplexity(mean) for mean in means if np.isfinite(mean)]
    if len(told) < len(_ARMS) or not all(told):
        return None
    return Fact(label="Perplexity", value=" → ".join(told))


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
    # Drawn by lot a list costs nothing; one that several seeds scored took the scoring of them all.
    is_free = row.cell.condition.is_control
    making = "" if is_free else f"; the list took {seconds_text(timed.once * full_s)} once"
    detail = f"{percent(round(abs(by_clock), 3))} of its time"
    if (by_clock < 0) != (by_count < 0):
        less = "fewer" if by_count > 0 else "more"
        detail += f", though {percent(round(abs(by_count), 3))} {less} {measure}"
    detail += making if is_restart else ", scoring counted; training afresh was not tried"
    run = "Each later run" if is_restart else "This run"
    joined = "of" if by_clock >= 0 else "on top of"
    return Fact(
        label=f"{run} saves" if by_clock >= 0 else f"{run} costs more",
        value=f"{seconds_text(abs(by_clock) * full_s)} {joined} {seconds_text(full_s)}"
        f"{saved_price(study, row, abs(by_clock) * full_s)}",
        detail=detail,
    )


def _agree_by_clock(cell: Cell) -> bool:
    """Whether every seed's run was quicker than its full-data run, or every one slower."""
    costs = [measured_cost(pair, "seconds") for pair in cell.pairs]
    return len({cost.rate > 0 for cost in costs if cost is not None}) == 1


def _hurt(study: Study, row: JudgedCell) -> Iterator[Fact]:
    """The class whose recall changes worst; its interval is for those who ask for more."""
    if not row.cell.pairs[0].pruned.class_names:
        return
    one, alpha, share = study.confirmed.get(row.cell.condition.source), study.alpha, 1.0
    if one is not None and one.row is row and row.verdict is not None:
        alpha, share = row.verdict.alpha, 1 / one.n_candidates
    worst = hurt_most(row.cell, alpha=alpha, item_share=share)
    if worst is None:
        return
    missed = round(-worst.recall_delta_pp / 100 * worst.n_test)
    count = f"{abs(missed):,}" if missed else "less than 1"
    more = f"{count} {'more' if worst.recall_delta_pp < 0 else 'fewer'} missed of {worst.n_test:,} tested"
    if row.cell.condition.kind != "dynamic":
        more += f"; {worst.kept:,.0f} of {worst.count:,} rows stay"
    label = "Hurt most" if worst.recall_delta_pp < 0 else "Gains least"
    name = f"“{shortened(worst.name, _LONGEST)}”"
    yield Fact(label=label, value=f"{name}: {signed(worst.recall_delta_pp)} points", detail=more)
    if worst.low is not None and worst.high is not None:
        likely = f"likely {signed(worst.low)} to {signed(worst.high)} points"
        yield Fact(label="Change of its recall", value=likely, detail=f"of {name}", is_folded=True)

"""The numbers of a warrant, each with what it is of."""

from collections.abc import Iterator

from analysis.page.answer_facts import Fact
from analysis.page.warrant_phrases import guard_change, warranted_change, words_of_warrant
from analysis.warrants import Warrant
from analysis.wording import percent, seconds_text, signed
from trainables.written_numbers import many


def warrant_facts(w: Warrant) -> Iterator[Fact]:
    """The numbers of a warrant; nothing that was not measured."""
    words = words_of_warrant(w)
    if w.n_train:
        yield Fact(
            label="Rows",
            value=f"{w.n_train - w.n_kept:,} of {w.n_train:,} go",
            detail=f"{w.n_kept:,} stay: list {w.list_sha}",
        )
    # Of seeds that have not all run no number is said that could be taken for an answer.
    if w.state == "incomplete" or w.change is None or w.full is None or w.pruned is None:
        return
    yield Fact(
        label=words.title,
        value=f"{words.value(w.full)} → {words.value(w.pruned)}",
        detail=f"{warranted_change(w, w.change)}; the line is {words.line(w.tolerance)}",
    )
    yield Fact(label="Seeds", value=f"{len(w.seeds)} new ones", detail=_seeds(w))
    if fresh := _fresh(w):
        yield fresh
    if w.worst:
        c = w.worst.change
        likely = "" if c.low is None or c.high is None else f" [{signed(c.low)}, {signed(c.high)}]"
        yield Fact(
            label="Hurt most" if c.mean < 0 else "Gains least",
            value=f"“{w.worst.name}”: recall {signed(c.mean)}{likely} points",
            detail=f"{many(w.worst.n_test, 'test row')}; {w.worst.kept:,} of {w.worst.count:,} training rows stay",
        )
    for one in w.guards:
        yield Fact(label=f"Guard {one.text}", value=one.verdict, detail=guard_change(one))
    yield from _cost(w)


def _seeds(w: Warrant) -> str:
    is_run = w.seeds == tuple(range(w.seeds[0], w.seeds[-1] + 1)) and len(w.seeds) > 2
    named = f"{w.seeds[0]} to {w.seeds[-1]}" if is_run else ", ".join(map(str, w.seeds))
    return f"{named}; none of them had a part in choosing the rows"


def _fresh(w: Warrant) -> Fact | None:
    """Which part of the uncertainty is of fresh seeds, and which of test rows that were looked at."""
    if w.by_runs is None or w.by_runs.low is None:
        return None
    among = (
        f"looked at to choose among {w.n_candidates} cuts, so they count at 1/{w.n_candidates} of the error"
        if w.n_candidates > 1
        else "not looked at to choose among several cuts"
    )
    return Fact(
        label="Fresh",
        value=f"the seeds: alone they give {words_of_warrant(w).interval(w.by_runs.low, w.by_runs.high)}",
        detail=f"not fresh: the {w.n_test:,} test rows, {among}",
    )


def _clock(w: Warrant) -> str:
    """What the clock says of a run's length, in words."""
    if not w.saves_s:
        return "by the clock the seeds do not agree on a saving"
    size = seconds_text(abs(w.saves_s))
    if w.saves_s > 0:
        return f"by the clock of these runs {size} of {seconds_text(w.full_s)}"
    return (
        f"by the clock it took {size} more than the {seconds_text(w.full_s)} of a run on all rows"
    )


def _cost(w: Warrant) -> Iterator[Fact]:
    if w.saves_of:
        share = percent(round(abs(w.saves_share), 3))
        less, saves = ("fewer", "saves") if w.saves_share >= 0 else ("more", "takes more, by")
        yield Fact(
            label="Each later run",
            value=f"trains on {share} {less} {w.saves_of}"
            if w.saves_of != "seconds"
            else f"{saves} {share} of its time",
            detail=_clock(w),
        )
    if w.n_trials:
        device = str(w.environment.get("device", ""))
        hours = f"{w.took_s * w.gpus / 3600:.2g} GPU-hours; " if w.gpus else ""
        yield Fact(
            label="Measured",
            value=f"{many(w.n_trials, 'trial')}, {seconds_text(w.took_s)} together",
            detail=f"{hours}{w.made[:10]}{f'; {device}' if device else ''}",
        )

"""What the prune command prints: the list, what making it takes, what a warrant takes, what was written."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from analysis.chosen_conditions import Chosen
from analysis.page.warrant_words import warrant_words
from analysis.pruned_files import ClassCount, PruneRecord
from analysis.warrants import Warrant
from analysis.wording import percent, seconds_text, whole_percent
from orchestrator.planning.tasks import TASKS, Task
from orchestrator.pruning.survivors import Survivors
from orchestrator.pruning.warrant import PlannedWarrant
from orchestrator.pruning.warrant import price as price_of
from trainables.data.columns import excerpt
from trainables.data.dataset import Dataset
from trainables.spec import TrialSpec
from trainables.written_numbers import many

_CLASSES = 20  # lines of them on a terminal


def print_chosen(chosen: Chosen, console: Console) -> None:
    """The condition, and what the run says of it."""
    console.print(chosen.words, highlight=False)
    said = chosen.said.removeprefix(f"{chosen.words}: ").removeprefix(f"{chosen.answer.name}: ")
    console.print(f"  {said[:1].upper()}{said[1:]}", highlight=False)
    if not chosen.is_shown:
        console.print("  The run does not show it to be within the margin.", style="yellow")


def print_remaking(
    chosen: Chosen, spec: TrialSpec, left: Sequence[Task], store: Path, console: Console
) -> None:
    """That scores are made again, and what that takes.

    Args:
        chosen: The condition.
        spec: The list that needs them.
        left: What is to run.
        store: Where they were.
        console: Where it goes.
    """
    took = _warm_seconds(chosen, spec, left)
    about = f", about {seconds_text(took)} of one worker by the run's own pace" if took else ""
    console.print(
        f"  the store {store} lacks scores of {_seeds(spec.scored_by)} that it had: they are made again by "
        f"{_count(left)}{about}",
        highlight=False,
    )


def _warm_seconds(chosen: Chosen, spec: TrialSpec, left: Sequence[Task]) -> float:
    """What warm-ups took in the run; 0 where that is not known."""
    trained = [
        row.phases["training"].seconds
        for row in chosen.study.results
        if row.is_ok and row.spec.is_baseline and row.spec.data_sha == spec.data_sha
    ]
    if spec.scorer or not trained:  # who scores was not timed by the run's own trials
        return 0.0
    marks = [max(mark.warmup for mark in task.marks) for task in left if task.kind == "warm_up"]
    return sum(marks) * sum(trained) / len(trained)


def _seeds(seeds: Sequence[int]) -> str:
    *first, last = map(str, seeds)
    return f"seeds {', '.join(first)} and {last}" if first else f"seed {last}"


def _count(tasks: Iterable[Task]) -> str:
    """3 warm-ups, 2 pieces of evidence and 3 scores."""
    nouns = Counter(TASKS[task.kind].noun for task in tasks if task.kind != "prepare")
    *first, last = (
        many(count, "piece of evidence", "pieces of evidence")
        if noun == TASKS["evidence"].noun
        else many(count, noun.removesuffix("s"))
        for noun, count in nouns.items()
    )
    return f"{', '.join(first)} and {last}" if first else last


def print_list(
    chosen: Chosen, survivors: Survivors, classes: Sequence[ClassCount], console: Console
) -> None:
    """How many rows stay, by class, and how far each seed's own cut agrees."""
    keep, spec = survivors.keep, survivors.spec
    kept, gone = int(keep.sum()), int((~keep).sum())
    console.print(
        f"  {kept:,} of {len(keep):,} training rows stay, {gone:,} go ({percent(gone / len(keep))}): list "
        f"{survivors.sha}",
        highlight=False,
    )
    if spec.protected or spec.min_per_class:
        console.print(
            f"  the cut removes {percent(spec.rate)}; put back of that: {protection_text(spec)}",
            highlight=False,
        )
    wide = max((len(excerpt(one.name)) for one in classes[:_CLASSES]), default=0)
    for one in classes[:_CLASSES]:
        share = f" ({percent(round(one.kept / one.rows, 4))})" if one.rows else ""
        console.print(
            f"    {excerpt(one.name):{wide}}  {one.kept:,} of {one.rows:,} stay{share}",
            highlight=False,
        )
    if len(classes) > _CLASSES:
        console.print(f"    and {many(len(classes) - _CLASSES, 'more class')}", highlight=False)
    for line in _agreement(survivors):
        console.print(f"  {line}", highlight=False)


def _agreement(survivors: Survivors) -> list[str]:
    """How far the cut of each seed alone is that of all together."""
    known, seeds = survivors.agreement, survivors.spec.scored_by
    if len(seeds) == 1:
        return []
    if not known:
        return [
            "how far each seed's own cut agrees is not known: their scores are no longer in the store"
        ]
    each = ", ".join(f"{whole_percent(share)} (seed {seed})" for seed, share in known.items())
    return [f"of the rows that go, each seed's own cut removes {each}"]


def protection_text(spec: TrialSpec) -> str:
    """What is put back of a cut: all rows of 'spam', and of each class what it takes to keep 50 rows."""
    parts = []
    if spec.protected:
        parts.append(f"all rows of {' and '.join(map(excerpt, spec.protected))}")
    if spec.min_per_class:
        parts.append(f"of each class what it takes to keep {many(spec.min_per_class, 'row')}")
    return ", and ".join(parts)


def class_counts(dataset: Dataset, survivors: Survivors) -> tuple[ClassCount, ...]:
    """How many rows of each class stay; none where there are no classes."""
    names, labels = dataset.class_names, dataset.train.labels
    if not names:  # labels are zeros then
        return ()
    kept, rows = (
        np.bincount(one, minlength=len(names)) for one in (labels[survivors.keep], labels)
    )
    return tuple(
        ClassCount(name=name, kept=int(k), rows=int(n))
        for name, k, n in zip(names, kept, rows, strict=True)
    )


def print_price(planned: PlannedWarrant, console: Console) -> None:
    """What a warrant takes, or how the one that is there ended."""
    price, tried = price_of(planned), planned.chosen
    if not price.trials:
        told = "measured already, and it passes" if tried.passes else "measured already: not passed"
        if not tried.is_over:
            told = "its fresh seeds are those of the run, and have not all run: the sweep's own command goes on"
        console.print(f"  warrant: {told}", highlight=False)
        return
    unit = "GPU-hours" if price.gpus else "worker-hours"
    hours = "hours not known: nothing of its kind was run here yet"
    if price.hours is not None:
        low, expected, high = price.hours
        hours = f"{expected:.2g} {unit} ({low:.2g} to {high:.2g}, from {price.basis})"
    there = price.trials - price.left
    done = f", {there} of them there already" if there else ""
    console.print(
        f"  warrant: {many(len(price.seeds), 'fresh seed')} train{'s' * (len(price.seeds) == 1)} afresh on exactly these rows, beside full-data runs: "
        f"{many(price.trials, 'trial')}{done}; {hours}",
        highlight=False,
    )


def print_warrant(warrant: Warrant, console: Console) -> None:
    """What fresh seeds that trained on exactly these rows say."""
    for line in warrant_words(warrant).lines:
        console.print(line, highlight=False)


def print_written(out: Path, record: PruneRecord, console: Console) -> None:
    """What there is now."""
    rows = Counter({one.split: 0 for one in record.files})
    for one in record.files:
        rows[one.split] += one.rows * one.is_table
    told = ", ".join(f"{name} {many(count, 'row')}" for name, count in rows.items())
    console.print(f"written  {out}: {told}", highlight=False)
    for note in dict.fromkeys([*record.notes, *(one.note for one in record.files if one.note)]):
        console.print(f"  {note}", highlight=False)

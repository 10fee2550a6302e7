"""The work behind some trials, each piece once: what it needs and what it makes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from orchestrator.planning.shard_tasks import (
    cut_needs,
    evidence_tasks,
    looks,
    score_needs,
    scored_of,
)
from orchestrator.planning.tasks import Artifact, Task, left_by, needs_of_run, warmed
from trainables.evidence.requirements import EVIDENCE, kept_under, of_source, options_of
from trainables.evidence.whose import evidence_key
from trainables.keys import key_of
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec
from trainables.training.looks import passes_with_looks


def plan(
    specs: Iterable[TrialSpec],
    n_train: dict[str, int],
    *,
    curves: Iterable[TrialSpec] = (),
    kept: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> list[Task]:
    """The work behind some trials, each piece once.

    Args:
        specs: All trials of a sweep.
        n_train: Training rows of each data set, by content hash.
        curves: Full-data runs whose curve is wanted.
        kept: As `left_by` takes it.
    """
    everything = list(specs)
    whole = {spec.run_key for spec in everything}
    forks: dict[str, list[TrialSpec]] = {}
    # A fixed list rests on the trials that score it, whose seeds are others.
    cut = [one for spec in everything if not spec.is_baseline for one in spec.twin.scorers]
    others = {spec: relatives(spec, whole=False) for spec in cut}
    seen = looks((spec for spec in others if spec.kind == "pruned"), others)
    for spec, beside in others.items():
        for fork in (spec, *beside):
            if fork.warmup:
                forks.setdefault(fork.run_key, []).append(fork)
    groups = _scored_together(spec for spec in others if spec.kind == "pruned")
    alone = {key: tuple(marks) for key, marks in forks.items() if key not in whole}
    tasks: dict[str, Task] = {}

    def add(*more: Task) -> None:
        for task in more:
            tasks.setdefault(task.name, task)

    # What a run or a set of scores takes is worked out once, and not for each trial of it.
    told: set[tuple[str, str]] = set()
    for spec in everything:
        n = n_train[spec.data_sha]
        if _is_first(told, "run", spec.run_key):
            full = float(n * spec.training.epochs)
            marks = tuple(forks.get(spec.run_key, ()))
            add(*_run_tasks(spec, full, marks, left_by(spec.baseline, kept)))
        for one in () if spec.is_baseline else spec.twin.scorers:
            full = float(n * one.training.epochs)
            if is_new := _is_first(told, one.kind, one.score_key):
                add(*_warm_up_tasks((one, *others[one]), full, alone))
                add(*(_answer_task(other, full) for other in relatives(one, whole=True)))
            looked_at = f"{one.score_key} {one.selector} {one.selector_settings}"
            if one.kind == "pruned" and _is_first(told, "evidence", looked_at):
                add(*evidence_tasks(one, others[one], seen, n, full))
            if one.kind == "pruned" and is_new:
                together = tuple(groups[one.score_key])
                if _is_first(told, "scores", together[0].score_key):
                    add(_score_task(one, n, full, together))
        if not spec.is_baseline:
            add(_trial_task(spec, n, left_by(spec, kept)))
    for spec in curves:
        add(*curve_tasks(spec, n_train[spec.data_sha]))
    # What only scores is not tested: an encoder need not embed the rows for it.
    tested = {need for spec in everything for need in needs_of_run(spec)}
    return [
        replace(task, names=("test",)) if tested.intersection(task.makes) else task
        for task in tasks.values()
    ]


def _scored_together(specs: Iterable[TrialSpec]) -> dict[str, list[TrialSpec]]:
    """By score_key, one trial for each set of scores that is made with these: of the same evidence."""
    alike: dict[tuple[Any, ...], list[TrialSpec]] = {}
    groups: dict[str, list[TrialSpec]] = {}
    for spec in specs:
        if spec.score_key not in groups:
            groups[spec.score_key] = alike.setdefault(_evidence_of(spec), [])
            groups[spec.score_key].append(spec)
    return groups


def _is_first(told: set[tuple[str, str]], kind: str, key: str) -> bool:
    """Whether a key is told of for the first time; it is noted."""
    is_new = (kind, key) not in told
    told.add((kind, key))
    return is_new


def curve_tasks(spec: TrialSpec, n: int) -> list[Task]:
    """What makes the curve of a full-data run of n rows: a run of its own."""
    epochs = spec.training.epochs
    if spec.is_own:
        return []
    curve = Task(
        kind="curve",
        spec=spec,
        needs=needs_of_run(spec),
        makes=(("curve", spec.curve_key),),
        cost=n * passes_with_looks(epochs, n),
    )
    return [_prepare_task(spec, float(n * epochs)), curve]


def relatives(spec: TrialSpec, *, whole: bool) -> list[TrialSpec]:
    """The other runs that a trial's signal rests on: whole trials, or warm-ups."""
    if spec.kind != "pruned":
        return []
    selection = resolve(spec)
    found: dict[TrialSpec, None] = {}
    for name in of_source(selection.evidence, "other runs"):
        piece = EVIDENCE[name]
        if piece.runs and piece.takes_whole_runs == whole:
            found |= dict.fromkeys(piece.runs(spec, **options_of(name, selection.settings)))
    return [other for other in found if other != spec]


def _evidence_of(spec: TrialSpec) -> tuple[Any, ...]:
    """What signals share: those that agree on it are scored by one worker, and nobody waits."""
    selection = resolve(spec)
    settings = selection.settings
    shared = of_source(kept_under(selection.signal.score, settings), "derived")
    if not shared:
        return (spec.score_key,)
    return (spec.warm_key, key_of({name: options_of(name, settings) for name in shared}))


def _run_tasks(
    spec: TrialSpec, full: float, marks: tuple[TrialSpec, ...], leaves: tuple[Artifact, ...]
) -> list[Task]:
    baseline = Task(
        kind="baseline",
        spec=spec.baseline,
        needs=needs_of_run(spec),
        makes=(*leaves, *_warm_keys(marks)),
        marks=marks,
        cost=full,
    )
    return [baseline] if spec.is_own else [_prepare_task(spec, full), baseline]


def _prepare_task(spec: TrialSpec, full: float) -> Task:
    return Task(kind="prepare", spec=spec.baseline, makes=needs_of_run(spec), cost=0.05 * full)


def _warm_keys(marks: tuple[TrialSpec, ...]) -> list[Artifact]:
    return list(dict.fromkeys(("warm", mark.warm_key) for mark in marks))


def _warm_up_tasks(
    specs: Iterable[TrialSpec], full: float, alone: Mapping[str, tuple[TrialSpec, ...]]
) -> Iterator[Task]:
    """What marked runs need, and their first parts where they are no trials of the sweep.

    Args:
        specs: Pruned trials of these runs.
        full: Cost of a whole run.
        alone: The marks of the runs that are no trials, by run_key.
    """
    for spec in specs:
        if not spec.is_own:
            yield _prepare_task(spec, full)
        if spec.run_key in alone:
            yield _warm_up_task(spec, full, alone[spec.run_key])


def _warm_up_task(spec: TrialSpec, full: float, marks: tuple[TrialSpec, ...]) -> Task:
    return Task(
        kind="warm_up",
        spec=spec.baseline,
        needs=needs_of_run(spec),
        makes=tuple(_warm_keys(marks)),
        marks=marks,
        cost=full * max(mark.warmup for mark in marks),
    )


def _answer_task(spec: TrialSpec, full: float) -> Task:
    return Task(
        kind="answer",
        spec=spec,
        needs=needs_of_run(spec),
        makes=(("evidence", evidence_key(spec, "answers", {})),),
        cost=full * (1 - spec.rate),
    )


def _score_task(spec: TrialSpec, n: int, full: float, together: tuple[TrialSpec, ...]) -> Task:
    by_each = {one: relatives(one, whole=False) for one in together}
    seen = {need for one, others in by_each.items() for need in score_needs(one, others, n)}
    others = {other for found in by_each.values() for other in found}
    answers = {other for one in together for other in relatives(one, whole=True)}
    return Task(
        kind="score",
        spec=together[0],
        needs=(
            *warmed(spec),
            *sorted(seen),
            *sorted(need for other in others for need in warmed(other)),
            *sorted(("evidence", evidence_key(other, "answers", {})) for other in answers),
        ),
        makes=tuple(("scores", one.score_key) for one in together),
        marks=together,
        rests_on=scored_of(together, n),
        cost=full / 9,
    )


def _trial_task(spec: TrialSpec, n: int, leaves: tuple[Artifact, ...]) -> Task:
    full = float(n * spec.training.epochs)
    left = 1 - spec.warmup if spec.protocol == "continue" else 1.0
    scored = spec.twin.scorers if spec.kind in ("pruned", "fixed") else ()
    before = needs_of_run(spec) if spec.kind == "fixed" or spec.scorer else warmed(spec)
    needs = [
        need
        for one in scored
        for need in (("scores", one.score_key), *cut_needs(one, n, twins=spec.kind == "pruned"))
    ]
    return Task(
        kind="trial",
        spec=spec,
        needs=(*before, *dict.fromkeys(needs)),
        makes=leaves,
        cost=full * left * (1 - spec.rate if spec.budget == "epochs" else 1.0),
    )

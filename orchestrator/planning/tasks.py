"""One piece of work that a sweep gives to one worker; TASKS: what kinds of it there are.

A new kind is one function, which imports what computes and runs in a worker, and one row of the table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from orchestrator.store.replicated import Store
from orchestrator.trial_names import signal_text
from trainables.evidence.whose import is_drawn, is_frozen
from trainables.keys import key_of
from trainables.learners import LEARNERS
from trainables.records import curve_to_json, to_json
from trainables.result import TrialResult
from trainables.spec import Setting, TrialSpec
from trainables.trainers.contract import Place

Artifact = tuple[str, str]  # kind and key in the store


@dataclass(frozen=True, kw_only=True)
class Task:
    """One piece of work that Ray runs in one worker.

    Attributes:
        kind: Row of TASKS: what is done.
        spec: For which trial; of several that share it, the first.
        needs: Artifacts that must exist before.
        makes: Artifacts that exist afterwards.
        marks: Pruned trials that fork from this full-data run, or one for each set of scores.
        names: The evidence that is made, or the splits that are made ready beside the training rows.
        settings: Of the signal or selector that asks for it.
        place: Of which shard; None for what is kept in one file.
        rests_on: The evidence that scores are made of; None where not all of it is kept, or nothing is scored.
        cost: Relative to one pass over the data.
    """

    kind: str
    spec: TrialSpec
    needs: tuple[Artifact, ...] = ()
    makes: tuple[Artifact, ...]
    marks: tuple[TrialSpec, ...] = ()
    names: tuple[str, ...] = ()
    settings: tuple[tuple[str, Setting], ...] = ()
    place: int | None = None
    rests_on: tuple[Artifact, ...] | None = None
    cost: float = 0.0

    @property
    def is_trial(self) -> bool:
        """Whether it ends in a row of the report."""
        return TASKS[self.kind].is_trial

    @property
    def name(self) -> str:
        """The task's name in a sweep."""
        return ":".join(self.makes[0])


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """One kind of task.

    Attributes:
        noun: What several of them are called where a person reads of them.
        rank: A task needs nothing that a task of a higher rank makes.
        run: What a worker does, given a task, where it leaves what is made, and where one's own trainer is called.
        subject: What a task is about, in a few words.
        is_trial: Whether it ends in a row of the report.
        computes: Whether a task computes on an accelerator, by what the store holds as it begins: if not, it
            leaves that to others. None where all do.
    """

    noun: str
    rank: int
    run: Callable[..., None]
    subject: Callable[[Task], str]
    is_trial: bool = False
    computes: Callable[[Task, Store], bool] | None = None


def needs_of_run(spec: TrialSpec) -> tuple[Artifact, ...]:
    """What every run of a data set and model needs; nothing where a trainer of the user's own trains."""
    return () if spec.is_own else (("prepared", prepared_key(spec)),)


def warmed(spec: TrialSpec) -> tuple[Artifact, ...]:
    """What there must be of a run at its warm-up mark."""
    return (("warm", spec.warm_key),) if spec.warmup else needs_of_run(spec)


def prepared_key(spec: TrialSpec) -> str:
    """Names what all trials of a data set and model share."""
    return key_of(
        {
            "version": spec.version,
            "data": spec.data_sha,
            "model": spec.model_sha,
            "learner": spec.learner,
            "length": spec.training.max_length,
            "precision": spec.training.precision,
        }
    )


def by_need(tasks: Iterable[Task]) -> list[Task]:
    """Every task behind the tasks it needs."""
    return sorted(tasks, key=lambda task: TASKS[task.kind].rank)


def tasks_left(
    tasks: Iterable[Task],
    specs: Iterable[TrialSpec],
    store: Store,
    *,
    curves: Iterable[TrialSpec] = (),
    kept: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> list[Task]:
    """Tasks that unfinished trials wait for; scores that no trial waits for are not made again.

    Args:
        tasks: All there are.
        specs: The trials wanted.
        store: Holds what is done.
        curves: The runs whose curve is wanted.
        kept: As `left_by` takes it.
    """
    wanted = {artifact for spec in specs for artifact in left_by(spec, kept)}
    wanted |= {("curve", spec.curve_key) for spec in curves}
    return tasks_making(wanted, tasks, store)


def tasks_making(wanted: Iterable[Artifact], tasks: Iterable[Task], store: Store) -> list[Task]:
    """Tasks that make artifacts, and what those rest on, as far as a store has not got them.

    Args:
        wanted: Kinds and keys.
        tasks: All there are.
        store: Holds what is done.
    """
    holds = cache(store.holds)
    lacking = {artifact for artifact in wanted if not holds(*artifact)}
    left = []
    for task in reversed(by_need(tasks)):
        made = lacking & set(task.makes)
        if made and not all(holds(*artifact) for artifact in made):
            left.append(task)
            lacking |= set(task.needs)
    return left[::-1]


def left_by(spec: TrialSpec, kept: Mapping[str, tuple[str, ...]]) -> tuple[Artifact, ...]:
    """What a finished trial leaves: its row, and what it is judged by.

    Args:
        spec: The trial.
        kept: Kinds of artifacts that must be there beside its row: of all trials by content of the data
            set, of one by its key.
    """
    key = spec.result_key
    kinds = dict.fromkeys((*kept.get(spec.data_sha, ()), *kept.get(key, ())))
    return (("result", key), *((kind, key) for kind in kinds))


def _prepare(task: Task, store: Store, _: Place | None = None) -> None:
    from trainables.stages import prepare

    prepare(task.spec, store, task.names)
    store.put(*task.makes[0], lambda path: path.write_text("prepared\n"))


def _embeds(task: Task, _: Store) -> bool:
    """Word pieces are made by no network, frozen embeddings are."""
    return not LEARNERS[task.spec.learner].trains_encoder


def _score_computes(task: Task, store: Store) -> bool:
    """What is scored of evidence that is there takes sums and sorting; the rest is passes and searches."""
    return task.rests_on is None or not all(store.has(*artifact) for artifact in task.rests_on)


def _warm_up(task: Task, store: Store, _: Place | None = None) -> None:
    from trainables.trial import warm_up

    warm_up(task.spec, store, marks=task.marks)
    store.clear_progress(task.spec.result_key)


def _baseline(task: Task, store: Store, place: Place | None = None) -> None:
    from trainables.trial import run_baseline

    # Only marks may be lacking.
    if all(store.has(*artifact) for artifact in task.makes if artifact[0] != "warm"):
        _warm_up(task, store, place)
    else:
        row = run_baseline(
            task.spec, store, marks=task.marks, probs=_keeps_probs(task), place=place
        )
        _store_result(row, store)


def _keeps_probs(task: Task) -> bool:
    return ("probs", task.spec.result_key) in task.makes


def _answer(task: Task, store: Store, _: Place | None = None) -> None:
    from trainables.stages import answer

    answer(task.spec, store)


def _evidence(task: Task, store: Store, _: Place | None = None) -> None:
    from trainables.stages import gather

    gather(task.spec, store, task.names, settings=dict(task.settings), shard=task.place)


def _score(task: Task, store: Store, _: Place | None = None) -> None:
    from trainables.stages import make_scores

    for spec in task.marks:
        make_scores(spec, store)


def _trial(task: Task, store: Store, place: Place | None = None) -> None:
    from trainables.trial import run_trial

    row = run_trial(task.spec, store, probs=_keeps_probs(task), place=place)
    _store_result(row, store)


def _store_result(row: TrialResult, store: Store) -> None:
    """Write the row last: it is the mark that the trial is done.

    A trial that ran again for what its first try did not leave keeps its first row.
    """
    key = row.spec.result_key
    if store.find("result", key) is None:
        store.put("result", key, lambda path: path.write_text(to_json(row), encoding="utf-8"))
    store.clear_progress(key)


def _curve(task: Task, store: Store, _: Place | None = None) -> None:
    from trainables.training_curve import run_curve

    curve = run_curve(task.spec, store)
    key = task.spec.curve_key
    store.put("curve", key, lambda path: path.write_text(curve_to_json(curve), encoding="utf-8"))
    store.clear_progress(key)


def _training_text(task: Task) -> str:
    t = task.spec.training
    return f"{task.spec.dataset} {t.epochs} epochs lr {t.lr:g} weight decay {t.weight_decay:g}"


def _data_text(task: Task) -> str:
    return f"{task.spec.dataset} {task.spec.learner}"


def _evidence_text(task: Task) -> str:
    shard = "" if task.place is None else f" shard {task.place}"
    whose, name = _mark_text(task), task.names[0]
    if is_frozen(task.spec, name):
        whose = f"s{task.spec.seed}" if is_drawn(name) else "all seeds"
    return f"{task.spec.dataset} {'+'.join(task.names)}{shard} {whose}"


def _signals_text(task: Task) -> str:
    signals = "+".join(dict.fromkeys(signal_text(mark) for mark in task.marks))
    return f"{task.spec.dataset} {signals} {_mark_text(task)}"


def _mark_text(task: Task) -> str:
    return f"w{100 * task.spec.warmup:02.0f} s{task.spec.seed}"


TASKS: Mapping[str, TaskKind] = {
    # Word pieces or frozen embeddings: what all trials of a data set and model share.
    "prepare": TaskKind(noun="data", rank=0, run=_prepare, subject=_data_text, computes=_embeds),
    # A run looked at on held-out training rows: what its training comes to, epoch by epoch.
    "curve": TaskKind(noun="training curves", rank=1, run=_curve, subject=_training_text),
    # A full-data run; it leaves what pruned trials fork from.
    "baseline": TaskKind(
        noun="full runs", rank=1, run=_baseline, subject=_signals_text, is_trial=True
    ),
    # The first part only of a full-data run that is no trial of the sweep.
    "warm_up": TaskKind(noun="warm-ups", rank=1, run=_warm_up, subject=_signals_text),
    # A whole run on a subset, for what it gets right.
    "answer": TaskKind(noun="subset runs", rank=1, run=_answer, subject=_signals_text),
    # Evidence of one shard of a large training set.
    "evidence": TaskKind(noun="evidence", rank=2, run=_evidence, subject=_evidence_text),
    "score": TaskKind(
        noun="scores", rank=3, run=_score, subject=_signals_text, computes=_score_computes
    ),
    "trial": TaskKind(noun="pruned runs", rank=4, run=_trial, subject=_signals_text, is_trial=True),
}

"""The work behind some trials, each piece once: what it needs and what it makes."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from trainables.evidence import ANSWERS, DERIVED, evidence_key, settings_of
from trainables.keys import key_of
from trainables.own import EACH_EPOCH, asked_by, signal_of
from trainables.relatives import RELATED
from trainables.spec import TrialSpec

Artifact = tuple[str, str]  # kind and key in the store


@dataclass(frozen=True, kw_only=True)
class Node:
    """One piece of work that Ray runs in one worker.

    Attributes:
        kind: What is done: word pieces, a full-data run, or its first part only, a run on a
            subset for what it gets right, scores, a pruned trial.
        spec: For which trial; of several that share it, the first.
        needs: Artifacts that must exist before.
        makes: Artifacts that exist afterwards.
        marks: Pruned trials that fork from this full-data run, or one for each set of scores.
        cost: Relative to one pass over the data.
    """

    kind: Literal["prepare", "baseline", "warm_up", "answer", "score", "trial"]
    spec: TrialSpec
    needs: tuple[Artifact, ...] = ()
    makes: tuple[Artifact, ...]
    marks: tuple[TrialSpec, ...] = ()
    cost: float = 0.0

    @property
    def is_trial(self) -> bool:
        """Whether it ends in a row of the report."""
        return self.kind in ("baseline", "trial")

    @property
    def name(self) -> str:
        """The node's name in a sweep."""
        return ":".join(self.makes[0])


def plan(specs: Iterable[TrialSpec], n_train: dict[str, int]) -> list[Node]:
    """The work behind some trials, each piece once.

    Args:
        specs: All trials of a sweep.
        n_train: Training rows of each data set, by content hash.
    """
    everything = list(specs)
    pruned = [spec for spec in everything if not spec.is_baseline]
    whole = {spec.run_key for spec in everything}
    forks: dict[str, list[TrialSpec]] = {}
    scored: dict[tuple[Any, ...], dict[str, TrialSpec]] = {}
    for spec in pruned:
        for fork in (spec, *relatives(spec, whole=False)):
            if fork.warmup:
                forks.setdefault(fork.run_key, []).append(fork)
        if spec.selector != EACH_EPOCH:
            scored.setdefault(_evidence_of(spec), {}).setdefault(spec.score_key, spec)
    nodes: dict[str, Node] = {}

    def add(*more: Node) -> None:
        for node in more:
            nodes.setdefault(node.name, node)

    for spec in everything:
        full = float(n_train[spec.data_sha] * spec.training.epochs)
        add(*_run_nodes(spec, full, tuple(forks.get(spec.run_key, ()))))
        if spec.is_baseline:
            continue
        for other in relatives(spec, whole=False):
            if other.run_key not in whole:
                add(_warm_up_node(other, full, tuple(forks[other.run_key])))
        add(*(_answer_node(other, full) for other in relatives(spec, whole=True)))
        if spec.selector != EACH_EPOCH:
            add(_score_node(spec, full, tuple(scored[_evidence_of(spec)].values())))
        add(_trial_node(spec, full))
    return list(nodes.values())


def relatives(spec: TrialSpec, *, whole: bool) -> list[TrialSpec]:
    """The other runs that a trial's signal rests on: whole trials, or warm-ups."""
    if spec.selector == EACH_EPOCH:
        return []
    settings = dict(spec.settings)
    found: dict[TrialSpec, None] = {}
    for name in sorted(asked_by(spec) & set(RELATED)):
        row = RELATED[name]
        if row.whole == whole:
            options = inspect.signature(row.specs).parameters
            own = {option: settings[option] for option in options if option in settings}
            found |= dict.fromkeys(row.specs(spec, **own))
    return [other for other in found if other != spec]


def _evidence_of(spec: TrialSpec) -> tuple[Any, ...]:
    """What signals share: those that agree on it are scored by one worker, and nobody waits."""
    shared = sorted(set(DERIVED) & set(signal_of(spec.signal).needs))
    if not shared:
        return (spec.score_key,)
    options = {name: settings_of(DERIVED[name][0]) for name in shared}
    settings = dict(spec.settings)
    chosen = {name: {k: settings.get(k, v) for k, v in o.items()} for name, o in options.items()}
    return (spec.warm_key, key_of(chosen))


def _needs_of_run(spec: TrialSpec) -> tuple[Artifact, ...]:
    return (("prepared", prepared_key(spec)),)


def _run_nodes(spec: TrialSpec, full: float, marks: tuple[TrialSpec, ...]) -> list[Node]:
    ready = _needs_of_run(spec)
    prepare = Node(kind="prepare", spec=spec.baseline, makes=ready, cost=0.05 * full)
    row = ("result", spec.baseline.result_key)
    baseline = Node(
        kind="baseline",
        spec=spec.baseline,
        needs=ready,
        makes=(row, *_warm_keys(marks)),
        marks=marks,
        cost=full,
    )
    return [prepare, baseline]


def _warm_keys(marks: tuple[TrialSpec, ...]) -> list[Artifact]:
    return list(dict.fromkeys(("warm", mark.warm_key) for mark in marks))


def _warm_up_node(spec: TrialSpec, full: float, marks: tuple[TrialSpec, ...]) -> Node:
    return Node(
        kind="warm_up",
        spec=spec.baseline,
        needs=_needs_of_run(spec),
        makes=tuple(_warm_keys(marks)),
        marks=marks,
        cost=full * max(mark.warmup for mark in marks),
    )


def _answer_node(spec: TrialSpec, full: float) -> Node:
    return Node(
        kind="answer",
        spec=spec,
        needs=_needs_of_run(spec),
        makes=(("evidence", evidence_key(spec, ANSWERS, {})),),
        cost=full * (1 - spec.rate),
    )


def _warmed(spec: TrialSpec) -> tuple[Artifact, ...]:
    return (("warm", spec.warm_key),) if spec.warmup else _needs_of_run(spec)


def _score_node(spec: TrialSpec, full: float, together: tuple[TrialSpec, ...]) -> Node:
    others = {other for one in together for other in relatives(one, whole=False)}
    answers = {other for one in together for other in relatives(one, whole=True)}
    return Node(
        kind="score",
        spec=together[0],
        needs=(
            *_warmed(spec),
            *sorted(need for other in others for need in _warmed(other)),
            *sorted(("evidence", evidence_key(other, ANSWERS, {})) for other in answers),
        ),
        makes=tuple(("scores", one.score_key) for one in together),
        marks=together,
        cost=full / 9,
    )


def _trial_node(spec: TrialSpec, full: float) -> Node:
    left = 1 - spec.warmup if spec.protocol == "continue" else 1.0
    scores = () if spec.selector == EACH_EPOCH else (("scores", spec.score_key),)
    return Node(
        kind="trial",
        spec=spec,
        needs=(*_warmed(spec), *scores),
        makes=(("result", spec.result_key),),
        cost=full * left * (1 - spec.rate if spec.budget == "epochs" else 1.0),
    )


def prepared_key(spec: TrialSpec) -> str:
    """Names what all trials of a data set and model share."""
    return key_of(
        {
            "data": spec.data_sha,
            "model": spec.model_sha,
            "learner": spec.learner,
            "length": spec.training.max_length,
            "precision": spec.training.precision,
        }
    )

"""The work behind scores of a large training set: each shard's evidence is a task of its own."""

from collections.abc import Iterable, Iterator, Mapping

from orchestrator.planning.tasks import Artifact, Task, warmed
from trainables.evidence.collector import evidence_key, shard_numbers
from trainables.evidence.requirements import (
    EVIDENCE,
    Settings,
    derived_under,
    kept_under,
    of_source,
    recall_under,
)
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec

# All that one pass over the training set of a marked run is to give, by the mark's warm_key.
Looks = Mapping[str, tuple[TrialSpec, tuple[str, ...]]]


def artifacts(spec: TrialSpec, name: str, settings: Settings, n: int) -> list[Artifact]:
    """A piece of evidence of n rows as it is kept, one artifact a shard."""
    return [("evidence", evidence_key(spec, name, settings, i)) for i in shard_numbers(name, n)]


def is_one_shard(n: int) -> bool:
    """Whether a training set of n rows is scored by one worker."""
    return len(shard_numbers("embeddings", n)) == 1


def looks(specs: Iterable[TrialSpec], others: Mapping[TrialSpec, list[TrialSpec]]) -> Looks:
    """What is to be seen of each marked run, by all signals together.

    Args:
        specs: Pruned trials.
        others: The warm-ups of other runs that each rests on.
    """
    found: dict[str, tuple[TrialSpec, set[str]]] = {}
    for spec in specs:
        for mark, names in _marks(spec, others[spec]):
            found.setdefault(mark.warm_key, (mark, set()))[1].update(names)
    return {key: (mark, tuple(sorted(names))) for key, (mark, names) in found.items()}


def _marks(spec: TrialSpec, others: Iterable[TrialSpec]) -> Iterator[tuple[TrialSpec, set[str]]]:
    """The marked runs that a trial's scores look at, and what they see there."""
    evidence = resolve(spec).evidence
    yield spec, set(of_source(evidence, "pass"))
    together = [of for name in of_source(evidence, "other runs") for of in EVIDENCE[name].of]
    under = (EVIDENCE[name].rests_on for name in together)
    passed = of_source(frozenset(together).union(*under), "pass")
    for other in others:
        yield other, set(passed)


def evidence_tasks(
    spec: TrialSpec, others: Iterable[TrialSpec], seen: Looks, n: int, full: float
) -> Iterator[Task]:
    """Of a training set of several shards, the evidence that a trial's scores and cut rest on.

    Args:
        spec: The trial.
        others: The warm-ups of other runs that it rests on.
        seen: Of `looks`.
        n: Rows of the training set.
        full: Cost of a full-data run; a pass is a ninth, and a shard's search taken for as much.
    """
    pieces = shard_numbers("embeddings", n)
    share = full / 9 / len(pieces)
    for mark, wanted in _marks(spec, others):
        if wanted:
            whole, names = seen[mark.warm_key]
            for shard in pieces:
                yield _task(whole, names, {}, shard, warmed(whole), share)
    for name, settings in _derived(spec):
        kept = kept_under(EVIDENCE[name].maker, settings)
        made = sorted({*of_source(kept, "pass"), *of_source(kept, "derived")})
        under = [one for other in made for one in artifacts(spec, other, settings, n)]
        for shard in shard_numbers(name, n):
            cost = share if shard is not None else full / 9
            yield _task(spec, (name,), settings, shard, (*warmed(spec), *under), cost)


def score_needs(spec: TrialSpec, others: Iterable[TrialSpec], n: int) -> list[Artifact]:
    """The evidence that must be there before a trial's signal is scored."""
    if is_one_shard(n):
        return []
    seen = [
        one
        for mark, names in _marks(spec, others)
        for name in sorted(names)
        for one in artifacts(mark, name, {}, n)
    ]
    selection = resolve(spec)
    settings = selection.settings
    made = derived_under(selection.signal.score, settings)
    return seen + [one for name in made for one in artifacts(spec, name, settings, n)]


def scored_of(specs: Iterable[TrialSpec], n: int) -> tuple[Artifact, ...] | None:
    """The evidence that the scores of some trials are made of, as it is kept; None where it is not all kept.

    Args:
        specs: Of the same training set.
        n: Its rows.
    """
    found: dict[Artifact, None] = {}
    for spec in specs:
        selection = resolve(spec)
        # Columns beside the scores, and how good an approximate search was, are made with them.
        if selection.signal.columns or recall_under(selection.signal.score, selection.settings):
            return None
        for name in kept_under(selection.signal.score, selection.settings):
            source = EVIDENCE[name].source
            if source in ("other runs", "answers"):
                return None
            if source not in ("static", "given"):
                found |= dict.fromkeys(artifacts(spec, name, selection.settings, n))
    return tuple(found)


def cut_needs(spec: TrialSpec, n: int, *, twins: bool = True) -> list[Artifact]:
    """The evidence that must be there before a trial's scores are cut, and its twins counted."""
    if is_one_shard(n) or spec.kind != "pruned":
        return []
    selection = resolve(spec)
    settings = selection.selector_settings
    own = [(name, settings) for name in derived_under(selection.selector, settings)]
    near = [(name, chosen) for name, chosen in _derived(spec) if twins and "neighbours" in name]
    needs = (one for name, chosen in (*own, *near) for one in artifacts(spec, name, chosen, n))
    return list(dict.fromkeys(needs))


def _derived(spec: TrialSpec) -> list[tuple[str, Settings]]:
    """Evidence made from other evidence for a trial, what lies below first, and its settings."""
    selection = resolve(spec)
    functions = (
        (selection.signal.score, selection.settings),
        (selection.selector, selection.selector_settings),
    )
    return [
        (name, settings)
        for function, settings in functions
        for name in derived_under(function, settings)
    ]


def _task(
    spec: TrialSpec,
    names: tuple[str, ...],
    settings: Settings,
    shard: int | None,
    needs: tuple[Artifact, ...],
    cost: float,
) -> Task:
    keys = [evidence_key(spec, name, settings, shard) for name in names]
    return Task(
        kind="evidence",
        spec=spec,
        needs=needs,
        makes=tuple(("evidence", key) for key in keys),
        names=names,
        settings=tuple(sorted(settings.items())),
        place=shard,
        cost=cost,
    )

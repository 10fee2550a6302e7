"""The evidence that has tasks of its own: of each shard of a large training set, and what all seeds share."""

from collections.abc import Iterable, Iterator, Mapping

from orchestrator.planning.tasks import Artifact, Task, needs_of_run, warmed
from trainables.evidence.requirements import (
    EVIDENCE,
    Settings,
    derived_under,
    kept_under,
    of_source,
    recall_under,
)
from trainables.evidence.whose import evidence_key, is_frozen, shard_numbers, whose
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec

# All that one pass over a training set is to give, by whose evidence it is: that of a mark, or of all.
Looks = Mapping[tuple[str, str], tuple[TrialSpec, tuple[str, ...]]]


def artifacts(spec: TrialSpec, name: str, settings: Settings, n: int) -> list[Artifact]:
    """A piece of evidence of n rows as it is kept, one artifact a shard."""
    return [("evidence", evidence_key(spec, name, settings, i)) for i in shard_numbers(name, n)]


def _has_task(spec: TrialSpec, name: str, n: int) -> bool:
    """Whether a piece of evidence of n rows is made by tasks of its own, and not where it is asked for."""
    return len(shard_numbers("embeddings", n)) > 1 or is_frozen(spec, name)


def _before(spec: TrialSpec, name: str) -> tuple[Artifact, ...]:
    """What there must be before a piece of evidence can be made."""
    return needs_of_run(spec) if is_frozen(spec, name) else warmed(spec)


def looks(specs: Iterable[TrialSpec], others: Mapping[TrialSpec, list[TrialSpec]]) -> Looks:
    """What is to be seen of each marked run, and of no run, by all signals together.

    Args:
        specs: Pruned trials.
        others: The warm-ups of other runs that each rests on.
    """
    found: dict[tuple[str, str], tuple[TrialSpec, set[str]]] = {}
    for spec in specs:
        for mark, names in _marks(spec, others[spec]):
            for name in names:
                found.setdefault(whose(mark, name), (mark, set()))[1].add(name)
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
    """The evidence with tasks of its own that a trial's scores and cut rest on.

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
        tasks = (name for name in sorted(wanted) if _has_task(mark, name, n))
        for whole, names in dict.fromkeys(seen[whose(mark, name)] for name in tasks):
            for shard in pieces:
                yield _task(whole, names, {}, shard, _before(whole, names[0]), share)
    for name, settings in _derived(spec):
        if not _has_task(spec, name, n):
            continue
        kept = kept_under(EVIDENCE[name].maker, settings)
        made = sorted({*of_source(kept, "pass"), *of_source(kept, "derived")})
        under = [one for other in made for one in artifacts(spec, other, settings, n)]
        for shard in shard_numbers(name, n):
            cost = share if shard is not None else full / 9
            yield _task(spec, (name,), settings, shard, (*_before(spec, name), *under), cost)


def score_needs(spec: TrialSpec, others: Iterable[TrialSpec], n: int) -> list[Artifact]:
    """The evidence that must be there before a trial's signal is scored."""
    seen = [
        one
        for mark, names in _marks(spec, others)
        for name in sorted(names)
        if _has_task(mark, name, n)
        for one in artifacts(mark, name, {}, n)
    ]
    selection = resolve(spec)
    settings = selection.settings
    under = derived_under(selection.signal.score, settings)
    made = [name for name in under if _has_task(spec, name, n)]
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
    if spec.kind != "pruned":
        return []
    selection = resolve(spec)
    settings = selection.selector_settings
    own = [(name, settings) for name in derived_under(selection.selector, settings)]
    near = [(name, chosen) for name, chosen in _derived(spec) if twins and "neighbours" in name]
    needs = (
        one
        for name, chosen in (*own, *near)
        if _has_task(spec, name, n)
        for one in artifacts(spec, name, chosen, n)
    )
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

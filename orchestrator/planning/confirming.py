"""The confirmation of a sweep: which fixed list is trained on, by which fresh seeds, beside what."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from analysis.answers import candidate
from analysis.confirmation import SEEDS
from analysis.envelope import JudgedCell
from analysis.methods import condition_of
from analysis.run_files import Plan
from analysis.study import Study, study
from orchestrator.planning.controls import looks_at_rows
from orchestrator.planning.grids import RANDOM
from orchestrator.planning.seeds import fresh_seeds
from trainables.result import TrialResult
from trainables.selection.lookup import selector_evidence
from trainables.spec import TrialSpec


def candidates_of(specs: Iterable[TrialSpec]) -> dict[str, int]:
    """How many conditions leave a list that could be confirmed, by content of the data set."""
    conditions = {condition_of(spec) for spec in specs if spec.kind == "pruned"}
    return dict(Counter(condition.source.data_sha for condition in conditions))


def chosen_lists(
    searched: Plan,
    rows: Callable[[], Iterable[TrialResult]],
    ended: Collection[TrialSpec],
    *,
    before: Plan | None,
    control: bool,
    has: Callable[[TrialSpec], bool],
    judge: Callable[[Iterable[TrialResult], Plan], Study] = study,
) -> tuple[tuple[TrialSpec, ...], dict[str, int]]:
    """The trials that confirm, of the data sets whose search has ended, full-data runs first.

    What a run's folder has chosen before stays chosen, whatever rows came since: another choice
    would be another chance.

    Args:
        searched: The sweep without its confirmation.
        rows: Gives those of it that ended.
        ended: Its trials that are waited for no more.
        before: The plan in the run's folder.
        control: Whether random lists run beside a method's.
        has: Whether a trial's row is in the store.
        judge: Judges rows by a plan.

    Returns:
        The trials, and `Plan.candidates` as they were when each list was chosen.
    """
    candidates = dict(searched.candidates)
    kept = [s for s in before.specs if s.kind == "fixed"] if before else []
    asked = {*searched.specs}
    seen: Study | None = None
    fixed: list[TrialSpec] = []
    for sha in searched.candidates:
        own = [spec for spec in searched.specs if spec.data_sha == sha]
        frozen = [spec for spec in kept if spec.data_sha == sha]
        if before and frozen:
            # Data and model may have moved since; what they are is in their hashes.
            fixed += [replace(s, dataset=own[0].dataset, model=own[0].model) for s in frozen]
            candidates[sha] = before.candidates.get(sha, candidates[sha])
        elif all(spec in ended for spec in own):
            seen = seen or judge((row for row in rows() if row.spec in asked), searched)
            (source,) = {condition_of(spec).source for spec in own}
            row = candidate(seen, source)
            fixed += _trials(row, own, control=control, has=has) if row else ()
    full = dict.fromkeys(spec.baseline for spec in fixed)
    return (*full, *fixed), candidates


def _trials(
    row: JudgedCell,
    own: Sequence[TrialSpec],
    *,
    control: bool,
    has: Callable[[TrialSpec], bool],
) -> Iterator[TrialSpec]:
    """Fresh seeds on the list of one condition, and each beside a random list of its own of the same size."""
    of = next(spec for spec in own if condition_of(spec) == row.cell.condition)
    listed = fixed_list(of, row.cell.seeds)
    seeds = unseen_seeds(listed, {spec.seed for spec in own}, has)
    return trials_on(listed, seeds, control=control)


def fixed_list(of: TrialSpec, seeds: Iterable[int]) -> TrialSpec:
    """The one list that a cut by the joined scores of some seeds leaves, to train on afresh.

    Args:
        of: A pruned trial of the cut.
        seeds: Those whose scores are joined.
    """
    return replace(of, protocol="restart", scored_by=tuple(seeds))


def trials_on(
    listed: TrialSpec, seeds: Iterable[int], *, control: bool, rate: float | None = None
) -> Iterator[TrialSpec]:
    """Seeds on a list, and each beside a random list of its own of the same size.

    Args:
        listed: The list, of `fixed_list`.
        seeds: That train on it.
        control: Whether random lists run beside a method's.
        rate: Of the random lists, where rows were put back into the list; None for the list's own.
    """
    # A cut that looks at evidence is given that of the same mark, so that quotas are of one kind.
    beside = listed
    if looks_at_rows(listed.selector, listed.selector_settings):
        beside = replace(listed, selector=RANDOM.selector, selector_settings=(), selector_sha="")
    looks = bool(selector_evidence(beside.selector, beside.selector_settings) - {"labels"})
    warmup, scorer = (listed.warmup, listed.scorer) if looks else (0.0, None)
    for seed in seeds:
        yield replace(listed, seed=seed)
        if control and not condition_of(listed).is_control:
            yield replace(
                beside, seed=seed, scored_by=(seed,), warmup=warmup, signal=RANDOM.signal, settings=(),
                signal_sha="", prune="low", scorer=scorer, rate=listed.rate if rate is None else rate,
                protected=(), min_per_class=0,
            )  # fmt: skip


def unseen_seeds(
    listed: TrialSpec, taken: Iterable[int], has: Callable[[TrialSpec], bool], many: int = SEEDS
) -> tuple[int, ...]:
    """Fresh seeds that no confirmation has shown yet, or those that trained on this very list.

    A list chosen after another one was not confirmed would else be tried on seeds that had a part in
    its choice.

    Args:
        listed: The list.
        taken: Seeds that had a part in choosing it.
        has: Whether a trial's row is in the store.
        many: How many.
    """
    known = {*taken}
    while True:
        seeds = fresh_seeds(known, many)
        if has(replace(listed, seed=seeds[0])):
            return seeds
        if not any(has(replace(listed, seed=seed).baseline) for seed in seeds):
            return seeds
        known |= {*seeds}

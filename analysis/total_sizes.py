"""A run's trials at several total sizes, as the frontier of pruning reads them."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.frontier import Frontiers, SizeFamily, frontiers
from analysis.methods import Condition, DatasetId, Method, condition_of
from analysis.readings import Reading
from analysis.scaling.lines import SizedPoint
from analysis.study import Study
from trainables.result import TrialResult
from trainables.training_settings import Training


@dataclass(frozen=True, kw_only=True)
class StudyFamily:
    """The points of one data set, training and warm-up.

    Attributes:
        source: The data set: the largest total size.
        warmup: Share of the full run's steps after which rows are scored.
        family: Its points; methods are those of the largest size.
        labels: Names of the methods.
    """

    source: DatasetId
    warmup: float
    family: SizeFamily
    labels: Mapping[Method, str]


@dataclass(frozen=True, kw_only=True)
class _Run:
    """A finished trial at its total size."""

    row: TrialResult
    total: int


def size_families(study: Study) -> list[StudyFamily]:
    """The families of a run that trained afresh on subsets of a data set, too; none of other data sets."""
    runs: dict[DatasetId, list[_Run]] = defaultdict(list)
    sources = {source.data_sha: source for source in study.sources}
    for row in study.results:
        source = sources.get(study.plan.whole_of(row.spec))
        subset = study.plan.subsets.get(row.spec.data_sha)
        total = subset.rows if subset else sum(row.class_counts)
        can_be = row.spec.kind in ("full", "pruned") and not study.reading.why_none(row)
        if source and total and row.is_ok and can_be:
            runs[source].append(_Run(row=row, total=total))
    of_subsets = {one.whole for one in study.plan.subsets.values()}
    return [
        one
        for source, own in runs.items()
        if source.data_sha in of_subsets and _can_be_error(study.reading)
        for one in _families(study, source, own)
    ]


def judged_families(study: Study) -> list[tuple[StudyFamily, Frontiers]]:
    """The families of a run with their frontiers; the error of a bound is shared among them all."""
    found = size_families(study)
    return [(one, frontiers(one.family, alpha=study.alpha / len(found))) for one in found]


def _can_be_error(reading: Reading) -> bool:
    """Whether the metric has a value that nothing is better than: a share, or a loss."""
    return reading.metric.unit == "pp" or not reading.metric.higher


def _families(study: Study, source: DatasetId, runs: list[_Run]) -> Iterator[StudyFamily]:
    """One family for each training of the largest size and each mark at which it was scored."""
    largest = [one for one in runs if one.row.spec.data_sha == source.data_sha]
    marks: dict[tuple[Any, ...], list[_Run]] = defaultdict(list)
    for one in largest:
        spec = one.row.spec
        if spec.kind == "pruned" and spec.protocol == "restart":
            marks[_trained(one.row), spec.training, spec.budget, spec.warmup].append(one)
    for (trained, training, budget, warmup), own in marks.items():
        total = own[0].total
        beside = [
            one
            for one in runs
            if _trained(one.row) == trained
            and one.row.spec.training == _at_size(training, budget, one.total, total)
            and (
                one.row.spec.is_baseline
                or (one.row.spec.budget, one.row.spec.warmup) == (budget, warmup)
            )
        ]
        if len({one.total for one in beside}) > 1:
            methods = {_at_any_size(m := condition_of(one.row.spec).method): m for one in own}
            yield StudyFamily(
                source=source,
                warmup=warmup,
                family=_family(study.reading, beside, methods),
                labels=_labels({method: study.methods[method] for method in methods.values()}),
            )


def _labels(named: Mapping[Method, str]) -> dict[Method, str]:
    """Names without what all of them share, such as the budget: the sentence on the sizes says it."""
    parts = {method: label.split(", ") for method, label in named.items()}
    while min(map(len, parts.values())) > 1 and len({own[-1] for own in parts.values()}) == 1:
        parts = {method: own[:-1] for method, own in parts.items()}
    return {method: ", ".join(own) for method, own in parts.items()}


def _at_size(training: Training, budget: str, n: int, total: int) -> Training:
    """The largest size's training at a smaller one: as many steps, or as many epochs."""
    return training.with_as_many_steps(n, total) if budget == "steps" else training


def _trained(row: TrialResult) -> tuple[Any, ...]:
    """What is trained, where and how, but for the epochs."""
    method = _at_any_size(condition_of(row.spec).method)
    return (method.trained, tuple(sorted(row.environment.items())))


def _at_any_size(method: Method) -> Method:
    """A method without what differs from one total size to another."""
    scorer = method.scorer
    if scorer:
        scorer = replace(scorer, training=replace(scorer.training, epochs=1))
    sha = "" if method.signal == "given" else method.signal_sha
    training = replace(method.training, epochs=1)
    return method._replace(training=training, scorer=scorer, columns_sha="", signal_sha=sha)


def _family(reading: Reading, runs: Iterable[_Run], methods: Mapping[Method, Method]) -> SizeFamily:
    unpruned: dict[int, list[_Run]] = defaultdict(list)
    pruned: dict[Method, dict[tuple[int, float], list[_Run]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for one in runs:
        condition = condition_of(one.row.spec)
        method = methods.get(_at_any_size(condition.method))
        if one.row.spec.is_baseline:
            unpruned[one.total].append(one)
        elif method is not None:
            pruned[method][one.total, condition.rate].append(one)
    points: dict[Hashable, tuple[SizedPoint, ...]] = {
        method: tuple(_point(reading, own, rate) for (_, rate), own in at.items())
        for method, at in pruned.items()
    }
    return SizeFamily(
        unpruned=tuple(_point(reading, own, 0.0) for own in unpruned.values()),
        methods=points,
        controls={
            method: control
            for method in pruned
            if not method.is_control and (control := _control(method, pruned)) is not None
        },
    )


def _control(method: Method, methods: Iterable[Method]) -> Method | None:
    """Random pruning beside a method: cut alike, or else by another selector."""

    def key(one: Method) -> tuple[Any, ...]:
        return Condition(source=DatasetId("", ""), method=one, warmup=0.0, rate=0.5).control_key

    beside = [one for one in methods if one.is_control and key(one) == key(method)]
    cut = (method.selector, method.selector_settings)
    beside.sort(key=lambda one: (one.selector, one.selector_settings) != cut)
    return beside[0] if beside else None


def _point(reading: Reading, runs: list[_Run], rate: float) -> SizedPoint:
    total = runs[0].total
    kept = {sum(one.row.kept_counts) for one in runs} - {0}
    share = 1 - rate
    return SizedPoint(
        total=total,
        share=share,
        kept=max(kept) if kept and rate else round(total * share),
        errors={one.row.spec.seed: _error(reading, one.row) for one in runs},
        rows={one.row.spec.seed: _rows(reading, one.row) for one in runs},
    )


def _error(reading: Reading, row: TrialResult) -> float:
    """What is missing to a perfect share, or the loss; above 0, as its logarithm is read."""
    value = reading.value(row)
    if reading.metric.unit == "pp":
        # Nothing wrong is at most half a test row wrong.
        return max(1 - value if reading.metric.higher else value, 0.5 / row.n_test)
    return max(value, float(np.finfo(float).tiny))


def _rows(reading: Reading, row: TrialResult) -> np.ndarray:
    """What each test row adds to the error, but for a constant, shape (n,)."""
    added: np.ndarray = -reading.metric.sign * reading.of(row)
    return added

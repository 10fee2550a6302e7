"""What several data sets come to together: all by one method, or each by its matched selector.

The matched selector is the study's own reading: over the whole set where the training classes are
balanced, class by class where they are not.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.envelope import JudgedCell
from analysis.methods import DatasetId, Method
from analysis.study import Study
from analysis.verdicts import Verdict, average
from trainables.training_settings import Training

# Training classes are imbalanced where the largest has more than so many times the rows of the smallest.
IMBALANCED = 1.5
GLOBAL, STRATIFIED = "global", "stratified"
# Signals that differ from another in looking inside classes alone: the study cut by class with them.
_WITHIN_CLASS = {"redundancy_within_class": "redundancy"}


@dataclass(frozen=True, kw_only=True)
class MethodBySource:
    """One method as a reader sees it, on several data sets.

    Attributes:
        label: How it is called.
        methods: What it is on each data set that has it.
        is_matched: Whether each data set has the selector that its classes ask for.
    """

    label: str
    methods: Mapping[DatasetId, Method]
    is_matched: bool = False

    @property
    def is_control(self) -> bool:
        """Whether it throws data away at random."""
        return all(method.is_control for method in self.methods.values())

    def rows(self, study: Study, source: DatasetId) -> list[JudgedCell]:
        """Its conditions on a data set; none where it was not run there."""
        return study.of(source, self.methods[source]) if source in self.methods else []


@dataclass(frozen=True, kw_only=True)
class AveragedCell:
    """One warm-up and rate over all data sets.

    Attributes:
        warmup: Share of the full run's steps; None where each data set has one of its own.
        rate: Share removed.
        rows: Each data set's own condition; None where it has none.
        verdict: Of the mean, each data set counting the same; None where one is not measured.
    """

    warmup: float | None
    rate: float
    rows: Mapping[DatasetId, JudgedCell | None]
    verdict: Verdict | None

    @property
    def missing(self) -> tuple[DatasetId, ...]:
        """Data sets without a verdict."""
        return tuple(source for source, row in self.rows.items() if not (row and row.verdict))

    @property
    def n_planned(self) -> int:
        """Seeds that were to be run on a data set."""
        return max((row.cell.n_planned for row in self.rows.values() if row), default=0)


def is_imbalanced(class_counts: Sequence[int]) -> bool:
    """Whether the largest class has more than 1.5 times the rows of the smallest that has any."""
    known = [count for count in class_counts if count]
    return bool(known) and max(known) > IMBALANCED * min(known)


def plain_methods(study: Study) -> list[MethodBySource]:
    """Each method over the data sets that have it, in the study's order.

    Where each data set has a training of its own, its method is still one to a reader.
    """
    by_name: dict[tuple[Any, ...], list[Method]] = defaultdict(list)
    for method, label in study.methods.items():
        alike = method._replace(training=Training(), columns_sha="")
        by_name[label, alike].append(method)
    sources: dict[Method, list[DatasetId]] = defaultdict(list)
    for row in study.rows:
        own = sources[row.cell.condition.method]
        own += [row.cell.condition.source] * (row.cell.condition.source not in own)
    found = []
    for (label, _), methods in by_name.items():
        pairs = [(source, method) for method in methods for source in sources[method]]
        is_one = len({source for source, _ in pairs}) == len(pairs)
        groups = [methods] if is_one else [[method] for method in methods]
        found += [
            MethodBySource(label=label, methods={s: m for s, m in pairs if m in group})
            for group in groups
        ]
    return found


def matched_methods(study: Study) -> list[MethodBySource]:
    """Every two methods that differ in the selector alone, each data set by that which its classes ask for.

    Only where every data set has the one it asks for, and not all ask for the same: then the plain
    method says it already. The study's own pair comes first.
    """
    needs = _needs(study)
    if set(needs.values()) != {GLOBAL, STRATIFIED}:
        return []
    plain = plain_methods(study)
    found = []
    for one in plain:
        for other in plain:
            if not _are_twins(one, other):
                continue
            by_selector = {GLOBAL: one, STRATIFIED: other}
            chosen = {
                source: by_selector[need].methods.get(source) for source, need in needs.items()
            }
            methods = {source: method for source, method in chosen.items() if method}
            if len(methods) == len(needs):
                label = f"matched selector: {one.label} or {other.label}"
                found.append(MethodBySource(label=label, methods=methods, is_matched=True))
    return sorted(found, key=lambda one: (one.is_control, not _is_studys(one)))


def methods_by_source(study: Study) -> list[MethodBySource]:
    """What a reader can look at over several data sets: matched selectors first, then each method."""
    return [*matched_methods(study), *plain_methods(study)]


def _needs(study: Study) -> dict[DatasetId, str]:
    """The selector that each data set's training classes ask for; empty where one has no known classes."""
    counts = {
        source: next(
            (
                row.class_counts
                for row in study.results
                if row.spec.data_sha == source.data_sha and row.is_ok and any(row.class_counts)
            ),
            None,
        )
        for source in study.sources
    }
    if any(own is None for own in counts.values()):
        return {}
    return {
        source: STRATIFIED if is_imbalanced(own or ()) else GLOBAL for source, own in counts.items()
    }


def _are_twins(one: MethodBySource, other: MethodBySource) -> bool:
    """Whether the one is cut over the whole set, the other by class, and all else is the same."""
    a, b = (next(iter(each.methods.values()), None) for each in (one, other))
    if a is None or b is None or (a.selector, b.selector) != (GLOBAL, STRATIFIED):
        return False
    if _WITHIN_CLASS.get(b.signal) == a.signal:
        # The signal within classes has fewer settings: those that both have are the same.
        if not set(b.settings) <= set(a.settings):
            return False
        b = b._replace(signal=a.signal, settings=a.settings)
    blank: dict[str, Any] = {"selector": "", "selector_settings": (), "selector_sha": ""}
    own: dict[str, Any] = {"training": Training(), "columns_sha": ""}
    return a._replace(**blank, **own) == b._replace(**blank, **own)


def _is_studys(one: MethodBySource) -> bool:
    return any(method.signal in _WITHIN_CLASS for method in one.methods.values())


def has_average(study: Study) -> bool:
    """Whether data sets have one line and one unit: what is in the unit of each has no mean over them."""
    lines = {row.verdict.tolerance for row in study.rows if row.verdict}
    return len(study.sources) > 1 and bool(study.metric.unit) and len(lines) == 1


def averaged(study: Study, one: MethodBySource) -> list[AveragedCell]:
    """The mean over all data sets at each warm-up and rate; empty where none is to be had.

    A warm-up or rate at which no condition is of all data sets is left out.
    """
    if not has_average(study) or len(one.methods) < len(study.sources):
        return []
    by_place: dict[tuple[float | None, float], dict[DatasetId, JudgedCell]] = defaultdict(dict)
    shared = shares_marks(study, one)
    for source in study.sources:
        for row in one.rows(study, source):
            at = row.cell.condition
            by_place[at.warmup if shared else None, at.rate][source] = row
    whole = [at for at, rows in by_place.items() if len(rows) == len(study.sources)]
    warmups, rates = ({at[i] for at in whole} for i in (0, 1))
    found = []
    for (warmup, rate), own in sorted(
        by_place.items(), key=lambda one: (one[0][0] or 0, one[0][1])
    ):
        if warmup in warmups and rate in rates:
            rows = {source: own.get(source) for source in study.sources}
            found.append(AveragedCell(warmup=warmup, rate=rate, rows=rows, verdict=_mean_of(rows)))
    return found if any(cell.verdict for cell in found) else []


def shares_marks(study: Study, one: MethodBySource) -> bool:
    """Whether a warm-up means the same on all data sets.

    Not where each has one alone and these differ: the mark that its own training sets.
    """
    marks = [
        {row.cell.condition.warmup for row in one.rows(study, source)} for source in study.sources
    ]
    return any(len(own) > 1 for own in marks) or len(set().union(*marks)) == 1


def shown_averages(study: Study) -> list[tuple[MethodBySource, list[AveragedCell]]]:
    """The averages told in words: by matched selectors, or where there is none by each method."""
    chosen = matched_methods(study) or plain_methods(study)
    return [(one, cells) for one in chosen if (cells := averaged(study, one))]


def _mean_of(rows: Mapping[DatasetId, JudgedCell | None]) -> Verdict | None:
    judged = [row for row in rows.values() if row and row.verdict]
    if len(judged) < len(rows):
        return None
    v = average([row.verdict for row in judged if row.verdict])
    # The mean is of the metric alone: guards hold on each data set, or the word does not.
    if v.verdict == "within" and any(
        g.verdict.verdict != "within" for r in judged for g in r.guards
    ):
        return replace(v, verdict="inconclusive", equivalent=False, improved=False)
    return v


AVERAGE_COLUMNS = (
    "average", "is_matched", "warmup", "rate", "dataset", "data_sha", "method", "n_datasets", "verdict",
    "delta", "low", "high", "test_low", "test_high", "alpha", "tolerance", "metric", "unit", "n_seeds",
    "n_planned",
)  # fmt: skip


def average_rows(study: Study) -> Iterator[dict[str, Any]]:
    """Of each average one row a data set and behind these one of their mean, without a data set."""
    for one in methods_by_source(study):
        for cell in averaged(study, one):
            named = {
                "average": one.label,
                "is_matched": one.is_matched,
                "warmup": cell.warmup,
                "rate": cell.rate,
                **study.unit_columns,
            }
            for source, row in cell.rows.items():
                yield {
                    **named,
                    "warmup": row.cell.condition.warmup if row else cell.warmup,
                    **source._asdict(),
                    "method": study.methods[one.methods[source]],
                    "n_datasets": 1,
                    "n_planned": row.cell.n_planned if row else 0,
                    **_judged(row.verdict if row else None, study.tolerance),
                }
            yield {
                **named,
                "dataset": "",
                "data_sha": "",
                "method": "",
                "n_datasets": len(cell.rows),
                "n_planned": cell.n_planned,
                **_judged(cell.verdict, study.tolerance),
            }


def _judged(v: Verdict | None, tolerance: float) -> dict[str, Any]:
    names = {"delta": "mean"} | {
        name: name for name in ("verdict", "low", "high", "test_low", "test_high", "alpha")
    }
    return {
        **{column: getattr(v, name, None) for column, name in names.items()},
        "tolerance": v.tolerance if v else tolerance,
        "n_seeds": v.n_seeds if v else 0,
    }

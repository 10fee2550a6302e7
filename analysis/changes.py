"""What changed since an older run: each condition of now beside the same one then."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.changed_conditions import ChangedCondition, then_and_now, with_corrected_p
from analysis.envelope import JudgedCell
from analysis.methods import DatasetId
from analysis.study import Study, read_runs
from trainables.errors import UsageError
from trainables.plain_text import printable

# A method and its place, whatever was trained and on what.
_LOOSE = (
    "kind", "signal", "settings", "prune", "selector", "selector_settings", "protocol", "budget",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Two runs beside each other.

    Attributes:
        then: The older run.
        now: The other.
        sources: The data sets of both, of now, each with that of then.
        conditions: Of these data sets, those of now in their order, then those that are no more.
    """

    then: Study
    now: Study
    sources: Mapping[DatasetId, DatasetId]
    conditions: tuple[ChangedCondition, ...]

    @property
    def other_data(self) -> list[DatasetId]:
        """Data sets whose content is another now."""
        return [now for now, then in self.sources.items() if now != then]

    @property
    def compared(self) -> list[ChangedCondition]:
        """Conditions that both have and of which anything can be said."""
        return [one for one in self.conditions if one.mean is not None]

    @property
    def found(self) -> list[ChangedCondition]:
        """Those that are shown to have changed."""
        return [one for one in self.conditions if one.finding in ("better now", "worse now")]


def changes_since(now: Study, runs: Sequence[Path], older: Path) -> Changes:
    """What changed since the run of a folder, which is judged as the run of now is.

    Args:
        now: The run.
        runs: Its folders.
        older: The other's.

    Raises:
        AbsentError: If the other holds no rows and no plan.
        DataError: If a file of it is not what it should be, or it has not kept what the metric needs.
        UsageError: If it is the run itself, or of other data sets.
    """
    if older.resolve() in [run.resolve() for run in runs]:
        raise UsageError(f"--against {older} is the run itself; name an older one")
    then = read_runs([older], by=now.by)
    if not then.results:
        raise UsageError(
            f"--against {older}: none of its trials has finished; there is nothing to compare"
        )
    return changes_between(then, now)


def changes_between(then: Study, now: Study) -> Changes:
    """Hold a run against an older one, judged by the same metric and margin.

    Raises:
        UsageError: If they have no data set in common, by content or by name.
    """
    sources = _same_sources(then, now)
    if not sources:
        told = [", ".join(printable(name) for name in one.sources.values()) for one in (then, now)]
        raise UsageError(
            f"--against {then.name}: it is of {told[0] or 'no data set'}, and {now.name} of {told[1] or 'none'}; name an "
            "older run of the same data set"
        )
    found: list[ChangedCondition] = []
    for source, before in sources.items():
        pairs = _matched(then.of(before), now.of(source))
        found += [then_and_now(source, old, new) for old, new in pairs]
    return Changes(then=then, now=now, sources=sources, conditions=tuple(with_corrected_p(found)))


def _same_sources(then: Study, now: Study) -> dict[DatasetId, DatasetId]:
    """Data sets of both: of one content, or else of one name."""
    found = {source: source for source in now.sources if source in then.sources}
    by_name = {one.dataset: one for one in then.sources if one not in found}
    for source in now.sources:
        if source not in found and source.dataset in by_name:
            found[source] = by_name[source.dataset]
    return {source: found[source] for source in now.sources if source in found}


def _matched(
    then: Sequence[JudgedCell], now: Sequence[JudgedCell]
) -> list[tuple[JudgedCell | None, JudgedCell | None]]:
    """Each condition of now with its own of then: the same in all but data, else the only one that is alike."""

    def exact(row: JudgedCell) -> Hashable:
        one = row.cell.condition
        return (one.method, one.warmup, one.rate)

    def alike(row: JudgedCell) -> Hashable:
        one = row.cell.condition
        return (*(getattr(one.method, name) for name in _LOOSE), one.warmup, one.rate)

    def but_warmup(row: JudgedCell) -> Hashable:
        # Of a training that starts afresh the warm-up is only where the scores are from.
        one = row.cell.condition
        own = one.warmup if one.protocol == "continue" else None
        return (*(getattr(one.method, name) for name in _LOOSE), own, one.rate)

    found: dict[int, JudgedCell] = {}
    for key in (exact, alike, but_warmup):
        taken = {id(row) for row in found.values()}
        olds = _by([row for row in then if id(row) not in taken], key)
        for name, own in _by([row for row in now if id(row) not in found], key).items():
            if len(own) == 1 and len(olds.get(name, ())) == 1:
                found[id(own[0])] = olds[name][0]
    taken = {id(row) for row in found.values()}
    gone = [(row, None) for row in then if id(row) not in taken]
    return [*((found.get(id(row)), row) for row in now), *gone]


def _by(
    rows: Sequence[JudgedCell], key: Callable[[JudgedCell], Hashable]
) -> dict[Hashable, list[JudgedCell]]:
    groups: dict[Hashable, list[JudgedCell]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


CHANGE_COLUMNS = (
    "dataset", "method", "warmup", "rate", "then_verdict", "then_delta", "then_low", "then_high", "then_n_seeds",
    "verdict", "delta", "low", "high", "n_seeds", "change", "change_low", "change_high", "pairing", "n_shared_seeds",
    "p", "p_corrected", "finding", "metric", "unit", "notes",
)  # fmt: skip


# Of these, beside those of all tables, the ones in the row's unit.
CHANGES_IN_UNIT = {
    "then_delta", "then_low", "then_high", "change", "change_low", "change_high",
}  # fmt: skip


def change_rows(found: Changes) -> Iterator[dict[str, Any]]:
    """One row a condition of either run, of the data sets that both have."""
    for one in found.conditions:
        study = found.now if one.now else found.then
        now, then = (_judged(row) for row in (one.now, one.then))
        diverged = [row for row in (one.then, one.now) if row and row.cell.diverged]
        notes = [one.why_apart, "a run diverged" if diverged else ""]
        yield {
            "dataset": found.now.sources[one.source],
            "method": study.methods[one.condition.method],
            "warmup": one.condition.warmup,
            "rate": one.condition.rate,
            **{f"then_{name}": value for name, value in then.items()},
            **now,
            "change": one.mean,
            "change_low": one.low,
            "change_high": one.high,
            "pairing": one.pairing,
            "n_shared_seeds": len(one.seeds),
            "p": one.p,
            "p_corrected": one.p_corrected,
            "finding": one.finding,
            **found.now.unit_columns,
            "notes": "; ".join(filter(None, notes)),
        }


def _judged(row: JudgedCell | None) -> dict[str, Any]:
    v = row.verdict if row else None
    return {
        "verdict": v.verdict if v else None,
        "delta": v.mean if v else None,
        "low": v.low if v else None,
        "high": v.high if v else None,
        "n_seeds": len(row.cell.seeds) if row else None,
    }

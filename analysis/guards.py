"""What a condition is judged by: its metric and margin, and the guards that must hold besides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analysis.intervals import bounds
from analysis.metrics import ACCURACY, METRICS, Margin, Metric, margin_of, metric_of
from analysis.paired_verdicts import judge_pairs
from analysis.pairing import Pair
from analysis.readings import Reading, Rows
from analysis.verdicts import ALPHA, Verdict, Word
from trainables.errors import DataError, UsageError
from trainables.result import TrialResult
from trainables.suggestions import did_you_mean

Family = Literal["", "class", "group"]
# Guards on each class or group; the worst is within where all are.
FAMILIES: dict[str, Family] = {
    "worst_class": "class", "every_class": "class", "worst_group": "group", "every_group": "group",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What must hold beside the metric.

    Attributes:
        text: As it was written.
        metric: What is judged: of a class its recall, of a group the deciding metric on its rows.
        margin: How much worse is still within.
        family: Of all test rows, or of each class or group of them.
    """

    text: str
    metric: Metric
    margin: Margin
    family: Family = ""


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """What a condition is judged by.

    Attributes:
        metric: What decides.
        margin: How much worse is still within.
        guards: What must hold besides.
        group_column: The user's column that says of which group a test row is; empty for none.
    """

    metric: Metric = ACCURACY
    margin: Margin = Margin(value=1.0)  # noqa: RUF009 - frozen
    guards: tuple[Guard, ...] = ()
    group_column: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether accuracy alone decides."""
        return self.metric is ACCURACY and not self.guards

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics that are asked for, each once."""
        named = {one.name: one for one in (self.metric, *(guard.metric for guard in self.guards))}
        return tuple(named.values())


def criterion_of(
    metric: str = "",
    tolerance: float | str | None = None,
    guards: Sequence[str] = (),
    group_column: str = "",
) -> Criterion:
    """What is asked for, as written on a command line or in a plan.

    Args:
        metric: As `metric_of` takes it; empty for accuracy.
        tolerance: As `margin_of` takes it; None for the metric's own.
        guards: As `guard_of` takes them.
        group_column: The user's column of groups.

    Raises:
        UsageError: If something is not known, or worst_group has no column.
    """
    deciding = metric_of(metric) if metric else ACCURACY
    written = (
        "" if tolerance is None else f"{tolerance:g}" if isinstance(tolerance, float) else tolerance
    )
    if "none" in guards:
        raise UsageError("guard none takes all guards away: give it alone, or leave it out")
    chosen = tuple(guard_of(text, deciding) for text in guards)
    if not group_column and any(one.family == "group" for one in chosen):
        raise UsageError(
            "a guard on groups needs --group-column NAME, a column of the data that says of which group a "
            "row is"
        )
    if twice := {one.text for one in chosen if sum(other.text == one.text for other in chosen) > 1}:
        raise UsageError(f"guard {min(twice)} is given twice; give each once")
    margin = margin_of(str(written), deciding)
    return Criterion(
        metric=deciding.by(margin), margin=margin, guards=chosen, group_column=group_column
    )


def guard_of(text: str, deciding: Metric) -> Guard:
    """A guard as written: NAME:MARGIN, such as worst_class:3, every_class:3, log_loss:5% or worst_group:2.

    Raises:
        UsageError: If the name is no metric and no family, or the margin is none.
    """
    name, _, margin = text.rpartition(":")
    if text in {*METRICS, *FAMILIES} or margin in ("higher", "lower"):
        name, margin = text, ""
    family = FAMILIES.get(name, "")
    if text.endswith(":"):
        raise UsageError(
            f"guard {text!r} has no margin behind its colon; write NAME:MARGIN, or NAME alone"
        )
    if family:
        metric = ACCURACY if family == "class" else deciding
    elif name in METRICS or ":" in name:
        metric = metric_of(name)
    else:
        raise UsageError(
            f"guard {text!r}; write NAME:MARGIN, such as worst_class:3 or log_loss:5%."
            f"{did_you_mean(name or text, [*METRICS, *FAMILIES])}"
        )
    try:
        line = margin_of(margin, metric)
    except UsageError as error:
        raise UsageError(f"guard {text}: {error}") from error
    return Guard(text=text, metric=metric.by(line), margin=line, family=family)


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A guard of one condition, judged: on all test rows, or on those of one class or group.

    Attributes:
        label: As a sentence has it, such as "recall" or "log loss".
        metric: What is judged.
        verdict: Of it, in the metric's unit, by the guard's own margin. Within at the error of the
            condition: all that must hold hold together at that error. Outside where the band is.
        group: The class or group of test rows it is of; empty where it is of all.
        guard: As it was written.
        n_test: Test rows it is of.
        low: Lower end of the band that holds for all classes or groups together; None without an
            interval.
        high: Upper end of it.
    """

    label: str
    metric: Metric
    verdict: Verdict
    group: str = ""
    guard: str = ""
    n_test: int = 0
    low: float | None = None
    high: float | None = None

    @property
    def text(self) -> str:
        """The guard as it was written, of which class or group, and its word."""
        return f"{self.guard}{f' ({self.group})' if self.group else ''} {self.verdict.verdict}"


def judged_guards(
    pairs: Sequence[Pair],
    by: Criterion,
    *,
    alpha: float = ALPHA,
    item_share: float = 1.0,
    diverged: Sequence[int] = (),
) -> tuple[Guarded, ...]:
    """Every guard of a condition, one a class or group of those that are of each."""
    found: list[Guarded] = []
    for guard in by.guards if pairs else ():
        reading = pairs[0].reading.with_metric(guard.metric)
        groups = dict(_groups(guard, pairs[0].baseline, by, reading))
        for name, rows in groups.items():
            v = judge_pairs(
                pairs, reading, guard.margin, rows=rows, alpha=alpha, item_share=item_share,
                diverged=diverged,
            )  # fmt: skip
            n_test = pairs[0].baseline.n_test if rows is None else int(rows.sum())
            found.append(
                _banded(replace(_one(guard, v, name), n_test=n_test), len(groups), item_share)
            )
    return tuple(found)


def _groups(
    guard: Guard, row: TrialResult, by: Criterion, reading: Reading
) -> Iterator[tuple[str, Rows | None]]:
    """The classes or groups of a guard with their test rows, or all rows under no name."""
    if not guard.family:
        yield "", None
        return
    if guard.family == "class":
        truth = reading.truth(row)
        if truth.labels is None:
            raise DataError(f"guard {guard.text}: the test set has no classes")
        names, of = np.array(truth.class_names), truth.labels
    else:
        names, of = np.unique(_group_column(row, by, reading), return_inverse=True)
    for k in np.unique(of):
        yield str(names[k]), of == k


def _group_column(row: TrialResult, by: Criterion, reading: Reading) -> np.ndarray:
    own = reading.outcomes.ordered(row.spec.data_sha)[0].own
    if by.group_column not in own:
        raise DataError(
            f"the test rows of {row.spec.dataset} were kept without column {by.group_column!r}"
            f"{f' and with {kept}' if (kept := ', '.join(own)) else ''}; the sweep's "
            f"own command with --group-column {by.group_column} keeps it, and trains nothing that is done"
        )
    return np.array([str(value) for value in own[by.group_column]])


def _one(guard: Guard, v: Verdict, group: str) -> Guarded:
    label = "recall" if guard.family == "class" else guard.metric.label
    return Guarded(
        label=label, metric=guard.metric, verdict=v, group=group, guard=guard.text, low=v.low, high=v.high
    )  # fmt: skip


def _banded(one: Guarded, n_groups: int, item_share: float) -> Guarded:
    """A guard with the band over all groups: what is harmed is named by that alone."""
    v = one.verdict
    if n_groups < 2 or v.parts is None or v.low is None:
        return one
    level = v.alpha / n_groups
    found = bounds(v.parts, level, item_alpha=item_share * level)
    most = v.scale if one.metric.unit == "pp" else np.inf
    low, high = (float(np.clip(v.scale * bound, -most, most)) for bound in found)
    if v.verdict == "outside" and high >= -v.tolerance:
        v = replace(v, verdict="inconclusive")
    return replace(one, verdict=v, low=low, high=high)


def clears(v: Verdict) -> bool:
    """Whether a metric alone is within, whatever the guards beside it say."""
    may_pass = v.low is not None and not v.diverged and v.few is None
    return may_pass and (v.low or 0.0) > -v.tolerance


def joint(v: Verdict, guards: Sequence[Guarded]) -> Verdict:
    """The verdict of a metric with the word of metric and guards together.

    Within where all are, each at its own error: then one error holds for all (an intersection-union
    test). Outside where one is. The p of "not within" is the largest.

    References:
        Berger, "Multiparameter hypothesis testing and acceptance sampling", 1982.
    """
    if not guards:
        return v
    words = {v.verdict, *(one.verdict.verdict for one in guards)}
    open_: Word = "outside" if "outside" in words else "inconclusive"
    word: Word = "within" if words == {"within"} else open_
    ps = [one.p_not_within for one in (v, *(one.verdict for one in guards))]
    known = [p for p in ps if p is not None]
    return replace(
        v,
        verdict=word,
        p_not_within=max(known) if len(known) == len(ps) else None,
        equivalent=v.equivalent and word == "within",
        improved=v.improved and word == "within",
    )

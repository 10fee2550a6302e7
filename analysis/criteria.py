"""What a run is judged by: as its plan says, or as is asked for anew; whether its trials have kept it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.guards import Criterion, criterion_of
from analysis.metrics import ACCURACY, METRICS, Metric, classes_counted
from analysis.outcomes import OUTCOME, Outcomes, columns_in
from analysis.readings import Reading
from analysis.run_files import Plan
from trainables.errors import DataError, UsageError
from trainables.result import TrialResult
from trainables.suggestions import did_you_mean

# What a plan says of a margin of 0, and a page.
NOTHING_LESS = "tolerance 0: only an improvement passes"
# Points of accuracy on held-out training rows that are worth a warning of how a training ends.
_POINT = 1.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to judge by as a command line has it; None for what the plan says.

    Attributes:
        metric: As `metric_of` takes it.
        tolerance: As `margin_of` takes it.
        guards: As `guard_of` takes them.
        group_column: The user's column of groups.
    """

    metric: str | None = None
    tolerance: str | float | None = None
    guards: tuple[str, ...] | None = None
    group_column: str | None = None

    @classmethod
    def of(
        cls,
        metric: str | None,
        tolerance: str | None,
        guard: Sequence[str] | None,
        group_column: str | None,
    ) -> "Asked":
        """What flags ask for; the one guard "none" takes those of the plan away."""
        listed = tuple(one.strip() for text in guard or () for one in text.split(","))
        chosen = () if listed == ("none",) else listed or None
        return cls(metric=metric, tolerance=tolerance, guards=chosen, group_column=group_column)


def criterion_in(plan: Plan, asked: Asked = Asked()) -> Criterion:
    """What a run is judged by: what is asked for, and else what its plan says.

    A margin is of its metric: where another metric is asked for and no margin, it is that metric's own. A
    function of the user's own is called only where it is asked for, never because a plan names it.

    Raises:
        UsageError: If something is not known.
    """
    metric = plan.metric if asked.metric is None else asked.metric
    is_as_planned = metric == plan.metric
    tolerance = asked.tolerance
    if tolerance is None and is_as_planned:
        tolerance = plan.tolerance
    guards = plan.guards if asked.guards is None else asked.guards
    if asked.metric is None and _is_function(metric):
        raise UsageError(
            f"the run was judged by {metric}, a function of yours: name it by --metric {metric}, or another metric, "
            "to judge it again"
        )
    if asked.guards is None and (called := [one for one in guards if _is_function(one)]):
        raise UsageError(
            f"the run was judged by a guard that is a function of yours: name it by --guard {called[0]} to judge it "
            "again"
        )
    column = plan.group_column if asked.group_column is None else asked.group_column
    return criterion_of(metric, tolerance, guards, column)


def _is_function(text: str) -> bool:
    """Whether a metric or guard is a function: what has a colon, and is neither a row nor columns."""
    name, _, rest = text.partition(":")
    return bool(rest) and (name.endswith(".py") or not _is_named(text))


def _is_named(text: str) -> bool:
    parts = text.split(":")
    return (
        len(parts) == 1
        or parts[0] in METRICS
        or _is_margin(parts[1])
        or parts[1] in ("higher", "lower")
    )


def _is_margin(text: str) -> bool:
    try:
        float(text.removesuffix("%"))
    except ValueError:
        return False
    return True


def chosen_late(plan: Plan, by: Criterion) -> str:
    """That a run is judged by something else than its plan says, which is one more chance; else empty."""
    if not plan.specs:
        return ""
    guards = [one.text for one in by.guards]
    changed = []
    if plan.metric != by.metric.name:
        changed.append(f"{by.metric.name} in place of {plan.metric}")
    elif plan.tolerance is not None and plan.tolerance != by.margin.written:
        changed.append(f"a tolerance of {by.margin.written} in place of {plan.tolerance}")
    if sorted(plan.guards) != sorted(guards):
        changed.append(
            f"{' and '.join(guards) or 'no guard'} in place of {' and '.join(plan.guards) or 'no guard'}"
        )
    if not changed:
        return ""
    return (
        f"judged by {', '.join(changed)}, asked for when the sweep had been planned: "
        "how sure an answer is does not count that choice"
    )


def coarse_margin(by: Criterion, value: float) -> str:
    """That a margin is more than half of what is missing to perfect, with a finer one; else empty.

    Args:
        by: What decides.
        value: Its value in the full-data runs; of a share in [0, 1].
    """
    missing = 100 * (1 - value)
    if by.metric.unit != "pp" or by.margin.is_share or by.margin.value <= missing / 2:
        return ""
    margin = by.margin.text(by.metric)
    if missing <= 0:
        return f"with all rows {by.metric.label} is perfect: {margin} is all that may be lost of it"
    return (
        f"with all rows {by.metric.label} is {100 * value:.2f}%, {missing:.2g} pp from perfect: {margin} less "
        f"would be {1 + by.margin.value / missing:.1f} times the errors; a finer margin is --tolerance "
        f"{missing / 5:.1g}"
    )


def check_kept(rows: Sequence[TrialResult], by: Criterion, outcomes: Outcomes) -> None:
    """Refuse a metric that some finished trials have not kept what it needs for.

    Raises:
        DataError: If there are such; says how many, and what keeps it.
    """
    for metric in by.metrics:
        _check_kind(rows, metric, by)
        reading = Reading(metric, outcomes)
        lacking = [(row, why) for row in rows if (why := reading.lacks(row))]
        if not lacking:
            continue
        row, columns = lacking[0]
        path = outcomes.file(OUTCOME, row.spec.result_key)
        if path is not None and columns[0] != "probs":
            there = columns_in(path)
            raise DataError(
                f"{metric.name} needs column {columns[0]!r}, and trials of {row.spec.dataset} leave "
                f"{', '.join(there)}.{did_you_mean(columns[0], there)}"
            )
        count = len(lacking)
        trials = "1 trial has" if count == 1 else f"{count} trials have"
        flags = f"--metric {metric.name}" if metric is by.metric else f"--guard {metric.name}"
        raise DataError(
            f"{metric.name} needs {' and '.join(columns)} of each test row, and {trials} not kept it: run the "
            f"sweep's own command again with {flags}, which trains {'it' if count == 1 else 'these'} again "
            "and nothing else; accuracy needs no more than the rows"
        )


def _check_kind(rows: Sequence[TrialResult], metric: Metric, by: Criterion) -> None:
    """Refuse a metric of numbers where trials predict classes, and the other way round."""
    guard = next((one.text for one in by.guards if one.metric is metric), "")
    flag = (
        "--metric" if metric is by.metric or not guard else f"another guard than {guard}, such as"
    )
    for row in rows:
        has = "numbers" if row.accuracy is None and not row.class_names else "classes"
        if row.is_ok and metric.is_of and has == "numbers" and _leaves_no_prediction(row):
            raise UsageError(
                f"{row.spec.dataset}: {metric.name} is of {metric.is_of}, and its trials predict neither classes nor "
                f"numbers, as those of a language model; give {flag} token_loss"
            )
        if row.is_ok and metric.is_of and metric.is_of != has:
            fitting = [one.name for one in METRICS.values() if one.is_of == has]
            raise UsageError(
                f"{row.spec.dataset}: {metric.name} is of {metric.is_of}, and its trials predict {has}; give "
                f"{flag} {' or '.join(fitting)}"
            )


def _leaves_no_prediction(row: TrialResult) -> bool:
    return {"loss", "weight"} <= {*row.outcome} and "predicted" not in row.outcome


def notes_of_judging(
    by: Criterion,
    plan: Plan,
    counts: Mapping[str, Sequence[int]],
    values: Mapping[str, float],
) -> tuple[str, ...]:
    """What a reader must know of how a run is judged: classes left out, a coarse margin, a late choice.

    Args:
        by: What it is judged by.
        plan: What it was planned to be judged by.
        counts: Test rows of each class, by name of the data set.
        values: Of the full-data runs, likewise.
    """
    told = [NOTHING_LESS] if not by.margin.value else []
    for label, tested in counts.items():
        found = (classes_counted(metric, tested) for metric in by.metrics)
        told += [f"{label}: {one}" for one in found if one]
    coarse = ((label, coarse_margin(by, value)) for label, value in values.items())
    told += [f"{label}: {one}" for label, one in coarse if one]
    return (*told, *filter(None, [chosen_late(plan, by)]))


def points_worth_telling(by: Criterion) -> float:
    """Points of accuracy on held-out training rows that matter: the margin, where accuracy decides."""
    is_points = by.metric is ACCURACY and not by.margin.is_share
    # Of a margin of 0 every point would matter, and noise is more than none.
    return by.margin.value if is_points and by.margin.value > 0 else _POINT

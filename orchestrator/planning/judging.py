"""What a sweep's trials are judged by: checked against the data, and read from where it lies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.contributions import LEAST_TO_RANK, Truth
from analysis.criteria import NOTHING_LESS
from analysis.guards import Criterion
from analysis.metrics import ACCURACY, METRICS, Metric, classes_counted
from analysis.outcomes import OUTCOME, PROBS, Outcomes, outcome_file
from analysis.readings import Reading, needed
from analysis.run_files import Plan
from analysis.study import Study, study
from orchestrator.store.damaged_files import is_outcome_intact
from orchestrator.store.replicated import Store
from orchestrator.store.run_folder import Run
from trainables.data.dataset import Dataset
from trainables.errors import UsageError
from trainables.result import TrialResult
from trainables.suggestions import did_you_mean

# A column of more different values than this says what a row is, not which group it is of.
_MOST_GROUPS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class Judging:
    """What trials are judged by, and where it reads what they say.

    Attributes:
        by: Metric, margin and guards.
        outcomes: Of trials in the run's folder or in the store.
        plan: What was to be run, as far as a verdict depends on it.
    """

    by: Criterion = field(default_factory=Criterion)
    outcomes: Outcomes = field(default_factory=Outcomes)
    plan: Plan = field(default_factory=Plan)

    @cached_property
    def reading(self) -> Reading:
        """The metric, as it reads trials; what it has read stays read."""
        return Reading(self.by.metric, self.outcomes)

    def study(self, rows: Iterable[TrialResult], plan: Plan | None = None) -> Study:
        """Some rows, judged."""
        return study(rows, plan or self.plan, by=self.by, outcomes=self.outcomes)


def kinds_kept(by: Criterion, dataset: Dataset) -> tuple[str, ...]:
    """Kinds of artifacts that a trial must leave beside its row to be judged: none for accuracy."""
    others = [metric for metric in by.metrics if metric is not ACCURACY]
    if not others:
        return ()
    names = {name for metric in others for name in needed(metric, dataset.class_names)}
    return (OUTCOME, PROBS) if "probs" in names else (OUTCOME,)


def outcomes_in(folder: Path, store: Store, datasets: Mapping[str, Dataset]) -> Outcomes:
    """Outcomes in a run's folder or else in the store, answers from the data in memory."""

    def file(kind: str, key: str) -> Path | None:
        path = outcome_file(folder, kind, key)
        return path if is_outcome_intact(path) else store.find(kind, key)

    def answers(sha: str) -> Truth | None:
        return answers_of(datasets[sha]) if sha in datasets else None

    return Outcomes(file=file, answers=answers)


def write_tests(run: Run, datasets: Iterable[Dataset]) -> None:
    """Leave the answers of every test set in a run's folder, from where it can be judged anew."""
    for dataset in datasets:
        run.write_answers(dataset.sha, answers_of(dataset), dataset.test.ids)


def answers_of(dataset: Dataset) -> Truth:
    """The answers of a data set's test set, and what its training set says without a look."""
    train, test = dataset.train, dataset.test
    names = dataset.class_names
    shares = np.bincount(train.labels, minlength=len(names)) / len(train)
    own = pa.table({}) if test.own is None else test.own
    groups = {
        name: np.array(["" if one is None else str(one) for one in own[name].to_pylist()], object)
        for name in own.column_names
        if _is_group(own[name])
    }
    return Truth(
        labels=test.labels if names else None,
        targets=test.targets,
        class_names=names,
        prior=shares if names else None,
        mean=None if train.targets is None else float(train.targets.mean()),
        median=None if train.targets is None else float(np.median(train.targets)),
        own=groups,
    )


def _is_group(column: pa.ChunkedArray) -> bool:
    """Whether a column may say of which group a row is."""
    kind = column.type
    can_be = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)
    if not (can_be or pa.types.is_integer(kind)):
        return False
    return bool(pc.count_distinct(column, mode="all").as_py() <= _MOST_GROUPS)


def check_criterion(
    by: Criterion, datasets: Iterable[Dataset], leaves: Sequence[str] | None = None
) -> None:
    """Refuse what cannot be judged of some data set.

    Args:
        by: What is asked for.
        datasets: What it is asked of.
        leaves: Columns that trials leave of each test row; None where that is not known before.

    Raises:
        UsageError: If a metric is of classes or numbers that the data have not, needs a column that no
            trial leaves, or there are no groups.
    """
    for metric in by.metrics:
        lacking = [name for name in metric.needs if leaves is not None and name not in leaves]
        if lacking:
            raise UsageError(
                f"{metric.name} needs column {lacking[0]!r}, and this learner leaves {', '.join(leaves or ())}; "
                f"{_instead(metric, leaves or ())}"
            )
    for dataset in datasets:
        for metric in by.metrics:
            _check_metric(metric, dataset)
        if any(guard.family == "class" for guard in by.guards) and not dataset.class_names:
            raise UsageError(f"{dataset.name}: a guard on classes, and it has none")
        if by.group_column:
            _check_groups(by.group_column, dataset)


def _instead(metric: Metric, leaves: Sequence[str]) -> str:
    """What to give in place of a metric that a learner's trials cannot be judged by."""
    if "predicted" not in leaves:
        return (
            "a language model predicts no classes: give --metric token_loss and no guard of classes"
        )
    if metric.name == "token_loss":
        return "it is of language models, such as --model causal_lm"
    return "a trainer of your own leaves what it likes (docs/metrics.md)"


def _check_metric(metric: Metric, dataset: Dataset) -> None:
    has = (
        "classes" if dataset.class_names else "numbers" if dataset.test.targets is not None else ""
    )
    if metric.is_of and metric.is_of != has:
        fitting = [one.name for one in METRICS.values() if one.is_of == has]  # "" is of any
        raise UsageError(
            f"{dataset.name}: {metric.name} is of {metric.is_of}, and it has {has or 'neither classes nor numbers'} "
            f"to predict; give --metric {' or '.join(fitting)}, or a column of your own"
        )
    if metric.name == "auroc":
        counts = np.bincount(dataset.test.labels, minlength=len(dataset.class_names))
        least = 1 if len(counts) == 2 else LEAST_TO_RANK
        if np.count_nonzero(counts >= least) < (2 if len(counts) == 2 else 1):
            raise UsageError(
                f"{dataset.name}: AUROC needs {least} test rows of a class, and its largest class has "
                f"{counts.max()} and its smallest {counts.min()}"
            )


def _check_groups(column: str, dataset: Dataset) -> None:
    own = dataset.test.own
    names = [] if own is None else own.column_names
    if column not in names:
        have = f"it has {', '.join(names)}" if names else "it has no columns of its own"
        raise UsageError(
            f"{dataset.name}: there is no column {column!r} of groups; {have}.{did_you_mean(column, names)}"
        )
    assert own is not None, "a column was found in it"
    if not _is_group(own[column]):
        raise UsageError(
            f"{dataset.name}: column {column!r} holds {own.schema.field(column).type} and has "
            f"{len(own[column].unique()):,} different values in the test set; groups are named by at most "
            f"{_MOST_GROUPS:,} texts or whole numbers"
        )


def judging_notes(by: Criterion, datasets: Iterable[Dataset]) -> Iterator[str]:
    """What the plan says of how it is judged, a sentence each."""
    if not by.margin.value:
        yield NOTHING_LESS
    for dataset in datasets:
        counts = np.bincount(dataset.test.labels, minlength=len(dataset.class_names))
        for metric in by.metrics if dataset.class_names else ():
            if told := classes_counted(metric, counts):
                yield f"{dataset.name}: {told}"

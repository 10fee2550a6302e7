"""A run as the report sees it: its plan, its judged cells and its comparisons, computed once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.confirmation import Confirmation, confirmations
from analysis.criteria import (
    NOTHING_LESS,
    Asked,
    check_kept,
    criterion_in,
    notes_of_judging,
    points_worth_telling,
)
from analysis.dropped_samples import Dropped, joined, load_dropped
from analysis.envelope import JudgedCell, judged_cells
from analysis.guards import Criterion
from analysis.interim_looks import LOOK_ALPHAS, envelope_at_looks
from analysis.learned import Learned
from analysis.merged_plans import check_one_release, merged
from analysis.methods import Condition, DatasetId, Method, condition_of
from analysis.metrics import Metric
from analysis.outcomes import Outcomes, outcomes_of
from analysis.pricing import Pricing, pricing_of
from analysis.pruned_files import PruneRecord, read_pruned
from analysis.random_control import Comparison, against_random
from analysis.readings import OF_ACCURACY, Reading
from analysis.run_files import Plan, load_plan, read_curves, read_rows
from analysis.training_curves import Ending, endings
from analysis.unlearned import learned_by_question, without_unlearned
from analysis.verdicts import ALPHA
from analysis.wording import method_labels, percent, source_labels
from trainables.plain_text import forwarded, redacted
from trainables.result import TrainingCurve, TrialResult


@dataclass(frozen=True, kw_only=True)
class Study:
    """Everything the page shows, computed once.

    Attributes:
        name: The run's name.
        results: Rows, baselines first, then in the order of the envelope; those of smaller sizes, too.
        rows: Judged cells.
        nulls: Cells that pruned nothing: what chance alone does, judged like the rest.
        comparisons: Every signal's cell against random, by condition.
        plan: What was to be run.
        methods: Labels of the methods, random last.
        sources: Labels of the data sets, sorted; with "(altered)" where a stress test altered the rows.
        dropped: Who was dropped, as far as the sweep wrote it.
        learned: What the full-data runs are worth, by `Condition.question`.
        confirmed: What fresh seeds say of the one list that was chosen, of the data sets that have
            such a list; neither its trials nor its random lists are among the rows.
        curves: Runs looked at on held-out training rows, in the order in which they were made.
        endings: How the trainings end that such a run shows, by `Condition.question`.
        by: What is judged by.
        reading: Its metric, as it reads the rows.
        folder: The run's folder as it was named; None where it is not one run read from a folder.
        pruned: The pruned data sets made from it, the oldest first.
        pricing: What an hour of computing costs, as it was said.
    """

    name: str
    results: tuple[TrialResult, ...]
    rows: tuple[JudgedCell, ...]
    nulls: tuple[JudgedCell, ...]
    comparisons: Mapping[Condition, Comparison]
    plan: Plan
    methods: Mapping[Method, str]
    sources: Mapping[DatasetId, str]
    dropped: Dropped
    learned: Mapping[tuple[Any, ...], Learned]
    confirmed: Mapping[DatasetId, Confirmation] = field(default_factory=dict)
    curves: tuple[TrainingCurve, ...] = ()
    endings: Mapping[tuple[Any, ...], Ending] = field(default_factory=dict)
    by: Criterion = Criterion()  # noqa: RUF009 - frozen
    reading: Reading = OF_ACCURACY
    folder: Path | None = None
    pruned: tuple[PruneRecord, ...] = ()
    pricing: Pricing = Pricing()  # noqa: RUF009 - frozen

    @property
    def metric(self) -> Metric:
        """What decides."""
        return self.by.metric

    @property
    def unit_columns(self) -> dict[str, str]:
        """The metric and its unit, as every table names them."""
        return {"metric": self.metric.name, "unit": self.metric.unit}

    @property
    def judging_notes(self) -> tuple[str, ...]:
        """What a reader must know of how it is judged: classes left out, a coarse margin."""
        counts = {
            self.sources[condition_of(row.spec).source]: row.test_counts
            for row in self.whole_results
            if row.is_ok
        }
        worth = {question[0]: one.value for question, one in [*self.learned.items()][::-1]}
        values = {
            label: worth[source.data_sha]
            for source, label in self.sources.items()
            if source.data_sha in worth
        }
        return notes_of_judging(self.by, self.plan, counts, values)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the plan has to say, and how it is judged, which may be anew; each once."""
        of_plan = [one for one in self.plan.notes if one != NOTHING_LESS]
        return tuple(dict.fromkeys([*of_plan, *self.judging_notes]))

    @property
    def tolerance(self) -> float:
        """The margin in the metric's unit; of a share of the gain the largest that a condition was held to."""
        if not self.by.margin.is_share:
            return self.by.margin.value
        return max((row.verdict.tolerance for row in self.rows if row.verdict), default=0.0)

    @property
    def whole_results(self) -> list[TrialResult]:
        """Rows of the data sets themselves, without points of the frontier at smaller total sizes."""
        return [row for row in self.results if row.spec.data_sha not in self.plan.subsets]

    def confirms(self, source: DatasetId) -> bool:
        """Whether the plan has a data set's answer confirmed: then the search alone names none."""
        return source.data_sha in self.plan.candidates or source in self.confirmed

    def of(self, source: DatasetId | None = None, method: Method | None = None) -> list[JudgedCell]:
        """The rows of one data set, of one method, or of both."""
        rows = self.rows if source is None else self._rows_by_source.get(source, ())
        return [row for row in rows if method in (None, row.cell.condition.method)]

    @cached_property
    def _rows_by_source(self) -> Mapping[DatasetId, Sequence[JudgedCell]]:
        found: dict[DatasetId, list[JudgedCell]] = {}
        for row in self.rows:
            found.setdefault(row.cell.condition.source, []).append(row)
        return found

    @property
    def alpha(self) -> float:
        """Error of each bound: of one look where seeds were bought look by look."""
        return _alpha(self.plan)

    @property
    def confidence(self) -> str:
        """The level of every interval, such as 90%; at looks it depends on the look."""
        alphas = LOOK_ALPHAS if self.plan.adaptive else (ALPHA,)
        levels = [percent(round(1 - 2 * alpha, 3)) for alpha in alphas]
        return " to ".join(dict.fromkeys((min(levels), max(levels))))

    @property
    def warmups(self) -> list[float]:
        """Every warm-up share, ascending."""
        return sorted({row.cell.condition.warmup for row in self.rows})

    @property
    def warnings(self) -> Mapping[str, int]:
        """What a reader of the rows must know, and of how many; that of the most rows first."""
        counts = Counter(text for row in self.results for text in row.warnings)
        return dict(counts.most_common())


def study(
    results: Iterable[TrialResult],
    plan: Plan | None = None,
    *,
    name: str = "run",
    by: Criterion | None = None,
    outcomes: Outcomes | None = None,
    dropped: Dropped | None = None,
    curves: Iterable[TrainingCurve] = (),
) -> Study:
    """Judge a run.

    Args:
        results: Its rows.
        plan: What was to be run; without it, what was found.
        name: The run's name.
        by: What it is judged by; without it what the plan says, or accuracy within 1 pp.
        outcomes: What its trials say of each test row; of accuracy they are not read.
        dropped: Who was dropped.
        curves: Runs looked at on held-out training rows.

    Raises:
        DataError: If paired trials were not tested on the same test set, or the metric needs what trials
            have not kept.
    """
    plan = plan or Plan()
    by = by or criterion_in(plan)
    kept = sorted(map(_sent_on, results), key=_results_order)
    check_kept(kept, by, outcomes or Outcomes())
    reading = Reading(by.metric, outcomes)
    judged = envelope_at_looks if plan.adaptive else judged_cells
    # A smaller total size is no data set of its own: of it nothing is answered.
    whole = [row for row in kept if row.spec.data_sha not in plan.subsets]
    searched = [row for row in whole if row.spec.kind != "fixed"]
    planned = [s for s in plan.specs if s.kind != "fixed" and s.data_sha not in plan.subsets]
    plain = judged(searched, planned, by=by, reading=reading)
    worth = learned_by_question(whole, plain, reading)
    every = [without_unlearned(row, worth) for row in plain]
    rows = [row for row in every if row.cell.condition.kind != "null"]
    conditions = [row.cell.condition for row in rows]
    in_order = sorted(conditions, key=lambda c: (c.is_control, _lead(c.signal)))
    looked = tuple({one.spec.curve_key: one for one in curves}.values())
    everything = [*conditions, *(condition_of(row.spec) for row in whole)]
    return Study(
        name=name,
        results=tuple(kept),
        rows=tuple(rows),
        nulls=tuple(row for row in every if row.cell.condition.kind == "null"),
        comparisons=against_random((row.cell for row in rows), alpha=_alpha(plan)),
        plan=plan,
        by=by,
        reading=reading,
        methods=method_labels(
            (condition.method for condition in in_order),
            with_training=len({c.question[0] for c in conditions})
            < len({c.question for c in conditions}),
        ),
        sources=_labels((condition.source for condition in everything), plan),
        dropped=dropped or Dropped(),
        learned=worth,
        confirmed=confirmations(kept, plan, by=by, reading=reading),
        curves=looked,
        endings=endings(looked, tolerance=points_worth_telling(by)),
    )


def _labels(sources: Iterable[DatasetId], plan: Plan) -> dict[DatasetId, str]:
    """A name for each data set; what is said of altered rows is never said of the data as they came."""
    return {
        source: f"{label} (altered)" if source.data_sha in plan.altered else label
        for source, label in source_labels(sources).items()
    }


def _results_order(row: TrialResult) -> tuple[Any, ...]:
    return (not row.spec.is_baseline, condition_of(row.spec).order, row.spec.seed)


def _alpha(plan: Plan) -> float:
    return min(LOOK_ALPHAS) if plan.adaptive else ALPHA


def _lead(signal: str) -> bool:
    # The plain redundancy signal is the study's own: it is named first.
    return signal != "redundancy"


def _sent_on(row: TrialResult) -> TrialResult:
    """A row as tables and page have it, which are sent on: its error without secrets and full paths."""
    told = row.error.replace(row.host, "…") if row.host else row.error
    return replace(row, error=forwarded(redacted(told))) if row.error else row


def read_runs(
    runs: Sequence[Path],
    asked: Asked = Asked(),  # noqa: B008 - frozen
    *,
    by: Criterion | None = None,
    gpu_price: float | None = None,
) -> Study:
    """Judge one run, or several as one.

    Args:
        runs: Their folders.
        asked: What to judge by, where it is not what their plan says.
        by: The same, read already.
        gpu_price: Dollars an hour of an accelerator; without it what the sweep was told.

    Raises:
        AbsentError: If a run holds no rows and no plan.
        DataError: If a file of a run is not what it should be, or the metric needs what was not kept.
        UsageError: If what is asked for is not known.
    """
    rows = [row for run in runs for row in read_rows(run)]
    plan = merged(map(load_plan, runs))
    check_one_release(rows)
    name = " + ".join(run.resolve().name for run in runs)
    dropped = joined(load_dropped(run) for run in runs)
    curves = [curve for run in runs for curve in read_curves(run)]
    seen = study(
        rows, plan, name=name, by=by or criterion_in(plan, asked), outcomes=outcomes_of(runs),
        dropped=dropped, curves=curves,
    )  # fmt: skip
    files = sorted((one for run in runs for one in read_pruned(run)), key=lambda one: one.made)
    folder = runs[0] if len(runs) == 1 else None
    return replace(seen, folder=folder, pruned=tuple(files), pricing=pricing_of(runs, gpu_price))

"""A run as the report sees it: its plan, its judged cells and its comparisons, computed once."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.dropped_samples import Dropped
from analysis.envelope import Row, envelope, spec_order
from analysis.interim_looks import LOOK_ALPHA, envelope_at_looks
from analysis.random_control import Comparison, against_random
from analysis.verdicts import ALPHA
from analysis.wording import (
    Method,
    Source,
    method_labels,
    method_of,
    percent,
    source_labels,
    source_of,
)
from trainables.spec import TrialResult, TrialSpec


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was to be run, as the sweep wrote it into plan.json; empty where there is none.

    Attributes:
        grid: Name of the grid.
        command: The command line that made the run.
        specs: Every trial that was to be run, baselines included.
        created: ISO time.
        tolerance_pp: The tolerance asked for, or None.
        limited: Whether the data was cut short to try things out.
        environment: Versions and machine.
        notes: What the sweep has to say, one sentence each.
        adaptive: Whether seeds were bought look by look.
    """

    grid: str = ""
    command: str = ""
    specs: tuple[TrialSpec, ...] = ()
    created: str = ""
    tolerance_pp: float | None = None
    limited: bool = False
    environment: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    adaptive: bool = False


@dataclass(frozen=True, kw_only=True)
class Study:
    """Everything the page shows, computed once.

    Attributes:
        name: The run's name.
        results: Rows, baselines first, then in the order of the envelope.
        rows: Judged cells.
        nulls: Cells that pruned nothing: what chance alone does, judged like the rest.
        comparisons: Every signal's cell against random, by condition.
        plan: What was to be run.
        tolerance_pp: The tolerance judged by.
        methods: Labels of the methods, random last.
        sources: Labels of the data sets, sorted.
        dropped: Who was dropped, as far as the sweep wrote it.
    """

    name: str
    results: tuple[TrialResult, ...]
    rows: tuple[Row, ...]
    nulls: tuple[Row, ...]
    comparisons: Mapping[TrialSpec, Comparison]
    plan: Plan
    tolerance_pp: float
    methods: Mapping[Method, str]
    sources: Mapping[Source, str]
    dropped: Dropped

    def of(self, source: Source | None = None, method: Method | None = None) -> list[Row]:
        """The rows of one data set, of one method, or of both."""
        return [
            row
            for row in self.rows
            if source in (None, source_of(row.cell.condition))
            and method in (None, method_of(row.cell.condition))
        ]

    @property
    def alpha(self) -> float:
        """Error of each bound: of one look where seeds were bought look by look."""
        return _alpha(self.plan)

    @property
    def confidence(self) -> str:
        """The level of every interval, such as 90%."""
        return percent(1 - 2 * self.alpha)

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
    tolerance_pp: float | None = None,
    dropped: Dropped | None = None,
) -> Study:
    """Judge a run.

    Args:
        results: Its rows.
        plan: What was to be run; without it, what was found.
        name: The run's name.
        tolerance_pp: How far below the baseline is still within; without it the plan's, or 1.
        dropped: Who was dropped.

    Raises:
        ValueError: If paired trials were not tested on the same test set.
    """
    plan = plan or Plan()
    kept = sorted(results, key=lambda row: (not row.spec.is_baseline, spec_order(row.spec)))
    tolerance = tolerance_pp if tolerance_pp is not None else plan.tolerance_pp or 1.0
    judged = envelope_at_looks if plan.adaptive else envelope
    every = judged(kept, plan.specs, tolerance_pp=tolerance)
    rows = [row for row in every if not row.cell.condition.is_null]
    conditions = [row.cell.condition for row in rows]
    in_order = sorted(conditions, key=lambda c: (c.signal == "random", _lead(c.signal)))
    everything = [*conditions, *(row.spec for row in kept)]
    return Study(
        name=name,
        results=tuple(kept),
        rows=tuple(rows),
        nulls=tuple(row for row in every if row.cell.condition.is_null),
        comparisons=against_random(
            (row.cell for row in rows), alpha=_alpha(plan), pool=not plan.adaptive
        ),
        plan=plan,
        tolerance_pp=tolerance,
        methods=method_labels(in_order),
        sources=source_labels(everything),
        dropped=dropped or Dropped(),
    )


def _alpha(plan: Plan) -> float:
    return LOOK_ALPHA if plan.adaptive else ALPHA


def _lead(signal: str) -> bool:
    # The plain redundancy signal is the study's own: it is named first.
    return signal != "redundancy"


def load_plan(run: Path) -> Plan | None:
    """The plan a sweep left in RUN/plan.json, or None.

    Raises:
        ValueError: If the file is not a plan; the message names it.
    """
    path = run / "plan.json"
    if not path.exists():
        return None
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return Plan(
            grid=str(written.get("grid", "")),
            command=str(written.get("command", "")),
            specs=tuple(TrialSpec.from_dict(spec) for spec in written.get("specs", [])),
            created=str(written.get("created", "")),
            tolerance_pp=written.get("tolerance_pp"),
            limited=bool(written.get("limited", False)),
            environment=dict(written.get("environment") or {}),
            notes=tuple(str(note) for note in written.get("notes", [])),
            adaptive=bool(written.get("adaptive", False)),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a plan: {error}") from error


def merged(plans: Iterable[Plan | None]) -> Plan:
    """The plan of several runs read as one: all their specs, the first one's words."""
    known = [plan for plan in plans if plan is not None]
    if len(known) < 2:
        return known[0] if known else Plan()
    first = known[0]
    return Plan(
        grid=" + ".join(dict.fromkeys(plan.grid for plan in known)),
        command="\n".join(plan.command for plan in known),
        specs=tuple(spec for plan in known for spec in plan.specs),
        created=max(plan.created for plan in known),
        tolerance_pp=first.tolerance_pp,
        limited=any(plan.limited for plan in known),
        environment=first.environment,
        notes=tuple(dict.fromkeys(note for plan in known for note in plan.notes)),
        adaptive=any(plan.adaptive for plan in known),
    )

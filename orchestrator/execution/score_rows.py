"""Scores of a training set without a sweep: one process, no Ray, the store of all runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orchestrator.execution.here import explain_error, settle_here
from orchestrator.planning.score_plan import ScorePlan
from orchestrator.planning.stored_inputs import store_data
from orchestrator.store.replicated import Store
from trainables.errors import DataError, EnvelopeError
from trainables.result import Phase
from trainables.spec import TrialSpec
from trainables.written_numbers import many

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ScoredRows:
    """What one signal says of the rows.

    Attributes:
        signal: As it is written.
        table: As `trainables.selection.ranked_rows` has it.
        about: What decided it, plain JSON.
        seconds: What making the scores took, when they were made: warm-ups, passes, searches.
        notes: What a reader must know, a sentence each.
    """

    signal: str
    table: pa.Table
    about: dict[str, Any]
    seconds: float
    notes: tuple[str, ...]


def score_rows(plan: ScorePlan, say: Say) -> Iterator[ScoredRows]:
    """Make the scores of each signal that the store does not have, and what is to be told of every row.

    Args:
        plan: What is wanted.
        say: Told each step, a line.

    Raises:
        DataError: If the rows cannot be scored so, such as by a vector of zeros or a run that diverged.
        UnavailableError: If this machine is not fit for it.
    """
    from trainables.data.messages import plain_texts
    from trainables.selection.ranked_rows import have_copies

    settle_here(plan.resources)
    store = plan.resources.open_store()
    copies, is_complete = have_copies(plain_texts(plan.dataset.train.inputs, plan.dataset.kind))
    if not is_complete:
        say(
            "is_copy: among so many alike not all near copies were looked for; exact ones are all found"
        )
    try:
        warm = _train(plan, store, say)
        for signal, specs in plan.signals.items():
            yield _scored(plan, store, (signal, specs), copies, warm)
    except (EnvelopeError, OSError):
        raise
    except (ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
        # What the numbers of a data set or a model come to: a sweep notes it as a trial that failed.
        raise DataError(f"{plan.dataset.name}: {explain_error(error, plan.specs[0])}") from error


def _train(plan: ScorePlan, store: Store, say: Say) -> dict[str, Phase]:
    """Train each run to its mark, where the scores are not there; what that took when it was done."""
    from trainables.run_context import RunContext
    from trainables.trial import warm_up

    runs = RunContext(plan.dataset, store)
    is_scored = all(store.has("scores", spec.score_key) for spec in plan.specs)
    for marks in () if is_scored else plan.warm_ups.values():
        if not all(store.has("warm", mark.warm_key) for mark in marks):
            baseline, last = marks[0].baseline, max(mark.warmup for mark in marks)
            say(
                f"training {baseline.model} on all {many(len(plan.dataset.train), 'row')}, seed {baseline.seed}, "
                f"for {last * baseline.training.epochs:.3g} of its {many(baseline.training.epochs, 'epoch')}"
            )
            store_data({plan.dataset.sha: plan.dataset}, store)
            warm_up(baseline, store, marks=marks)
            store.clear_progress(baseline.result_key)
    done = {spec.warm_key: spec for marks in plan.warm_ups.values() for spec in marks}
    return {key: runs.warm_up_used(spec) for key, spec in done.items() if store.has("warm", key)}


def _scored(
    plan: ScorePlan,
    store: Store,
    asked: tuple[str, tuple[TrialSpec, ...]],
    copies: NDArray[np.bool_],
    warm: dict[str, Phase],
) -> ScoredRows:
    from trainables.data.dataset import uniform_draws
    from trainables.learners import LEARNERS
    from trainables.run_context import RunContext
    from trainables.selection.contracts import recall_warnings, warnings
    from trainables.selection.lookup import resolve
    from trainables.selection.ranked_rows import COLUMNS, nearest_rows, ranked_rows
    from trainables.selection.scoring import join_scores, recall_of, score

    (signal, specs), runs = asked, RunContext(plan.dataset, store)
    first = specs[0]
    each = [score(spec, runs) for spec in specs]
    joined = join_scores(
        np.stack([scores for scores, _ in each]), is_set=resolve(first).signal.is_set
    )
    scores = each[0][0] if len(each) == 1 else joined
    table = ranked_rows(
        plan.dataset,
        scores,
        uniform_draws(plan.dataset.train.ids, first.seed, "ties"),
        near=nearest_rows(first, runs),
        copies=copies,
    )
    steps = {step: phase for _, used in each for step, phase in used.items()}
    took = [phase.seconds for phase in steps.values()]
    took += [warm[spec.warm_key].seconds for spec in specs if spec.warm_key in warm]
    embedding_used = LEARNERS[first.learner].embedding_used
    if plan.model and embedding_used:
        took.append(embedding_used(first, store, "train").seconds)
    about = {
        "what": "scores",
        "dataset": plan.dataset.name,
        "run": first.baseline.to_dict() | {"seed": [spec.seed for spec in specs]},
        "warmup": first.warmup,
        "signal": first.signal,
        "signal_sha": first.signal_sha,
        "settings": dict(first.settings),
        "columns": {name: COLUMNS[name] for name in table.column_names},
    }
    return ScoredRows(
        signal=signal,
        table=table,
        about=about,
        seconds=sum(took),
        notes=(*warnings(first), *recall_warnings(first, recall_of(first, runs))),
    )

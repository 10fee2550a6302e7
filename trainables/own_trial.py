"""One trial of a trainer of the user's own: rows chosen, tables handed over, answers checked, a row."""

from dataclasses import replace

from trainables.cache import Cache
from trainables.data.dataset import Dataset
from trainables.data.user_tables import UserTables
from trainables.evaluation import row_of
from trainables.keys import seed_for
from trainables.result import Phase, TrialResult, total
from trainables.run_context import load_runs, load_tables
from trainables.selection.contracts import recall_warnings
from trainables.selection.scoring import Keep, recall_of, select
from trainables.spec import TrialSpec
from trainables.trainers.answers import Expected, outcome_of
from trainables.trainers.contract import Answered, Call, Place
from trainables.trainers.forms import trainer_of


def run_own(spec: TrialSpec, cache: Cache, place: Place) -> TrialResult:
    """Have the user's trainer train on the rows that stay, and answer for the test set.

    Args:
        spec: A trial of a trainer of the user's own; of any kind but dynamic.
        cache: Where artifacts are kept.
        place: Where and how it is called.

    Returns:
        The trial's row.

    Raises:
        DataError: If the trainer ends without an answer, or its answer is none.
    """
    runs = load_runs(spec, cache)
    keep, scoring = select(spec, runs)
    phases = {}
    if not spec.is_baseline:
        warmup = sum((runs.warm_up_used(one) for one in spec.twin.scorers), Phase())
        phases = {"warmup": warmup, "scoring": total(scoring)}
    tables = load_tables(spec, cache)
    call = call_of(spec, cache, tables, keep, place)
    answered = trainer_of(spec, place).train(call)
    outcome = outcome_of(answered.table, expected_of(spec.learner, runs.dataset, tables, place))
    phases |= phases_of(answered)
    runs.keep_outcome(spec, outcome)
    row = row_of(spec, runs.dataset, keep, outcome, phases, threads=place.threads)
    recall = recall_of(spec.twin, runs)
    more = (*place.warnings, *answered.warnings, *recall_warnings(spec.twin, recall))
    return replace(
        row, scoring_steps=scoring, neighbours_recall=recall, warnings=(*row.warnings, *more)
    )


def call_of(spec: TrialSpec, cache: Cache, tables: UserTables, keep: Keep, place: Place) -> Call:
    """The one call of a trial."""
    folder = cache.progress(spec.result_key)
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    # Where nothing is pruned, another seed shows how far chance alone leads.
    seed = seed_for(spec.seed, "redrawn") % 2**32 if spec.kind == "null" else spec.seed
    return Call(
        folder=folder,
        tables=tables.given(keep, shows_answers=place.shows_answers),
        seed=seed,
        scratch=scratch,
        threads=place.threads,
        device=place.device,
        passes=len(keep) / int(keep.sum()) if spec.budget == "steps" else 1.0,
        hours=place.hours,
    )


def expected_of(who: str, dataset: Dataset, tables: UserTables, place: Place) -> Expected:
    """What a trainer's answers are held against."""
    return Expected(
        who=who,
        dataset=dataset,
        values=tables.class_values(dataset.train.labels, dataset.class_names),
        shows_answers=place.shows_answers,
        needs=place.needs,
    )


def phases_of(answered: Answered) -> dict[str, Phase]:
    """What training and evaluation took, as far as the trainer says."""
    training = Phase(
        seconds=answered.seconds_starting + answered.seconds_training,
        examples=answered.examples,
        tokens=answered.tokens,
        padded_tokens=answered.tokens,
    )
    return {"training": training, "evaluation": Phase(seconds=answered.seconds_evaluation)}

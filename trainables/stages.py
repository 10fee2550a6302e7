"""What a worker can make before a trial: word pieces, evidence, scores, subset runs, a pace."""

from collections.abc import Mapping, Sequence

from trainables.cache import Cache
from trainables.evidence.collector import Evidence
from trainables.learners import LEARNERS
from trainables.result import Phase, total
from trainables.run_context import load_runs
from trainables.selection.scoring import score
from trainables.spec import Setting, TrialSpec


def make_scores(spec: TrialSpec, cache: Cache) -> Phase:
    """Make a trial's scores, if they are not there; what they took."""
    return total(score(spec, load_runs(spec, cache))[1])


def gather(
    spec: TrialSpec,
    cache: Cache,
    names: Sequence[str],
    *,
    settings: Mapping[str, Setting],
    shard: int | None,
) -> None:
    """Make pieces of evidence of one shard, if they are not there.

    Args:
        spec: A pruned trial of the warm-up mark.
        cache: Where artifacts are kept.
        names: The pieces.
        settings: Of the signal that asks for them.
        shard: The shard; None for what is kept in one file.
    """
    Evidence(spec, load_runs(spec, cache)).gather(names, settings, shard)


def answer(spec: TrialSpec, cache: Cache) -> None:
    """Run a trial for what it predicts right on the training set, if that is not there."""
    Evidence(spec, load_runs(spec, cache)).get("answers", {})


def prepare(spec: TrialSpec, cache: Cache, splits: Sequence[str] = ("test",)) -> None:
    """Make what all trials of a data set and model share: word pieces, frozen embeddings.

    Args:
        spec: A trial.
        cache: Where artifacts are kept.
        splits: What is wanted beside the training rows.
    """
    network = LEARNERS[spec.learner].open(spec, load_runs(spec, cache).dataset, cache)
    for split in splits:
        _ = network.lengths[split]  # Embeddings of a split are made before it has a length.


def probe(spec: TrialSpec, cache: Cache, *, steps: int) -> tuple[Phase, Phase]:
    """Train a few steps of a full-data run, for the time they take.

    The first steps warm caches and compilers, and are not counted.

    Returns:
        What the steps took, and what every run takes before its first step to fit itself to the data.
    """
    runs = load_runs(spec, cache)
    learner = runs.new_learner(spec)
    schedule = runs.schedule(spec, learner, runs.all_rows)
    unsteady = min(3, schedule.full_steps - 1)
    for _ in learner.train(schedule, unsteady):
        pass
    before = learner.used
    for _ in learner.train(schedule, min(unsteady + steps, schedule.full_steps)):
        pass
    return learner.used - before, learner.network.fitted

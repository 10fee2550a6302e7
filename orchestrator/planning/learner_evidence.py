"""Which signals and selectors a learner has the evidence for, and what is refused without it."""

from orchestrator.planning.grids import GIVEN
from trainables.errors import UsageError
from trainables.evidence.requirements import EVIDENCE, rests_on
from trainables.learners import LEARNERS
from trainables.selection.lookup import resolve, selector_evidence, signal_of
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import VECTORS, TrialSpec

# What only a learner that was trained can say of a row.
OF_TRAINING = {
    name
    for name, piece in EVIDENCE.items()
    if piece.source in ("visits", "pass", "validation pass", "extra passes", "other runs")
    and not name.endswith("embeddings")
}


def signals_of(learner: str) -> list[str]:
    """The signals of our table that a learner has the evidence for."""
    return [name for name in SIGNALS if not lacking_for(name, learner)]


def lacking_for(signal: str, learner: str) -> list[str]:
    """Evidence that a signal rests on and a learner cannot give."""
    return sorted(rests_on(signal_of(signal).score) & {*LEARNERS[learner].lacks})


def learners_of(signal: str) -> list[str]:
    """The learners that have the evidence for a signal, and read words where it does."""
    reads_words = "texts" in rests_on(signal_of(signal).score)
    return [
        name
        for name, row in LEARNERS.items()
        if not lacking_for(signal, name) and ("text" in row.reads or not reads_words)
    ]


def label_free() -> list[str]:
    """The signals that need no labels, neither themselves nor by a model that learns them."""
    return [
        name
        for name, row in SIGNALS.items()
        if name != GIVEN
        and not rests_on(row.score) & OF_TRAINING
        and not any(EVIDENCE[one].uses_labels for one in rests_on(row.score))
    ]


def check_evidence(spec: TrialSpec) -> None:
    """Refuse a trial whose signal or selector needs what the run that scores cannot give.

    Raises:
        UsageError: If it does; the message says what to give instead.
    """
    if spec.kind != "pruned" or spec.twin.is_own:
        return
    _check_learner(spec)
    evidence, twin = resolve(spec).evidence, spec.twin
    untrained = sorted(
        name for name in evidence & OF_TRAINING if EVIDENCE[name].source != "other runs"
    )
    if not spec.warmup and twin.model != VECTORS and untrained:
        raise UsageError(
            f"{spec.signal}:{spec.selector} needs {', '.join(untrained)}, which say what a model has learned, and "
            "after a warm-up of 0 it has learned nothing; give --warmup 0.1, or a signal that looks at embeddings or "
            "at no model, such as redundancy or random"
        )
    if twin.model == VECTORS and (lacking := sorted(evidence & OF_TRAINING)):
        raise UsageError(
            f"{spec.signal}:{spec.selector} needs {', '.join(lacking)}, and the vectors of "
            "--embedding-column are embeddings alone; add --score-model linear, which trains a head on "
            "them, or use a signal of embeddings such as redundancy, keep_one or ssl_prototypes"
        )


def _check_learner(spec: TrialSpec) -> None:
    learner = spec.twin.learner
    row, which = LEARNERS[learner], "--score-model" if spec.scorer else "model"
    if lacking := lacking_for(spec.signal, learner):
        instead = f"use another {which} or signal"
        if not row.learns_classes:
            instead = f"signals of a language model: {', '.join(signals_of(learner))}"
        raise UsageError(
            f"{spec.signal} needs {', '.join(lacking)}, which learner {learner} cannot give; {instead}"
        )
    cut = SELECTORS.get(spec.selector)
    if cut and cut.of_classes and not LEARNERS[spec.learner].learns_classes:
        raise UsageError(
            f"{spec.signal}:{spec.selector} cuts by class, and {spec.model} is a language model, whose rows have none; "
            f"use {spec.signal}:global"
        )
    # Every selector is given labels; those that look at them have been told above.
    needs = selector_evidence(spec.selector, spec.selector_settings) - _given(spec)
    if lacking := sorted(needs & {*row.lacks}):
        raise UsageError(
            f"{spec.signal}:{spec.selector} needs {', '.join(lacking)}, which learner {learner} cannot give; "
            f"use another {which} or selector"
        )


def _given(spec: TrialSpec) -> set[str]:
    return {"labels"} if spec.selector in SELECTORS else set()

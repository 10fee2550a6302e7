"""Who scores the rows in place of the trained model: a smaller model, vectors of the data, or the user."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.planning.arms import named_scores
from orchestrator.planning.request import Request
from orchestrator.store.replicated import Store
from trainables.arrays import write_arrays
from trainables.data.dataset import Dataset
from trainables.data.given_scores import GivenScores, read_given_scores
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.learners.pretrained import Model, locate_model
from trainables.spec import VECTORS
from trainables.training_settings import Scorer, Training

NOUNS = {
    "text": "texts",
    "messages": "conversations",
    "image": "images",
    "vectors": "vectors",
    "table": "columns of a table",
}


def locate_score_model(request: Request, model: Model) -> Model | None:
    """The model that scores, found without importing torch; None where the trained one does.

    Args:
        request: What was asked for.
        model: What is trained.

    Raises:
        AbsentError: If it is not there.
        UsageError: If vectors come without a warm-up, and one was asked for.
    """
    if request.score_model:
        return locate_model(request.score_model_name())
    if not request.columns.embedding or model.reads_vectors:
        return None
    if request.warmups:
        raise UsageError(
            f"--warmup {request.warmups[0]:g} beside --embedding-column {request.columns.embedding}: "
            f"{model.name} does not read these vectors, and rows are scored by them as they are; leave "
            "--warmup out, or add --score-model linear, which trains a head on them"
        )
    return Model(learner="linear", name=VECTORS, sha=VECTORS)


def scorers_of(
    score_model: Model | None, training: Training | None, sizes: Mapping[str, int]
) -> dict[str, Scorer]:
    """The full-data run that scores each data set, by its name: none where there is no score model.

    It is trained as a sweep of that model would train it without a search, so that both make and share
    the same scores.

    Args:
        score_model: What scores, or None.
        training: As `Request.training_of` gives it.
        sizes: Training rows by name; 0 where they are not known yet.
    """
    if score_model is None or training is None:
        return {}
    if score_model.name == VECTORS:  # nothing is trained
        training = LEARNERS[score_model.learner].training
    scorer = Scorer(
        learner=score_model.learner,
        model=score_model.name,
        model_sha=score_model.sha,
        training=training,
    )
    of_size = score_model.name != VECTORS
    return {
        name: replace(scorer, training=sized(training, score_model, n)) if of_size else scorer
        for name, n in sizes.items()
    }


def check_scorable(score_model: Model, dataset: Dataset) -> None:
    """Refuse data that the model which scores does not read.

    Raises:
        UsageError: If it does not; the message says what scores such data.
    """
    reads = LEARNERS[score_model.learner].reads
    learns_classes = LEARNERS[score_model.learner].learns_classes
    if dataset.class_names and not learns_classes:
        raise UsageError(
            f"{dataset.name} is trained on by its classes, and score model {score_model.name} is a language model, which "
            "scores rows for a language model alone; give a classifier such as --score-model linear"
        )
    if learns_classes and not dataset.class_names and score_model.name != VECTORS:
        raise UsageError(
            f"{dataset.name} has no classes, and score model {score_model.name} learns classes; give vectors "
            "with --embedding-column, scores of your own with --scores, or --signal random alone; a language model "
            "is scored by a language model, such as --score-model causal_lm"
        )
    if dataset.kind in reads or (score_model.reads_vectors and dataset.has_vectors):
        return
    raise UsageError(
        f"{dataset.name} holds {NOUNS[dataset.kind]}, and score model {score_model.name} reads "
        f"{' or '.join(NOUNS[kind] for kind in reads)}; give vectors with --embedding-column, scores of your own "
        "with --scores, or --signal random alone"
    )


def remedy_of_inputs(dataset: Dataset) -> str:
    """What to give where a model does not read a data set."""
    if dataset.has_vectors:
        return "use --model linear"
    if dataset.kind == "text":
        return "use --model linear or tiny, or the folder of a text model"
    columns = "name a column of text with --text-column, or vectors with --embedding-column"
    if dataset.kind == "image":
        return f"use --model image or the folder of an image classifier, or {columns}"
    return columns


def sized(training: Training, model: Model, n: int) -> Training:
    """A training with the weight decay for n rows, where it is the learner's own."""
    learner = LEARNERS[model.learner]
    if training.weight_decay != learner.training.weight_decay:
        return training
    return replace(training, weight_decay=learner.decay_for(n))


def check_vectors_read(model: Model, score_model: Model | None, dataset: Dataset) -> None:
    """Refuse vectors that came with a data set and are read by nobody.

    Raises:
        UsageError: If neither the trained model nor the one that scores reads them.
    """
    readers = [one for one in (model, score_model) if one]
    if dataset.has_vectors and not any(one.reads_vectors for one in readers):
        raise UsageError(
            f"{dataset.name} comes with vectors, which {' and '.join(one.name for one in readers)} "
            f"{'do' if score_model else 'does'} not read; leave --embedding-column out, or let them score "
            f"the rows by leaving {'--score-model out' if score_model else '--model linear'}"
        )


def own_scores(request: Request, datasets: Mapping[str, Dataset]) -> dict[str, GivenScores]:
    """The user's own scores, read and joined to the training rows, by the names of their files.

    Raises:
        DataError: If a row of them is not fit.
        UsageError: If there are several data sets.
    """
    if request.scores and len(datasets) > 1:
        raise UsageError(
            f"--scores {request.scores[0]} for {len(datasets)} data sets; scores are of the rows of one: "
            "sweep each data set by itself"
        )
    return {
        name: read_given_scores(path, dataset)
        for dataset in datasets.values()
        for name, path in named_scores(request.scores).items()
    }


def store_given(given: Iterable[tuple[str, GivenScores]], store: Store) -> None:
    """Put scores of the user's own, named, into the store by content hash, from where workers read them."""
    for name, one in given:
        about = {"scores": name}

        def save(path: Path, scores: NDArray[np.float32] = one.scores) -> None:
            write_arrays(path, {"score": scores}, {})

        store.get("given", one.sha, save, about=about)

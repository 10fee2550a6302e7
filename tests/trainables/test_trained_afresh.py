"""A trial that trains afresh is the trial of its survivors: what went has no part in it."""

import csv
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.caches import FolderCache
from tests.model_folders import save_model, save_tokenizer
from trainables.data.catalog import Source, load
from trainables.data.dataset import Dataset, Split
from trainables.data.dataset_file import write
from trainables.learners import LEARNERS
from trainables.learners.pretrained import find_model
from trainables.run_context import load_runs
from trainables.selection.scoring import select
from trainables.spec import TrialSpec
from trainables.training.learner import Learner
from trainables.trial import run_trial

pytestmark = pytest.mark.slow

# Every learner, and the linear one's two ways to its features.
MODELS = {
    "text": "FOLDER",
    "tiny": "tiny",
    "linear": "linear",
    "linear of an encoder": "linear:FOLDER",
}


@pytest.fixture(scope="module")
def folder(small, tmp_path_factory):
    """A small encoder, with a tokenizer of the words of the data set."""
    folder = tmp_path_factory.mktemp("encoder")
    words = [word for text in small.train.texts for word in text.lower().split()]
    save_model(folder, tokenizer=False, vocabulary=save_tokenizer(folder, words=words))
    return folder


@pytest.fixture(scope="module")
def trial(folder, tmp_path_factory):
    """Runs a random cut of 30 % of a data set: which rows stay, the trial's row and what it predicts."""

    def run(case, dataset, **fields):
        found = find_model(MODELS[case].replace("FOLDER", str(folder)))
        usual = LEARNERS[found.learner].training
        spec = TrialSpec(
            dataset="made", data_sha=dataset.sha, model=found.name, model_sha=found.sha,
            learner=found.learner, seed=3, signal="random", selector="global", rate=0.3,
            training=replace(usual, epochs=2, batch_size=16, max_length=24),
            **{"protocol": "restart", **fields},
        )  # fmt: skip
        kept = FolderCache(tmp_path_factory.mktemp("cache"))
        kept.get("data", dataset.sha, lambda path: write(dataset, path))
        row = run_trial(spec, kept)
        said = pq.read_table(kept.root / f"outcome-{spec.result_key}").to_pydict()
        return select(spec, load_runs(spec, kept))[0], row, said

    return run


@pytest.fixture(scope="module")
def plain(trial, small):
    """The trial on the data set as it is, by case."""
    return cache(lambda case: trial(case, small))


def with_others(dataset, keep, text, turn):
    """The data set with other texts at the rows that went, and with other classes there."""
    train, gone = dataset.train, np.flatnonzero(~keep)
    texts, labels = train.texts, train.labels.copy()
    for row in gone:
        texts[row] = text(row, texts[row])
    labels[gone] = (labels[gone] + turn) % len(dataset.class_names)
    return replace(dataset, train=replace(train, inputs=texts, labels=labels), truth={})


OTHERS = {
    "longer, of other letters": lambda row, text: " ".join(["żółć", "Ωmega", f"{row}?"] * 20),
    "none": lambda row, text: "",
    "rare words made common": lambda row, text: "zebra quartz " * (1 + row % 7),
}


@pytest.mark.parametrize("others", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("case", MODELS)
def test_what_stood_in_the_removed_rows_changes_no_bit_of_what_is_trained_afresh(
    case, others, small, trial, plain
):
    keep, row, said = plain(case)
    its_keep, its_row, its_said = trial(case, with_others(small, keep, others, turn=1))
    assert (its_keep == keep).all()
    assert (its_row.accuracy, its_row.weights_sha) == (row.accuracy, row.weights_sha)
    assert its_said == said


@pytest.mark.parametrize("case", MODELS)
def test_the_rows_that_stay_written_and_read_again_give_the_trials_accuracy(
    case, small, trial, plain, tmp_path
):
    keep, row, said = plain(case)
    kept = np.flatnonzero(keep)
    read = written_and_read(small, kept, tmp_path / "kept")
    _, its_row, its_said = trial(case, put_back(small, read, kept))
    assert its_row.accuracy == row.accuracy
    assert its_said == said


def written_and_read(dataset, kept, folder):
    """The training rows that stay and all test rows, as files of their own that are loaded."""
    folder.mkdir()
    for name, split in (("train", dataset.train.take(kept)), ("test", dataset.test)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            rows = zip(split.texts, split.labels, strict=True)
            named = ((text, dataset.class_names[label]) for text, label in rows)
            csv.writer(file).writerows([("text", "label"), *named])
    return load(Source(name=str(folder)))


def put_back(dataset, read, kept):
    """The rows read, at the numbers they had, and nothing at the numbers of the others."""
    texts, labels = [""] * len(dataset.train), np.zeros(len(dataset.train), dtype=np.int64)
    # Classes are numbered by their names as a file is read.
    number = [dataset.class_names.index(name) for name in read.class_names]
    for row, text, label in zip(kept, read.train.texts, read.train.labels, strict=True):
        texts[row], labels[row] = text, number[label]
    tested = np.array([number[label] for label in read.test.labels])
    return Dataset(
        name="again",
        kind="text",
        class_names=dataset.class_names,
        train=Split(inputs=texts, labels=labels, ids=dataset.train.ids),
        test=Split(inputs=read.test.texts, labels=tested, ids=dataset.test.ids),
    )


@pytest.mark.parametrize("case", MODELS)
def test_a_run_that_goes_on_from_all_rows_has_seen_the_removed_ones(case, small, trial):
    goes_on = {"protocol": "continue", "warmup": 0.5}
    keep, row, _ = trial(case, small, **goes_on)
    changed = with_others(small, keep, OTHERS["rare words made common"], turn=0)
    assert trial(case, changed, **goes_on)[1].weights_sha != row.weights_sha


def test_every_learner_of_classes_of_texts_is_among_them():
    """A language model's pieces are of all rows on purpose: losses of other pieces are not comparable."""
    learners = LEARNERS.items()
    of_texts = {name for name, row in learners if row.learns_classes and "text" in row.reads}
    assert {case.partition(" ")[0] for case in MODELS} == of_texts


def test_what_is_fitted_to_the_data_counts_as_training_and_what_came_with_a_model_does_not(
    plain, small, specs, filled
):
    keep, row, _ = plain("linear")
    assert row.phases["training"].seconds > 0
    full, store = specs("linear")[0], filled()
    whole = LEARNERS["linear"].open(full, small, store)
    again = LEARNERS["linear"].open(full, small, store)
    afresh = LEARNERS["linear"].open(full, small, store, fitted_on=keep)
    # Of a full-data run it is made once and kept, with what it took.
    assert whole.fitted == again.fitted
    assert min(whole.fitted.seconds, afresh.fitted.seconds) > 0
    assert afresh.fitted.examples == 0
    assert Learner(afresh, small.train.labels, full.training, seed=3).used == afresh.fitted

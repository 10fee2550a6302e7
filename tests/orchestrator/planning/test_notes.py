from io import BytesIO

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS
from orchestrator.planning.notes import _of_labels, image_notes, notes_of
from orchestrator.planning.request import Request
from trainables.data.dataset import Dataset, Split, uniform_draws
from trainables.data.inspection import inspect_dataset
from trainables.learners.pretrained import named_model
from trainables.selection.class_cuts import keep_stratified
from trainables.spec import TrialSpec
from trainables.training_settings import Training

NO_CONTROL = (
    "no random pruning runs beside the signals, so nothing can be credited to a signal; "
    "--control adds it"
)


def notes(**asked):
    """What the plan of a request says before it has seen any data."""
    request = Request(**{"grid": "demo", "seeds": (1, 2, 3)} | asked)
    model = named_model(request.model_name())
    grid = request.resolved(model, gpu=False)
    specs = expand(grid, dict.fromkeys(request.sources(), "sha"), model)
    return notes_of(specs, {}, inspections={})


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        (
            (7,),
            "1 seed gives no interval: every verdict will be inconclusive; "
            "use --seeds 3 or more, 5 is a good start",
        ),
        (
            (7, 8),
            "exploratory: two seeds choose what to test, they decide nothing; "
            "use --seeds 3 or more, 5 is a good start",
        ),
    ],
)
def test_too_few_seeds_are_told_first(seeds, said):
    assert notes(seeds=seeds)[0] == said


def test_three_seeds_beside_random_need_no_words():
    assert notes(signals=("tfidf", "entropy")) == ()


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ({"control": False}, True),
        ({"grid": "paper"}, True),
        ({"grid": "paper", "control": True}, False),
        ({"control": False, "signals": ("redundancy", "random")}, False),
        ({"control": False, "signals": ("infobatch:each_epoch",)}, True),
        ({"control": False, "signals": ("infobatch:each_epoch", "random:each_epoch")}, False),
        ({"control": False, "signals": ("random",)}, False),
    ],
)
def test_signals_without_random_beside_them_are_told_to_have_no_credit(asked, is_told):
    assert (NO_CONTROL in notes(**asked)) == is_told


@pytest.mark.parametrize("grid", GRIDS)
def test_of_all_grids_only_the_study_has_no_credit_to_give(grid):
    assert (NO_CONTROL in notes(grid=grid)) == (grid == "paper")


def dataset_of(*sizes):
    """A data set of classes with so many training rows."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    rows = Split(inputs=pa.array(["text"] * len(labels)), labels=labels, ids=np.arange(len(labels)))
    names = tuple("abcdefgh"[: len(sizes)])
    return Dataset(name="d.csv", kind="text", class_names=names, train=rows, test=rows)


def told_of_classes(dataset, *signals, rates):
    """What the plan says of classes that a cut of this data set empties."""
    request = Request(datasets=("d.csv",), signals=signals, rates=rates, warmups=(0.5,))
    grid = request.resolved(named_model("tiny"), gpu=False)
    specs = expand(grid, {"d.csv": dataset.sha}, named_model("tiny"))
    datasets = {dataset.sha: dataset}
    inspections = {dataset.sha: inspect_dataset(dataset)}
    found = notes_of(specs, datasets, inspections=inspections)
    return [note for note in found if "leaves no row" in note]


def test_classes_too_small_for_a_share_are_told_with_their_count():
    said = told_of_classes(
        dataset_of(200, 90, 2, 1), "redundancy:stratified", rates=(0.3, 0.6, 0.9)
    )
    assert said == [
        "d.csv: stratified at rate 0.6 leaves no row of 1 of its 4 classes; the smallest has 1",
        "d.csv: stratified at rate 0.9 leaves no row of 2 of its 4 classes; the smallest has 1",
    ]


def test_the_classes_told_of_are_as_many_as_the_cut_empties_whatever_the_scores():
    dataset = dataset_of(40, 3, 3, 3, 3, 1, 1)
    labels = dataset.train.labels
    (said,) = told_of_classes(dataset, "redundancy:stratified", rates=(0.9,))
    for seed in range(20):
        scores = np.random.default_rng(seed).random(len(labels)).astype(np.float32)
        stay = keep_stratified(scores, labels, 0.9, uniform_draws(dataset.train.ids, seed, "ties"))
        assert f"leaves no row of {7 - len(set(labels[stay]))} of its 7 classes" in said


@pytest.mark.parametrize("signal", ["redundancy", "redundancy:floor", "infobatch:each_epoch"])
def test_only_a_cut_by_proportional_shares_is_known_to_empty_a_class(signal):
    assert told_of_classes(dataset_of(200, 90, 2, 1), signal, rates=(0.9,)) == []


def test_classes_that_keep_a_row_need_no_words():
    assert told_of_classes(dataset_of(50, 50), "redundancy:stratified", rates=(0.5, 0.9)) == []


@pytest.mark.parametrize(
    ("signal", "learner", "warmup", "said"),
    [
        ("redundancy", "tiny", 0.5, "redundancy: by embeddings of tiny after 4 epochs of training"),
        ("label_quality", "tiny", 0.5, "label_quality: by heads that did not see a row, on embedd"),
        ("label_quality", "tiny", 0.125, ""),
        ("redundancy", "linear", 0.5, ""),
        ("label_quality", "linear", 0.5, ""),
        ("redundancy", "tiny", 0.0, ""),
        ("el2n", "tiny", 0.5, ""),
        ("tfidf", "tiny", 0.5, ""),
        ("redundancy", "causal_lm", 0.5, ""),
    ],
)
def test_a_signal_on_an_encoder_that_was_trained_on_labels_is_said_to_be(
    signal, learner, warmup, said
):
    spec = TrialSpec(
        dataset="d", data_sha="d", model=learner, model_sha="m", learner=learner, seed=1, rate=0.1,
        signal=signal, selector="global", warmup=warmup, protocol="restart",
        training=Training(epochs=8),
    )  # fmt: skip
    notes = [note for note in _of_labels([spec, spec]) if note]
    assert len(notes) == bool(said)
    assert not said or notes[0].startswith(said)


def test_trials_of_several_sizes_are_told_in_one_note_with_what_scores_images_without_labels():
    specs = [
        TrialSpec(
            dataset="d", data_sha="d", model="image", model_sha="m", learner="image", seed=1, rate=0.1,
            signal="redundancy", selector="global", warmup=0.5, protocol="restart",
            training=Training(epochs=epochs),
        )
        for epochs in (8, 4)
    ]  # fmt: skip
    (note,) = _of_labels(specs)
    assert "embeddings of image after 2 or 4 epochs of training on the labels" in note
    assert "--score-model linear --embedding-column COLUMN scores by embeddings" in note


@pytest.mark.parametrize(("sides", "is_told"), [((32, 32), False), ((32, 40), True)])
def test_images_that_are_resized_are_told(sides, is_told):
    def png(side):
        out = BytesIO()
        Image.new("RGB", (side, 32)).save(out, "png")
        return out.getvalue()

    inputs = pa.array([png(side) for side in sides], pa.large_binary())
    rows = Split(inputs=inputs, labels=np.array([0, 1]), ids=np.arange(2))
    data = Dataset(name="d", kind="image", class_names=("a", "b"), train=rows, test=rows)
    told = [*image_notes(named_model("image"), [data])]
    assert bool(told) == is_told and (not told or "brought to 64" in told[0])

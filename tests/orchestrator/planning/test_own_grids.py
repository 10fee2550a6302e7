from dataclasses import replace

import pytest

from analysis.criteria import Asked
from orchestrator.planning.grids import GRIDS
from orchestrator.planning.own_grids import OWN, chosen_model, here_instead
from orchestrator.planning.request import Request
from orchestrator.planning.scorers import check_scorable
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.learners.pretrained import named_model, revision_of, without_prefix

TEXTS = Request(datasets=("synthetic:60",), model="causal_lm")


@pytest.mark.parametrize(
    ("asked", "grid", "of_texts", "has_vectors", "chosen"),
    [
        ("", OWN, False, False, OWN.model),
        ("", OWN, False, True, "linear"),
        ("", OWN, True, False, "causal_lm"),
        ("", GRIDS["demo"], True, False, "linear"),
        ("owner/name", OWN, True, False, "causal_lm:owner/name"),
        ("owner/name", OWN, False, False, "owner/name"),
        ("tiny", OWN, True, False, "tiny"),
        ("linear:folder", OWN, True, False, "linear:folder"),
    ],
)
def test_a_folder_is_a_language_model_where_the_texts_are_learned(
    asked, grid, of_texts, has_vectors, chosen
):
    assert chosen_model(asked, grid, of_texts=of_texts, has_vectors=has_vectors) == chosen


def test_a_prefix_names_the_learner_and_is_no_part_of_the_place():
    model = named_model("causal_lm:owner/name@v1")
    assert (model.learner, model.name) == ("causal_lm", "causal_lm:owner/name@v1")
    assert revision_of(model.name) == ("owner/name", "v1")
    assert without_prefix("linear:causal_lm:x") == "causal_lm:x"


def test_a_built_in_model_of_the_same_kind_is_named_in_the_place_of_a_missing_one():
    assert here_instead("causal_lm:owner/name") == "causal_lm"
    assert here_instead("owner/name") == "linear"


def test_a_language_model_is_judged_by_its_loss_a_token_and_a_classifier_by_accuracy():
    by = TEXTS.criterion(None)
    assert (by.metric.name, by.margin.written) == ("token_loss", "5%")
    assert Request(datasets=("x",), model="tiny").criterion(None).metric.name == "accuracy"


def test_a_metric_that_was_asked_for_stays():
    asked = Request(datasets=("x",), model="causal_lm", asked=Asked(metric="log_loss"))
    assert asked.criterion("3%").metric.name == "log_loss"


def test_a_language_model_reads_no_classes():
    (source,) = TEXTS.sources().values()
    data = load(source)
    assert (source.target, data.class_names, data.train.labels.max()) == ("none", (), 0)
    assert data.train.inputs == load(Source(name="synthetic:60")).train.inputs


@pytest.mark.parametrize(
    "asked", [{"flip_labels": 0.1}, {"imbalance": 4.0}], ids=["flip_labels", "imbalance"]
)
def test_what_is_of_classes_is_refused_for_a_language_model(asked):
    with pytest.raises(UsageError, match="is of classes, and causal_lm is a language model"):
        Request(datasets=("synthetic:60",), model="causal_lm", **asked).sources()


def test_signals_of_a_sweep_over_texts_of_ones_own_need_no_classes():
    grid = TEXTS.resolved(named_model("causal_lm"), gpu=False)
    arms = {(arm.signal, arm.prune) for block in grid.blocks for arm in block.arms}
    assert ("perplexity", "high") in arms and ("keep_one", "low") in arms
    assert not any(arm.selector == "stratified" for block in grid.blocks for arm in block.arms)


def test_total_sizes_of_a_grid_shrink_alike_where_fewer_rows_are_taken():
    model = named_model("image")
    sizes = {
        limit: Request(grid="images", limit=limit).resolved(model, gpu=False).sizes
        for limit in (0, 3000, 60_000)
    }
    assert sizes[3000] == (375, 750, 1500, 3000)
    assert sizes[0] == sizes[60_000] == GRIDS["images"].sizes


def test_weights_that_come_in_files_are_tuned_and_random_ones_trained():
    def lr(name):
        return TEXTS.training_of(named_model(name), gpu=False).lr

    assert lr("causal_lm") == LEARNERS["causal_lm"].training.lr > lr("causal_lm:owner/name")


def test_conversations_and_responses_mean_a_language_model():
    asked = Request(datasets=("x.jsonl",), model="owner/name")
    assert asked.model_name() == "owner/name"
    for columns in (Columns(messages="m"), Columns(prompt="p", response="r")):
        assert replace(asked, columns=columns).model_name() == "causal_lm:owner/name"


def test_a_search_by_accuracy_is_refused_for_a_language_model():
    with pytest.raises(UsageError, match="--tune searches by accuracy, and causal_lm predicts"):
        assert replace(TEXTS, tune=True).searches_training
    assert not TEXTS.searches_training


def test_a_classifier_is_scored_by_a_classifier_and_a_language_model_by_one():
    classes, texts = (
        load(Source(name="synthetic:60")),
        load(Source(name="instructions:60", target="none")),
    )
    with pytest.raises(UsageError, match="score model causal_lm is a language model"):
        check_scorable(named_model("causal_lm"), classes)
    with pytest.raises(UsageError, match="is scored by a language model, such as"):
        check_scorable(named_model("tiny"), texts)
    check_scorable(named_model("causal_lm"), texts)


def test_no_copies_are_made_of_conversations():
    with pytest.raises(UsageError, match="holds conversations, of which no copies are made"):
        load(Source(name="instructions:60", target="none", inject_copies=0.1))

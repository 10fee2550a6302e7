import pytest

from analysis.methods import condition_of
from analysis.wording import (
    below,
    cut_in_middle,
    interval,
    method_labels,
    model_labels,
    p_text,
    percent,
    seeds_text,
    signal_label,
    signed,
    source_labels,
    trained_label,
    whole_percent,
)
from trainables.training_settings import Training


@pytest.mark.parametrize(("share", "text"), [(0.1, "10%"), (0.125, "12.5%"), (-0.036, "−3.6%")])
def test_a_share_is_written_as_percent(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.984, "98%"), (0.999, ">99%"), (1.0, "100%"), (0.004, "<1%"), (0.0, "0%")],
)
def test_only_all_and_nothing_are_written_as_such(share, text):
    assert whole_percent(share) == text


@pytest.mark.parametrize(("value", "text"), [(-0.2, "−0.20"), (0.314, "+0.31"), (-0.001, "0.00")])
def test_a_change_is_written_with_its_sign(value, text):
    assert signed(value) == text


def test_no_interval_is_written_as_nothing():
    assert interval(None, None) == "" and interval(-1.0, 0.5) == "[−1.00, +0.50]"


def test_missing_seeds_are_written():
    assert (seeds_text(3, 5), seeds_text(1, 1)) == ("3 of 5 seeds", "1 seed")


def test_small_p_values_are_not_written_as_zero():
    assert p_text(1e-9) == "<0.001"


@pytest.mark.parametrize(
    ("signal", "label"), [("keep_one", "Keep one"), ("el2n", "EL2N"), ("my.mod:f", "my.mod:f")]
)
def test_signals_read_as_words(signal, label):
    assert signal_label(signal) == label


def test_a_label_names_only_what_differs(pruned):
    one, two = pruned(), pruned(protocol="restart", settings=(("k", 5),))
    one, two = condition_of(one).method, condition_of(two).method
    labels = method_labels([one, two])
    assert labels[one] == "Redundancy (global), continue"
    assert labels[two] == "Redundancy (global), k 5, restart"
    assert list(method_labels([two]).values()) == ["Redundancy (global)"]


def test_of_settings_only_those_that_differ_are_named(pruned):
    common = (("k", 10), ("centred", False))
    specs = [pruned(settings=(*common, ("probes", probes))) for probes in (0, 8)]
    both = [condition_of(spec).method for spec in specs]
    assert list(method_labels(both).values()) == [
        "Redundancy (global), probes 0",
        "Redundancy (global), probes 8",
    ]


def test_models_are_named_where_there_are_two(pruned):
    one, two = pruned(), pruned(model="big", model_sha="b" * 64)
    methods = [condition_of(spec).method for spec in (one, two)]
    assert set(method_labels(methods).values()) == {
        "Redundancy (global), tiny",
        "Redundancy (global), big",
    }


def test_models_in_folders_are_named_by_where_their_ways_part(pruned):
    ways = ("linear:/home/me/site/gt_minilm/model", "linear:/home/me/site/gt_bge/model", "tiny")
    specs = [pruned(model=way, model_sha=way, learner=way.partition(":")[0]) for way in ways]
    labels = method_labels(condition_of(spec).method for spec in specs)
    assert [label.split(", ")[1:] for label in labels.values()] == [
        ["linear:gt_minilm"], ["linear:gt_bge"], ["tiny"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("models", "seen"),
    [
        (["linear:/home/me/encoder"], ["linear:encoder"]),
        (["/a/v1/enc", "/a/v2/enc"], ["v1", "v2"]),
        (["linear:/a/v1/enc", "linear:/b/v2/enc"], ["linear:v1", "linear:v2"]),
        (["/enc", "/a/enc"], ["enc", "a"]),
        (["org/name"], ["org/name"]),
    ],
)
def test_a_model_is_named_without_the_way_to_its_folder(models, seen):
    assert [*model_labels(models).values()] == seen


def test_of_trainings_only_what_differs_is_named(pruned):
    specs = [pruned(training=Training(epochs=9, batch_size=8, lr=lr)) for lr in (0.01, 0.02)]
    labels = method_labels(condition_of(spec).method for spec in specs)
    assert [*labels.values()] == ["Redundancy (global), lr 0.01", "Redundancy (global), lr 0.02"]


def test_a_name_that_is_too_long_keeps_both_its_ends():
    assert cut_in_middle("EL2N (global), a model, tiny", 20) == "EL2N (glob…del, tiny"


def test_data_sets_of_one_name_are_told_apart_by_content(pruned):
    labels = source_labels(
        condition_of(spec).source for spec in (pruned(), pruned(data_sha="e" * 64))
    )
    assert sorted(labels.values()) == ["imdb [dddddd]", "imdb [eeeeee]"]


def test_a_trainer_of_ones_own_is_named_where_ours_is_not(pruned):
    ours = condition_of(pruned()).method
    own = ours._replace(model="", model_sha="", learner="train.py:fit")
    assert method_labels([own])[own] == "Redundancy (global), train.py:fit"
    assert (trained_label(own), trained_label(ours)) == ("train.py:fit", "tiny")


@pytest.mark.parametrize(
    ("value", "seen"), [(0.0, "0 points"), (0.5, "−0 points"), (1, "−0 points")]
)
def test_a_line_at_nothing_has_no_sign(value, seen):
    assert below("0 points", value) == seen

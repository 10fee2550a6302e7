from dataclasses import replace

import pytest

from trainables.keys import canonical, key_of, seed_for
from trainables.spec import TrialSpec
from trainables.training_settings import Training

FULL = TrialSpec(
    dataset="imdb", data_sha="d" * 64, model="tiny", model_sha="tiny", learner="tiny", seed=11
)
PRUNED = replace(
    FULL, warmup=0.15, signal="redundancy", settings=(("k", 10),), selector="global", rate=0.1
)
LADDER = ("run_key", "warm_key", "score_key", "result_key")


def changed(**fields):
    return {
        name for name in LADDER if getattr(replace(PRUNED, **fields), name) != getattr(PRUNED, name)
    }


def test_keys_do_not_change_from_release_to_release_without_a_new_spec_version():
    assert PRUNED.run_key.startswith("e99467b8be6fd0d7")
    assert PRUNED.result_key.startswith("7a67af33978cb0c4")


@pytest.mark.parametrize(
    ("field", "value", "first"),
    [
        ("data_sha", "e" * 64, "run_key"),
        ("model_sha", "other", "run_key"),
        ("learner", "linear", "run_key"),
        ("seed", 12, "run_key"),
        ("training", Training(lr=1e-4), "run_key"),
        ("training", Training(precision="bf16"), "run_key"),
        ("training", Training(max_length=64), "run_key"),
        ("warmup", 0.25, "warm_key"),
        ("signal", "keep_one", "score_key"),
        ("settings", (("k", 5),), "score_key"),
        ("signal_sha", "f" * 64, "score_key"),
        ("prune", "high", "result_key"),
        ("selector", "stratified", "result_key"),
        ("selector_settings", (("share", 0.3),), "result_key"),
        ("selector_sha", "f" * 64, "result_key"),
        ("rate", 0.2, "result_key"),
        ("protocol", "restart", "result_key"),
        ("budget", "steps", "result_key"),
    ],
)
def test_a_field_changes_its_own_key_and_all_below_it(field, value, first):
    assert changed(**{field: value}) == set(LADDER[LADDER.index(first) :])


@pytest.mark.parametrize("label", ["dataset", "model"])
def test_what_a_person_calls_data_or_model_is_in_no_key(label):
    assert changed(**{label: "/elsewhere/renamed"}) == set()


def test_the_order_in_which_settings_are_given_changes_no_key():
    one = replace(PRUNED, settings=(("k", 10), ("a", 1)))
    other = replace(PRUNED, settings=(("a", 1), ("k", 10)))
    assert one == other
    assert one.result_key == other.result_key


def test_all_trials_of_a_seed_share_one_baseline():
    others = [replace(PRUNED, rate=0.3, warmup=0.25), replace(PRUNED, protocol="restart")]
    assert {spec.baseline for spec in (PRUNED, *others)} == {FULL}


def test_minus_zero_and_whole_numbers_are_written_alike():
    assert (
        replace(FULL, rate=-0.0).result_key == replace(FULL, rate=0).result_key == FULL.result_key
    )


def test_a_spec_is_read_back_as_it_was():
    assert TrialSpec.from_dict(PRUNED.to_dict()) == PRUNED


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rate": 10.0}, "did you mean 0.1"),
        ({"rate": -0.1}, r"in \[0, 1\)"),
        ({"warmup": 1.0}, r"in \[0, 1\)"),
        ({"rate": float("nan")}, r"in \[0, 1\)"),
        ({"warmup": 0.0}, "must be above 0"),
        ({"signal": ""}, "a pruned trial all four"),
        ({"rate": 0.0}, "a baseline has none"),
        ({"seed": -1}, "whole number"),
        ({"seed": 2**32}, "whole number"),
        ({"seed": True}, "whole number"),
        ({"protocol": "afresh"}, "protocol is 'afresh'"),
        ({"budget": "hours"}, "budget is 'hours'"),
        ({"prune": "both"}, "prune is 'both'"),
        ({"signal": "null"}, "a baseline has none"),
    ],
)
def test_a_spec_that_could_not_be_run_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        replace(PRUNED, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"lr": 0.0},
        {"lr": float("inf")},
        {"lr_warmup": 1.0},
        {"weight_decay": -1.0},
        {"precision": "fp8"},
    ],
)
def test_training_that_could_not_be_run_is_refused(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        Training(**fields)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"colour": "blue"}, "colour"), ({"training": {"speed": 1}}, "not a spec")],
)
def test_a_foreign_dictionary_is_no_spec(values, message):
    with pytest.raises(ValueError, match=message):
        TrialSpec.from_dict({**PRUNED.to_dict(), **values})


def test_canonical_json_refuses_what_has_no_one_spelling():
    with pytest.raises(ValueError, match="JSON"):
        canonical({"rate": float("nan")})


def test_equal_content_has_equal_keys_whatever_the_order():
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 2, "b": 1})


def test_places_of_a_run_have_seeds_of_their_own():
    places = [(s, "step", e, p) for s in range(3) for e in range(3) for p in range(30)]
    assert len({seed_for(*place) for place in places}) == len(places)
    assert seed_for(1, "order", 0) != seed_for(1, "batches", 0)


def test_a_null_trial_prunes_nothing_and_is_no_baseline():
    null = replace(PRUNED, signal="null", settings=(), selector="each_epoch", rate=0.0)
    assert null.kind == "null" and not null.is_baseline and null.baseline == FULL
    assert null.warm_key == PRUNED.warm_key
    assert null.result_key not in {FULL.result_key, PRUNED.result_key}


def fixed(*seeds, **fields):
    return replace(PRUNED, protocol="restart", scored_by=seeds, **fields)


def test_a_fixed_list_has_one_name_whichever_seed_trains_on_it():
    one, other = fixed(1, 2, seed=901), fixed(2, 1, seed=902, budget="steps")
    assert one.survivors_key == other.survivors_key
    assert one.result_key != other.result_key


@pytest.mark.parametrize(
    "fields", [{"rate": 0.2}, {"warmup": 0.25}, {"signal": "el2n"}, {"scored_by": (1, 3)}]
)
def test_another_list_has_another_name_and_other_results(fields):
    one = fixed(1, 2, seed=901)
    other = replace(one, **fields)
    assert one.survivors_key != other.survivors_key
    assert one.result_key != other.result_key
    assert one.baseline == other.baseline


def test_a_fixed_list_is_scored_by_trials_of_the_seeds_it_names():
    one = fixed(2, 1, seed=901)
    assert one.kind == "fixed"
    assert [spec.seed for spec in one.scorers] == [1, 2]
    assert {spec.kind for spec in one.scorers} == {"pruned"}
    assert TrialSpec.from_dict(one.to_dict()) == one


@pytest.mark.parametrize(
    "fields", [{"protocol": "continue"}, {"selector": "each_epoch"}, {"signal": "null", "rate": 0}]
)
def test_what_is_not_a_list_of_rows_trained_on_afresh_is_refused(fields):
    with pytest.raises(ValueError, match=r"scored_by is|a baseline has none"):
        replace(fixed(1, 2), **fields)


@pytest.mark.parametrize("fields", [{"protected": ("a", "b")}, {"min_per_class": 3}])
def test_rows_put_back_make_another_list_of_the_same_scores(fields):
    one = fixed(1, 2, seed=901)
    other = replace(one, **fields)
    assert one.score_key == other.score_key and one.baseline == other.baseline
    assert one.survivors_key != other.survivors_key and one.result_key != other.result_key
    assert TrialSpec.from_dict(other.to_dict()) == other
    assert {spec.score_key for spec in other.scorers} == {spec.score_key for spec in one.scorers}


def test_classes_are_protected_in_whatever_order_they_are_named():
    one, other = (fixed(1, protected=names) for names in (("b", "a"), ("a", "b", "a")))
    assert one == other and one.survivors_key == other.survivors_key


@pytest.mark.parametrize(
    "spec", [FULL, replace(PRUNED, signal="infobatch", settings=(), selector="each_epoch")]
)
def test_where_no_selector_cuts_no_row_can_be_put_back(spec):
    with pytest.raises(ValueError, match="rows can be put back"):
        replace(spec, protected=("a",))

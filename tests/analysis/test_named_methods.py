"""A method by its name: each has one that stands for it alone, and none stands for two in silence."""

from itertools import product

import pytest

from analysis.methods import RateCurve, condition_of
from analysis.named_methods import curve_texts, named_curve
from analysis.wording import method_labels
from trainables.errors import UsageError
from trainables.spec import TrialSpec

BASE = {
    "dataset": "d", "data_sha": "s", "model": "tiny", "model_sha": "tiny", "learner": "tiny", "seed": 1,
    "rate": 0.1, "protocol": "restart",
}  # fmt: skip
ARMS = [
    {"signal": "random", "selector": "global"},
    {"signal": "random", "selector": "stratified"},
    {"signal": "el2n", "selector": "global"},
    {"signal": "el2n", "selector": "global", "prune": "high"},
    {"signal": "el2n_ensemble", "selector": "global"},
    {"signal": "redundancy", "selector": "global", "settings": (("k", 5), ("kth", False))},
    {"signal": "redundancy", "selector": "global", "settings": (("k", 10), ("kth", False))},
    {"signal": "mine:longest", "selector": "floor", "selector_settings": (("share", 0.5),)},
    {"signal": "mine:longest", "selector": "floor", "selector_settings": (("share", 0.25),)},
    {"signal": "mine:longest", "selector": "own:cut", "signal_sha": "a"},
]


def curves_of(arms, warmups=(0.15,), models=("tiny",)):
    specs = [
        TrialSpec(**{**BASE, **arm, "warmup": warmup, "model": model, "model_sha": model})
        for arm, warmup, model in product(arms, warmups, models)
    ]
    curves = [condition_of(spec).rate_curve for spec in specs]
    return method_labels(curve.method for curve in curves), curves


@pytest.mark.parametrize("warmups", [(0.15,), (0.05, 0.25, 0.0)])
@pytest.mark.parametrize("models", [("tiny",), ("tiny", "linear")])
def test_every_method_has_a_name_that_stands_for_it_alone(warmups, models):
    labels, curves = curves_of(ARMS, warmups, models)
    texts = curve_texts(labels, curves)
    assert len(set(texts.values())) == len(curves)
    assert [named_curve(labels, curves, texts[curve], of="d") for curve in curves] == curves


def test_a_name_says_no_more_than_it_needs():
    labels, curves = curves_of([ARMS[0], ARMS[2], ARMS[5]])
    assert [*curve_texts(labels, curves).values()] == [
        "random:global", "el2n:global", "redundancy:global",
    ]  # fmt: skip


def found(text, arms=ARMS, warmups=(0.15,)):
    labels, curves = curves_of(arms, warmups)
    curve = named_curve(labels, curves, text, of="d")
    assert isinstance(curve, RateCurve)
    return arms[curves.index(curve) // len(warmups)]


@pytest.mark.parametrize(
    ("text", "arm"),
    [
        ("el2n", ARMS[2]),
        ("el2n:global:low", ARMS[2]),
        ("el2n:high", ARMS[3]),
        ("EL2N (global), high end pruned", ARMS[3]),
        ("el2n_ensemble", ARMS[4]),
        ("random", ARMS[0]),
        ("random:stratified", ARMS[1]),
        ("Random (STRATIFIED)", ARMS[1]),
        ("redundancy,k=10", ARMS[6]),
        ("redundancy,kth=false,k=5:global", ARMS[5]),
        ("mine:longest:floor,share=.25", ARMS[8]),
        ("mine:longest:own:cut", ARMS[9]),
        ("random:stratified@15%", ARMS[1]),
        ("random:stratified@0.15", ARMS[1]),
    ],
)
def test_a_method_is_found_by_what_a_person_types(text, arm):
    assert found(text) == arm


def test_a_selector_that_is_not_named_is_the_only_one_there_is():
    assert found("mine:longest", arms=[ARMS[0], ARMS[7]]) == ARMS[7]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("redundancy", "fits 2 methods of d; name one of them: 'redundancy,k=5:global'"),
        ("mine:longest:floor", "fits 2 methods"),
        ("redundancy,k=11", "no method of d; it has"),
        ("redundancy@0.2", "no method of d"),
        ("el2", "Did you mean 'el2n'"),
        ("el2n:floor", "no method of d"),
        ("el2n:global:middle", "no method of d"),
        ("", "no method of d"),
        ("@0.15", "no method of d"),
    ],
)
def test_what_stands_for_none_or_for_several_is_refused_with_what_there_is(text, said):
    with pytest.raises(UsageError, match=said):
        found(text)


def test_two_warm_ups_are_told_apart():
    with pytest.raises(UsageError, match=r"'random:stratified@0\.05'.*'random:stratified@0\.25'"):
        found("random:stratified", warmups=(0.05, 0.25))
    assert found("random:stratified@5%", warmups=(0.05, 0.25)) == ARMS[1]

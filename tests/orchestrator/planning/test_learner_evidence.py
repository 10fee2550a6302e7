from dataclasses import replace

import pytest

from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS, Arm
from orchestrator.planning.learner_evidence import check_evidence, learners_of, signals_of
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.learners.pretrained import named_model
from trainables.signals import SIGNALS

CLASSIFIERS = {name for name, row in LEARNERS.items() if row.learns_classes}


def planned(arm):
    (block,) = GRIDS["sft"].blocks
    grid = replace(GRIDS["sft"], blocks=(replace(block, arms=(arm,)),))
    return expand(grid, {"instructions:1000": "sha"}, named_model("causal_lm"))


def test_a_language_model_has_the_signals_that_need_no_class():
    found = {*signals_of("causal_lm")}
    assert {"random", "keep_one", "semdedup", "d4", "loss", "perplexity", "length"} <= found
    assert not {"el2n", "label_quality", "redundancy_within_class", "mem_head"} & found


def test_each_signal_is_had_by_some_model():
    assert [name for name in SIGNALS if not learners_of(name)] == []


def test_a_signal_of_words_is_none_of_models_that_read_images():
    assert not [name for name in learners_of("tfidf") if "text" not in LEARNERS[name].reads]


def test_perplexity_is_of_language_models_alone():
    assert not CLASSIFIERS & {*learners_of("perplexity")}


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        (Arm(signal="el2n"), "el2n needs labels, probs, which learner causal_lm cannot give; signals of"),
        (Arm(signal="loss", selector="stratified"), "cuts by class, and causal_lm is a language model"),
        (Arm(signal="loss", selector="class_error"), "use loss:global"),
        (Arm(signal="loss", selector="coverage", selector_settings=(("cutoff", 0.2), ("cutoff_by", "aum"))), "loss:coverage needs margins"),
    ],
)  # fmt: skip
def test_what_needs_classes_is_refused_with_what_there_is_instead(arm, said):
    with pytest.raises(UsageError, match=said):
        planned(arm)


def test_what_needs_none_is_planned_with_random_beside_it():
    names = {spec.signal for spec in planned(Arm(signal="perplexity")) if not spec.is_baseline}
    assert names == {"perplexity", "random"}


def test_a_classifier_has_no_perplexity():
    (spec,) = [one for one in planned(Arm(signal="perplexity")) if one.signal == "perplexity"][:1]
    with pytest.raises(UsageError, match="scored_pieces, which learner tiny cannot give"):
        check_evidence(replace(spec, learner="tiny", model="tiny"))

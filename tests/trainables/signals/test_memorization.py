from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from trainables.evidence.ensembles import SubsetModels
from trainables.evidence.linear_probes import fit_head
from trainables.evidence.requirements import settings_of
from trainables.selection.contracts import warnings
from trainables.signals import SIGNALS
from trainables.signals.memorization import influence, mem_head, memorization
from trainables.spec import TrialSpec

PRUNED = TrialSpec(
    dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1, warmup=0.5,
    signal="memorization", selector="global", rate=0.1,
)  # fmt: skip


def models(inside, correct, validation_correct=None):
    inside, correct = np.array(inside, dtype=bool), np.array(correct, dtype=bool)
    if validation_correct is None:
        validation_correct = np.zeros((len(inside), 0))
    return SubsetModels(
        inside=inside, correct=correct, validation_correct=np.array(validation_correct, dtype=bool)
    )


def drawn(t=20, n=3000, v=50):
    rng = np.random.default_rng(0)
    return models(rng.random((t, n)) < 0.7, rng.random((t, n)) < 0.6, rng.random((t, v)) < 0.6)


# Four models, three rows: learnt only from itself; right with 1 of 2 and 1 of 2; hurt by itself.
INSIDE = [[1, 1, 0], [1, 0, 1], [0, 1, 1], [0, 0, 0]]
CORRECT = [[1, 1, 1], [1, 0, 0], [0, 0, 1], [0, 1, 1]]


def test_memorization_is_the_mean_with_the_sample_minus_the_mean_without_it():
    assert memorization(models(INSIDE, CORRECT)).tolist() == [1, 0, -0.5]


def test_memorization_agrees_with_the_slow_way_in_every_block():
    given = drawn()
    slow = [
        given.correct[inside, i].mean() - given.correct[~inside, i].mean()
        if 0 < inside.sum() < len(inside)
        else 0
        for i, inside in enumerate(given.inside.T)
    ]
    assert np.allclose(memorization(given), slow, atol=1e-6)


def test_heads_are_judged_as_whole_models_are():
    assert (mem_head(drawn()) == memorization(drawn())).all()


@pytest.mark.parametrize("seen", [True, False])
def test_a_sample_that_every_model_saw_or_none_counts_as_not_memorized(seen):
    always = models([[seen, 1], [seen, 0]], [[1, 1], [1, 0]])
    assert memorization(always).tolist() == [0, 1]


def test_memorization_of_luck_has_the_standard_error_that_is_written_beside_it():
    rng = np.random.default_rng(0)
    inside = rng.random((100, 5000)) < 0.7
    scores = memorization(models(inside, rng.random((100, 5000)) < 0.5))
    assert scores.std() == pytest.approx(0.11, abs=0.005)


def test_influence_is_the_sum_over_validation_rows_of_what_the_sample_changes():
    # With row 0 in, validation row 0 is right twice in two, without it never; row 1 once and once.
    validation_correct = [[1, 1], [1, 0], [0, 1], [0, 0]]
    given = models(INSIDE, CORRECT, validation_correct)
    assert influence(given, np.zeros(2, int)).tolist() == pytest.approx([1, 1, 0])


def test_influence_agrees_with_the_slow_way_in_every_block():
    given = drawn()
    slow = [
        np.abs(
            given.validation_correct[inside].mean(axis=0)
            - given.validation_correct[~inside].mean(axis=0)
        ).sum()
        if 0 < inside.sum() < len(inside)
        else 0
        for inside in given.inside.T
    ]
    assert np.allclose(
        influence(given, np.zeros(given.validation_correct.shape[1], int)), slow, atol=1e-5
    )


def test_influence_without_a_validation_split_is_refused():
    with pytest.raises(ValueError, match="0 validation rows of 0"):
        influence(models(INSIDE, CORRECT), np.zeros(0, int))
    with pytest.raises(ValueError, match="0 validation rows of 3"):
        influence(models(INSIDE, CORRECT), np.zeros(3, int))


def test_few_models_are_warned_of_and_the_defaults_are_not():
    for name, least in (("memorization", 200), ("influence", 4000)):
        usual = settings_of(SIGNALS[name].score)
        assert usual["models"] == least == SIGNALS[name].least_models
        spec = replace(PRUNED, signal=name, settings=tuple(usual.items()))
        assert warnings(spec) == ()
        (warning,) = warnings(replace(spec, settings=(("models", 20), ("share", 0.7))))
        assert f"by 20 models: its order is mostly chance below {least:,}" in warning


def test_two_sets_of_as_many_models_as_the_default_agree_on_the_order_and_of_twenty_do_not():
    """Heads that learn 300 rows of touching clouds by heart."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    points = (rng.standard_normal((300, 40)) + 1.2 * np.eye(3, 40)[labels]).astype(np.float32)
    labels = np.where(rng.random(300) < 0.1, (labels + 1) % 3, labels)
    inside, correct = np.zeros((2, 400, 300), dtype=bool)
    whole = fit_head(points, labels, 3, l2=1e-2)
    for i in range(400):
        seen = rng.permutation(300)[:210]
        weights = fit_head(points[seen], labels[seen], 3, l2=1e-2, start=whole)
        logits = points @ weights[:, :-1].T + weights[:, -1]
        inside[i, seen], correct[i] = True, logits.argmax(axis=1) == labels

    def agreement(m):
        halves = (
            SubsetModels(
                inside=inside[k : k + m], correct=correct[k : k + m],
                validation_correct=np.zeros((m, 0), dtype=bool),
            )
            for k in (0, 200)
        )  # fmt: skip
        return spearmanr(*(memorization(one) for one in halves)).statistic

    assert agreement(200) > 0.8
    assert agreement(20) < 0.7

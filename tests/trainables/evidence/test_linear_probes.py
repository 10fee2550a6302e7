import numpy as np
import pytest

from trainables.evidence.linear_probes import _L2, _scaled, cross_probs, fit_head, head_models
from trainables.signals.memorization import mem_head


def cloud(n=300, d=10, c=3, apart=1.5):
    rng = np.random.default_rng(0)
    labels = rng.choice(c, n, p=np.arange(1, c + 1) / (c * (c + 1) / 2))
    embeddings = rng.standard_normal((n, d)) + apart * np.eye(c, d)[labels]
    return embeddings.astype(np.float32), labels, rng.random(n)


def probs_of(features, weights):
    logits = features @ weights[:, :-1].T + weights[:, -1]
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("l2", [1e-1, 1e-3])
def test_a_head_has_the_probabilities_of_the_reference_code(l2):
    linear = pytest.importorskip("sklearn.linear_model")
    features, labels, _ = cloud()
    theirs = linear.LogisticRegression(C=1 / (l2 * len(labels)), tol=1e-8, max_iter=5000)
    theirs.fit(features.astype(np.float64), labels)
    ours = probs_of(features, fit_head(features, labels, 3, l2=l2))
    assert np.allclose(ours, theirs.predict_proba(features), atol=1e-3)


def test_a_head_is_the_same_from_any_start():
    features, labels, _ = cloud()
    start = np.random.default_rng(1).standard_normal((3, 11))
    one, other = (fit_head(features, labels, 3, l2=_L2, start=s) for s in (None, start))
    assert np.allclose(probs_of(features, one), probs_of(features, other), atol=2e-3)


def test_a_head_follows_neither_the_length_nor_the_place_of_the_embeddings():
    embeddings, _, _ = cloud()
    features = _scaled(embeddings * np.random.default_rng(1).uniform(1, 9, (300, 1)))
    assert np.allclose(features, _scaled(embeddings), atol=1e-5)
    assert np.allclose(features.mean(axis=0), 0, atol=1e-5)
    assert (features**2).mean() == pytest.approx(1, abs=1e-4)


def test_embeddings_that_are_all_one_are_not_blown_up():
    assert np.abs(_scaled(np.ones((9, 4), dtype=np.float32))).max() < 1e-6


def test_cross_probs_do_not_know_the_label_of_the_row_they_judge():
    embeddings, _, draws = cloud(d=100)
    noise = np.random.default_rng(1).integers(0, 3, 300)
    features = _scaled(embeddings)
    seen = probs_of(features, fit_head(features, noise, 3, l2=_L2)).argmax(axis=1) == noise
    unseen = cross_probs(embeddings, noise, draws).argmax(axis=1) == noise
    assert seen.mean() > 0.7
    assert unseen.mean() < 0.45


def test_cross_probs_are_those_of_heads_on_the_other_folds():
    embeddings, labels, draws = cloud()
    probs = cross_probs(embeddings, labels, draws, folds=3)
    order, features = np.lexsort((draws, labels)), _scaled(embeddings)
    for fold in range(3):
        judged = order[fold::3]
        seen = np.setdiff1d(np.arange(300), judged)
        head = fit_head(features[seen], labels[seen], 3, l2=_L2)
        assert np.allclose(probs[judged], probs_of(features[judged], head), atol=2e-3)


def test_cross_probs_belong_to_samples_and_not_to_their_place():
    embeddings, labels, draws = cloud()
    order = np.random.default_rng(1).permutation(300)
    shuffled = cross_probs(embeddings[order], labels[order], draws[order])
    assert (shuffled == cross_probs(embeddings, labels, draws)[order]).all()


def test_cross_probs_bear_a_class_of_a_single_row():
    embeddings, labels, draws = cloud()
    labels[0] = 3
    probs = cross_probs(embeddings, labels, draws)
    assert np.allclose(probs.sum(axis=1), 1, atol=1e-5)
    assert probs[0, 3] < 0.02


@pytest.mark.parametrize("folds", [1, 301])
def test_folds_that_leave_nothing_to_learn_from_are_refused(folds):
    with pytest.raises(ValueError, match=rf"folds is {folds} for 300 rows"):
        cross_probs(*cloud(), folds=folds)


def test_each_head_sees_its_share_of_the_rows():
    found = head_models(*cloud(), models=6, share=0.6)
    assert (found.inside.sum(axis=1) == 180).all()
    assert found.validation_correct.shape == (6, 0)
    assert len({tuple(row) for row in found.inside.tolist()}) == 6


def test_a_head_from_the_warm_start_judges_as_one_from_zero():
    embeddings, labels, draws = cloud()
    found = head_models(embeddings, labels, draws, models=5)
    features = _scaled(embeddings)
    for inside, correct in zip(found.inside, found.correct, strict=True):
        head = fit_head(features[inside], labels[inside], 3, l2=_L2)
        cold = probs_of(features, head).argmax(axis=1) == labels
        assert (cold == correct).mean() > 0.99


def test_head_models_belong_to_samples_and_not_to_their_place():
    embeddings, labels, draws = cloud()
    order = np.random.default_rng(1).permutation(300)
    plain = head_models(embeddings, labels, draws, models=4)
    shuffled = head_models(embeddings[order], labels[order], draws[order], models=4)
    assert (shuffled.inside == plain.inside[:, order]).all()
    assert (shuffled.correct == plain.correct[:, order]).all()


def test_heads_memorize_mislabelled_rows_most():
    embeddings, labels, draws = cloud(d=40, apart=6)
    labels[:10] = (labels[:10] + 1) % 3
    scores = mem_head(head_models(embeddings, labels, draws, models=60))
    assert scores[:10].mean() > 10 * np.abs(scores[10:]).mean()


@pytest.mark.parametrize(("models", "share"), [(1, 0.7), (5, 0.0), (5, 1.0)])
def test_heads_that_all_see_everything_or_nothing_are_refused(models, share):
    with pytest.raises(ValueError, match=rf"models is {models} and share {share:g}"):
        head_models(*cloud(), models=models, share=share)

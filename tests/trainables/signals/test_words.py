import tracemalloc

import numpy as np
import pytest

from trainables.signals.words import _weighted, length, tfidf


def texts_of(*texts):
    return np.array(texts, dtype=object)


def made(n=200, vocabulary=500):
    rng = np.random.default_rng(0)
    often = 1 / np.arange(1, vocabulary + 1)
    words = [f"w{i}" for i in range(vocabulary)]
    lengths = rng.integers(3, 30, n)
    return texts_of(*(" ".join(rng.choice(words, m, p=often / often.sum())) for m in lengths))


def test_words_are_weighted_as_in_the_reference_code():
    text = pytest.importorskip("sklearn.feature_extraction.text")
    texts = texts_of("The cat, the CAT!", "a dog_2 and a cat", "Überraschung: 3 dogs", "...")
    theirs = text.TfidfVectorizer(token_pattern=r"\w+").fit_transform(texts).toarray()
    ours = _weighted(texts).toarray()
    # The columns stand in another order; the angles between texts say the same.
    assert np.allclose(ours @ ours.T, theirs @ theirs.T)


def test_tfidf_is_the_distance_to_the_point_of_least_total_distance():
    optimize = pytest.importorskip("scipy.optimize")
    texts = made(n=40, vocabulary=30)
    vectors = _weighted(texts).toarray()
    total = optimize.minimize(
        lambda at: np.linalg.norm(vectors - at, axis=1).sum(),
        vectors.mean(axis=0),
        options={"gtol": 1e-9},
    )
    slow = np.linalg.norm(vectors - total.x, axis=1)
    assert np.allclose(tfidf(texts), slow, atol=1e-4)


def test_a_text_of_rare_words_is_farther_than_one_of_common_words():
    texts = texts_of(*["good film and good cast"] * 20, "zyzzyva quokka", "good film")
    scores = tfidf(texts)
    assert scores.argmax() == 20
    assert scores[21] < scores[20]


def test_texts_of_the_same_words_in_any_case_and_order_score_the_same():
    scores = tfidf(texts_of("Good film", "film GOOD!", "a dull one", "another dull thing"))
    assert scores[0] == pytest.approx(scores[1], abs=1e-7)


@pytest.mark.parametrize("texts", [("?!", "...", ""), ("one",), ("same", "same"), ("a b", "")])
def test_texts_without_words_or_difference_have_finite_scores(texts):
    assert np.isfinite(tfidf(texts_of(*texts))).all()


def test_a_text_without_words_goes_first():
    assert tfidf(texts_of(*made(n=50).tolist(), "")).argmin() == 50


def test_tfidf_scores_texts_and_not_their_place():
    texts = made()
    order = np.random.default_rng(1).permutation(len(texts))
    assert np.allclose(tfidf(texts[order]), tfidf(texts)[order], atol=1e-6)


def test_tfidf_never_holds_texts_times_words():
    texts = texts_of(*(f"common word{i} word{i + 1} thing{i}" for i in range(5000)))
    tracemalloc.start()
    tfidf(texts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5000 * 10_000 * 8 / 20


def test_the_length_of_a_text_is_the_number_of_its_words():
    assert length(texts_of("", "one", "It's two, or three?")).tolist() == [0, 1, 5]

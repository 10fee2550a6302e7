import numpy as np
import pytest

from trainables.evidence.examples import ExampleEvidence, N
from trainables.evidence.requirements import EVIDENCE
from trainables.selection.cuts import n_keep
from trainables.selection.selectors import SELECTORS, keep_global
from trainables.signals import SIGNALS
from trainables.testing import check_selector, check_signal

STATE = {"calls": 0}


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_of_the_table_keeps_the_contract(name):
    check_signal(SIGNALS[name].score)


@pytest.mark.parametrize(
    "name", ["redundancy", "keep_one", "d2", "knn_shapley", "facility_location", "infomax"]
)
def test_a_signal_on_approximate_neighbours_keeps_the_contract(name):
    check_signal(SIGNALS[name].score, settings={"probes": 5})


@pytest.mark.parametrize("name", SELECTORS)
def test_every_selector_of_the_table_keeps_the_contract(name):
    check_selector(SELECTORS[name].cut)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("coverage", {"bins": 3, "cutoff": 0.2}),
        ("floor", {"share": 1.0}),
        ("window", {"top": 0.3}),
    ],
)
def test_a_selector_with_settings_keeps_the_contract(name, settings):
    check_selector(SELECTORS[name].cut, settings=settings)


@pytest.mark.parametrize("name", [n for n, p in EVIDENCE.items() if p.source != "answers"])
def test_there_is_an_example_of_every_piece_of_evidence(name):
    assert ExampleEvidence().get(name, {"models": 12, "probes": 5}) is not None


def by_length(texts, *, power=1):
    return np.array([len(text) ** power for text in texts], dtype=np.float32)


def test_a_signal_of_ones_own_keeps_the_contract_with_any_setting():
    check_signal(by_length)
    check_signal(by_length, settings={"power": 2})


def float64(probs):
    return probs.max(axis=1).astype(np.float64)


def too_few(probs):
    return probs.max(axis=1)[:-1]


def of_a_class(probs, labels):
    return probs.max(axis=0)


def a_list(probs):
    return probs.max(axis=1).tolist()


def not_finite(losses):
    return losses[:, 2]


def unseeded(draws):
    return np.random.default_rng().random(len(draws)).astype(np.float32)


def remembers(draws):
    STATE["calls"] += 1
    return draws.astype(np.float32) + STATE["calls"]


def by_row_number(labels):
    return np.arange(len(labels), dtype=np.float32)


def first_of_equals(labels):
    order = np.argsort(labels, kind="stable")
    scores = np.empty(len(labels), dtype=np.float32)
    scores[order] = np.arange(len(labels))
    return scores


def in_place(probs):
    probs *= 2
    return probs.max(axis=1)


def no_default(probs, *, power):
    return probs.max(axis=1) ** power


def default_is_a_list(probs, *, powers=[1]):  # noqa: B006 - what is refused
    return probs.max(axis=1)


def unknown_evidence(moon_phase):
    return moon_phase


def own_answers(answers):
    return answers["correct"]


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (float64, r"signal float64 gave float64 of shape \(200,\); it must give float32"),
        (too_few, r"gave float32 of shape \(199,\)"),
        (of_a_class, r"gave float32 of shape \(4,\)"),
        (a_list, "a_list gave list; return a numpy array"),
        (not_finite, "scores that are not finite, rows"),
        (unseeded, "gave other scores when called again with the same evidence; ask for `draws`"),
        (remembers, "gave other scores when called again"),
        (by_row_number, "must not depend on row numbers"),
        (first_of_equals, "must not depend on row numbers"),
        (in_place, "changes its argument probs in place"),
        (no_default, "has a setting 'power' without a default; write power=VALUE"),
        (default_is_a_list, r"the default of setting 'powers' is \[1\]"),
        (unknown_evidence, "asks for 'moon_phase', which is no evidence; there is "),
        (own_answers, "asks for 'answers', which is no evidence"),
    ],
)
def test_a_broken_signal_is_caught_with_what_is_wrong(signal, message):
    with pytest.raises((AssertionError, ValueError), match=message):
        check_signal(signal)


def test_a_setting_the_signal_lacks_is_refused():
    with pytest.raises(ValueError, match=r"by_length has no setting \['colour'\]"):
        check_signal(by_length, settings={"colour": 1})


def one_too_many(scores, labels, rate, ties):
    keep = keep_global(scores, labels, rate, ties)
    keep[np.flatnonzero(~keep)[:1]] = True
    return keep


def row_numbers(scores, labels, rate, ties):
    return np.flatnonzero(keep_global(scores, labels, rate, ties))


def not_nested(scores, labels, rate, ties):
    return keep_global(scores if rate < 0.4 else -scores, labels, rate, ties)


def ties_by_row(scores, labels, rate, ties):
    order = np.argsort(-scores, kind="stable")
    keep = np.zeros(len(scores), dtype=bool)
    keep[order[: n_keep(len(scores), rate)]] = True
    return keep


def ties_by_labels(scores, labels, rate, ties):
    return keep_global(scores, labels, rate, 0 * ties)


def of_ones_own_chance(scores, labels, rate, ties):
    return keep_global(scores, labels, rate, np.random.default_rng().random(len(ties)))


def sorts_in_place(scores, labels, rate, ties):
    keep = keep_global(scores, labels, rate, ties)
    scores.sort()
    return keep


def without_ties(scores, labels, rate):
    return keep_global(scores, labels, rate, scores)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (one_too_many, r"that keeps 191; it must give bool of shape \(200,\) that keeps 190"),
        (row_numbers, r"gave int64 of shape \(200,\)"),
        (
            not_nested,
            r"that it removes at rate 0.3; what is kept at a higher rate must be a subset",
        ),
        (ties_by_row, "keeps other samples where the same rows stand in another order"),
        (ties_by_labels, "keeps other samples where the same rows stand in another order"),
        (of_ones_own_chance, "it removes at rate|kept other rows when called again"),
        (sorts_in_place, "changes its argument scores in place"),
        (without_ties, "cannot be called: .* a selector takes scores, labels, rate and ties"),
    ],
)
def test_a_broken_selector_is_caught_with_what_is_wrong(selector, message):
    with pytest.raises((AssertionError, ValueError), match=message):
        check_selector(selector)


def test_a_selector_on_evidence_of_its_own_keeps_the_contract():
    def least_sure_first(scores, labels, rate, ties, probs):
        return keep_global(scores - probs.max(axis=1), labels, rate, ties)

    check_selector(least_sure_first)


def test_the_example_is_the_same_samples_in_any_order():
    order = np.random.default_rng(0).permutation(N)
    one, other = ExampleEvidence(), ExampleEvidence(order)
    assert (one.get("texts", {})[order] == other.get("texts", {})).all()
    nearest = one.get("neighbours", {}).similarity[order]
    assert np.allclose(nearest, other.get("neighbours", {}).similarity, atol=1e-6)

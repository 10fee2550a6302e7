"""Every reason is true of its row: each claim is counted again from the data."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from trainables.data.dataset import Dataset, Split, uniform_draws
from trainables.evidence.examples import ExampleEvidence, N
from trainables.evidence.requirements import parameters, settings_of
from trainables.selection.reasons import AGAINST, ceil_percent, places_of, reasons
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.signals.ends import BY_LOT, ENDS
from trainables.spec import TrialSpec

EVIDENCE = ExampleEvidence()
CLAIM = re.compile(
    r"among the (?P<share>[\d.]+)% of (?P<whose>all rows|the rows of its class) (?P<words>.+?)"
    r"(?P<equals>; others of the same score stay)?"
)
SPEC = TrialSpec(
    dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1, warmup=0.5,
    signal="el2n", selector="global", rate=0.3,
)  # fmt: skip


def get(name):
    return EVIDENCE.get(name, {})


LABELS = get("labels")
EVERY = np.arange(N)
DATASET = Dataset(
    name="d",
    kind="text",
    class_names=("a", "b", "c", "d"),
    train=Split(
        inputs=pa.array(get("texts").tolist(), pa.large_string()), labels=LABELS, ids=EVERY
    ),
    test=Split(inputs=["x"], labels=[0], ids=[0]),
)


@cache
def scores_of(signal):
    function = SIGNALS[signal].score
    return function(**{name: get(name) for name in parameters(function)[0]})


def cut(signal, selector="global", prune="low", rate=0.3, scores=None):
    """Spec, rows that stay, and scores."""
    scores = scores_of(signal) if scores is None else scores
    usual = settings_of(SELECTORS[selector].cut) | (
        {"cutoff": 0.1} if selector == "coverage" else {}
    )
    spec = replace(
        SPEC, signal=signal, selector=selector, selector_settings=tuple(usual.items()),
        prune=prune, rate=rate,
    )  # fmt: skip
    extra = {name: get(name) for name in parameters(SELECTORS[selector].cut)[0] if name != "labels"}
    keep = SELECTORS[selector].cut(
        scores=scores if prune == "low" else -scores, labels=LABELS, rate=rate,
        ties=uniform_draws(EVERY, spec.seed, "ties"), **extra, **usual,
    )  # fmt: skip
    return spec, keep, scores


def told(spec, keep, scores):
    """Each removed row with its reason."""
    places = places_of(spec, DATASET, keep, scores)
    return list(zip(places.rows.tolist(), reasons(spec, places), strict=True))


def is_true(row, reason, scores, keep, signal):
    """Whether a reason's claim of a row's place holds, and is no larger than it must be."""
    claim = CLAIM.fullmatch(reason)
    if claim is None:
        return False
    group = LABELS[row] == LABELS if claim["whose"] != "all rows" else np.ones(N, bool)
    ends = ENDS[signal]
    if claim["words"] not in (ends.low, ends.high):
        return False
    value = scores if claim["words"] == ends.low else -scores
    counted = 100 * (value[group] <= value[row]).mean()
    equals = bool((keep & group & (scores == scores[row])).any())
    return counted <= float(claim["share"]) + 1e-9 < counted + 0.1 and equals == bool(
        claim["equals"]
    )


@pytest.mark.parametrize("prune", ["low", "high"])
@pytest.mark.parametrize("signal", sorted(set(SIGNALS) - {"random"}))
def test_every_reason_names_the_share_that_a_count_gives(signal, prune):
    for selector in ("global", "stratified", "floor", "class_error", "window"):
        check_reasons(signal, selector, prune)


def check_reasons(signal, selector, prune):
    spec, keep, scores = cut(signal, selector, prune)
    found = told(spec, keep, scores)
    assert [row for row, _ in found] != [] and {row for row, _ in found} == {*np.flatnonzero(~keep)}
    assert all(is_true(row, reason, scores, keep, signal) for row, reason in found)
    by_class = "the rows of its class" if AGAINST[selector] == "class" else "all rows"
    assert all(by_class in reason for _, reason in found)
    ends = {CLAIM.fullmatch(reason)["words"] for _, reason in found}
    first = ENDS[signal].low if prune == "low" else ENDS[signal].high
    assert (ends == {first}) if selector != "window" else len(ends) == 2


def test_a_reason_that_is_false_of_its_row_is_found_out():
    spec, keep, scores = cut("el2n")
    (first, low), (last, high) = (told(spec, keep, scores)[at] for at in (0, -1))
    assert is_true(first, low, scores, keep, "el2n") and is_true(last, high, scores, keep, "el2n")
    assert not is_true(first, high, scores, keep, "el2n")
    assert not is_true(last, low, scores, keep, "el2n")
    assert not is_true(first, low.replace("easiest", "hardest"), scores, keep, "el2n")
    assert not is_true(first, low + "; others of the same score stay", scores, keep, "el2n")
    of_class = low.replace("all rows", "the rows of its class")
    assert not is_true(first, of_class, scores, keep, "el2n")


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def nearest_mean(same_class=False):
    table = unit(get("embeddings").astype(np.float64))
    cosine = table @ table.T
    np.fill_diagonal(cosine, -np.inf)
    if same_class:
        cosine[LABELS[:, None] != LABELS] = -np.inf
    top = -np.sort(-cosine, axis=1)[:, :10]
    return np.where(np.isfinite(top), top, 0).sum(1) / np.isfinite(top).sum(1)


def class_centre():
    table = unit(get("embeddings").astype(np.float64))
    return np.array([table[i] @ unit(table[LABELS[i] == LABELS].mean(0)[None])[0] for i in EVERY])


def visits(name):
    """The first visits of each row, as many as every row had."""
    return np.array([row[~np.isnan(row)][:3] for row in get(name)], dtype=np.float64)


def own(probs):
    return probs[EVERY, LABELS].astype(np.float64)


def miss(probs):
    return np.linalg.norm(probs - np.eye(probs.shape[1])[LABELS], axis=1)


def gradient(probs, features):
    return miss(probs) * np.sqrt(1 + (features.astype(np.float64) ** 2).sum(1))


def bits(probs):
    return -(probs * np.log(probs)).sum(-1)


def lead(probs):
    top = np.sort(probs.astype(np.float64), axis=1)
    return top[:, -1] - top[:, -2]


def members(name):
    return np.moveaxis(get(name), 1, 0)


def helped(models, correct):
    inside = models.inside
    return np.array(
        [correct(i)[inside[:, i]].mean() - correct(i)[~inside[:, i]].mean() for i in EVERY]
    )


def memorized(name):
    models = get(name)
    return helped(models, lambda i: models.correct[:, i])


# Of each signal what `low` claims, measured anew: more of it is nearer to that end.
MEASURED = {
    "given": lambda: -get("given_scores"),
    "redundancy": nearest_mean,
    "redundancy_within_class": lambda: nearest_mean(same_class=True),
    "supervised_prototypes": class_centre,
    "el2n": lambda: -miss(get("probs")),
    "el2n_ensemble": lambda: -np.mean([miss(one) for one in members("member_probs")], axis=0),
    "grand": lambda: -gradient(get("probs"), get("features")),
    "grand_full": lambda: -get("gradient_norms"),
    "loss": lambda: np.exp(-get("row_losses")),
    "perplexity": lambda: -get("row_losses") / get("scored_pieces"),
    "delta_loss": lambda: (get("row_losses") - get("start_losses")) / get("scored_pieces"),
    "length": lambda: [-len(text.split()) for text in get("texts")],
    "entropy": lambda: -bits(get("probs").astype(np.float64)),
    "margin": lambda: lead(get("probs")),
    "least_confidence": lambda: get("probs").max(axis=1),
    "forgetting": lambda: (
        -np.where(visits("correct").any(1), (np.diff(visits("correct")) < 0).sum(1), 9)
    ),
    "aum": lambda: -visits("margins").mean(axis=1),
    "confidence": lambda: np.exp(-visits("losses")).mean(axis=1),
    "variability": lambda: -np.exp(-visits("losses")).std(axis=1),
    "correctness": lambda: visits("correct").mean(axis=1),
    "stability_over_visits": lambda: (
        -np.abs(np.diff(np.exp(-visits("losses").astype(np.float64)), axis=1)).mean(axis=1)
    ),
    "stability_under_dropout": lambda: (
        -(
            bits(get("dropout_probs").astype(np.float64).mean(1))
            - bits(get("dropout_probs")).mean(1)
        )
    ),
    "label_quality": lambda: -own(get("cross_probs")),
    "tracin_self": lambda: sum(
        mark.lr * gradient(mark.probs, mark.features) ** 2 for mark in get("checkpoints")
    ),
    "memorization": lambda: -memorized("subset_models"),
    "mem_head": lambda: -memorized("head_models"),
}


@pytest.mark.parametrize("signal", MEASURED)
def test_what_the_words_say_of_a_row_is_so(signal):
    """Within the rounding of float32, no more rows than claimed are as near to the end as it is."""
    measured = np.asarray(MEASURED[signal](), dtype=np.float64)
    spec, keep, scores = cut(signal)
    for row, reason in told(spec, keep, scores):
        share = float(CLAIM.fullmatch(reason)["share"])
        slack = 1e-5 * (1 + np.abs(measured[row]))
        assert 100 * (measured > measured[row] + slack).mean() < share
        turned = 100 * (measured < measured[row] - slack).mean()
        assert turned >= 100 - share - 100 * (np.abs(measured - measured[row]) <= slack).mean()


def test_random_rows_are_drawn_by_lot():
    for prune in ("low", "high"):
        assert {reason for _, reason in told(*cut("random", prune=prune))} == {BY_LOT}
    assert {reason for _, reason in told(*cut("random", "stratified"))} == {
        f"{BY_LOT} within its class"
    }


def test_coverage_draws_in_the_bins_and_drops_the_top_first():
    spec, keep, scores = cut("el2n", "coverage")
    found = dict(told(spec, keep, scores))
    top = {*np.argsort(scores)[-20:]}
    assert {row for row, reason in found.items() if BY_LOT not in reason} == top
    assert all(is_true(row, found[row], scores, keep, "el2n") for row in top)
    assert all(ENDS["el2n"].high in found[row] for row in top)
    assert {found[row] for row in found if row not in top} == {f"{BY_LOT} among rows of like score"}


@pytest.mark.parametrize("signal", ["dual", "random"])
def test_beta_draws_all_its_rows_by_odds(signal):
    said = {reason for _, reason in told(*cut(signal, "beta"))}
    assert said == {f"{BY_LOT}, the odds by score and by its label's probability in training"}


def test_of_equal_scores_all_are_counted_and_those_that_stay_are_told():
    scores = np.where(EVERY < 100, 0, 1).astype(np.float32)
    found = told(*cut("el2n", scores=scores))
    assert {reason for _, reason in found} == {
        "among the 50% of all rows the model finds easiest; others of the same score stay"
    }


def test_what_a_selector_of_ones_own_removes_is_said_to_be_its_cut():
    spec, keep, scores = cut("el2n")
    spec = replace(spec, selector="mine:odd", selector_sha="s")
    assert all(
        reason.endswith(" the model finds easiest, cut by mine:odd")
        for _, reason in told(spec, keep, scores)
    )


@pytest.mark.parametrize("prune", ["low", "high"])
@pytest.mark.parametrize("selector", ["global", "stratified"])
def test_the_order_of_removal_is_that_of_rising_rates(selector, prune):
    """The rows that a lower rate removes are the first of those that a higher one removes."""
    order = [row for row, _ in told(*cut("el2n", selector, prune, rate=0.5))]
    for rate in (0.1, 0.25, 0.4):
        keep = cut("el2n", selector, prune, rate=rate)[1]
        assert set(order[: (~keep).sum()]) == {*np.flatnonzero(~keep)}


def test_every_selector_says_what_it_holds_a_row_against():
    assert set(AGAINST) == set(SELECTORS)


@pytest.mark.parametrize(
    ("share", "said"), [(1 / 240, "0.5%"), (0.5, "50%"), (0.001, "0.1%"), (1.0, "100%")]
)
def test_a_share_is_never_said_smaller_than_it_is(share, said):
    assert ceil_percent(share) == said

"""What `coverage` cuts off is the hardest, whichever end of the scores that is, or is refused at the plan."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.planning.arms import arm_of
from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import Grid, GridBlock
from tests.trainables.signals.planted import PlantedEvidence
from trainables.errors import UsageError
from trainables.evidence.requirements import settings_of
from trainables.learners.pretrained import Model
from trainables.selection.cutoff import cutoff_notes, cutoff_of, hardness, settled
from trainables.selection.cuts import n_keep
from trainables.selection.reasons import places_of, reasons
from trainables.selection.selectors import SELECTORS, keep_coverage
from trainables.signals import SIGNALS
from trainables.signals.ends import BY_LOT, ENDS
from trainables.spec import VECTORS, TrialSpec
from trainables.training_settings import Training

KNOWN = [name for name, row in SIGNALS.items() if row.hard_end]
UNKNOWN = [name for name, row in SIGNALS.items() if not row.hard_end]


@pytest.fixture(scope="module")
def planted():
    return PlantedEvidence()


def spec_of(arm, **fields):
    """A trial of an arm, warmed up for three of four epochs, as the plan makes it but for `settled`."""
    asked = arm_of(arm)
    settings = {**SELECTORS[asked.selector].settings, **dict(asked.selector_settings)}
    usual = {
        "learner": "tiny", "model": "tiny", "warmup": 0.75, "rate": 0.5, "protocol": "restart",
        "training": Training(epochs=4),
    }  # fmt: skip
    return TrialSpec(
        dataset="d", data_sha="d", model_sha="m", seed=1, signal=asked.signal,
        signal_sha="s" if ":" in asked.signal else "", prune=asked.prune, selector=asked.selector,
        selector_settings=tuple(settings.items()), **{**usual, **fields},
    )  # fmt: skip


def scores_of(name, planted):
    settings = {**settings_of(SIGNALS[name].score), "clusters": 3}
    return SIGNALS[name].score(**{one: planted.get(one, settings) for one in SIGNALS[name].needs})


def kept(arm, planted, **fields):
    """The rows that an arm keeps, and by what scores, hardness and trial."""
    spec = settled(spec_of(arm, **fields))
    scores = scores_of(spec.signal, planted)
    hard = hardness(spec, scores, planted.get("margins", {}))
    labels, ties = planted.get("labels", {}), planted.get("draws", {})
    chosen = dict(spec.selector_settings)
    keep = keep_coverage(
        scores if spec.prune == "low" else -scores, labels, spec.rate, ties, hard,
        bins=chosen["bins"], cutoff=chosen["cutoff"],
    )  # fmt: skip
    return keep, scores, hard, spec


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize("name", KNOWN)
def test_a_cutoff_by_scores_drops_the_end_that_the_signals_row_calls_hard(name, end, planted):
    keep, scores, _, _ = kept(f"{name}:coverage,cutoff=0.2,cutoff_by=score:{end}", planted)
    value = scores if SIGNALS[name].hard_end == "high" else -scores
    beyond = np.sort(value)[n_keep(600, 0.2)]
    assert not keep[value > beyond].any()
    assert keep.sum() == 300


@pytest.mark.parametrize("end", ["low", "high"])
def test_the_literal_recipe_drops_wrong_labels_and_not_the_easiest_rows(end, planted):
    keep, scores, _, spec = kept(f"aum:coverage,cutoff=0.2:{end}", planted)
    assert cutoff_of(spec) == (0.2, "aum")
    hardest, easiest = (np.argsort(signed)[:120] for signed in (scores, -scores))
    assert not keep[hardest].any()
    assert keep[easiest].any()
    assert planted.is_wrong[~keep].mean() > 1.5 * planted.is_wrong.mean()


@pytest.mark.parametrize("name", ["el2n", "redundancy", "d2", "random"])
def test_the_cutoff_is_by_aum_whatever_the_scores_are_where_there_are_margins(name, planted):
    keep, _, _, _ = kept(f"{name}:coverage,cutoff=0.2", planted)
    assert not keep[np.argsort(scores_of("aum", planted))[:120]].any()


def test_the_end_that_goes_makes_no_difference_to_coverage(planted):
    one, other = (kept(f"el2n:coverage,cutoff=0.2:{end}", planted)[0] for end in ("low", "high"))
    assert (
        one != other
    ).mean() < 0.03  # of rows at the very edge of a bin, and of bins of one size


@pytest.mark.parametrize("name", [name for name in UNKNOWN if name not in ("random", "given")])
def test_a_cutoff_by_scores_that_say_nothing_of_difficulty_is_refused(name):
    with pytest.raises(UsageError, match=f"no end of the scores of {name} holds .*cutoff_by=aum"):
        settled(spec_of(f"{name}:coverage,cutoff=0.2,cutoff_by=score"))
    with pytest.raises(
        UsageError, match=r"0\.15 epochs .*a warm-up of 0\.25 here; or leave cutoff"
    ):
        settled(spec_of(f"{name}:coverage,cutoff=0.2", warmup=0.0375))


@pytest.mark.parametrize(
    ("arm", "fields", "by"),
    [
        ("el2n:coverage", {}, ""),
        ("el2n:coverage,cutoff=0.2", {}, "aum"),
        ("el2n:coverage,cutoff=0.2", {"warmup": 0.2}, "score"),
        ("ssl_prototypes:coverage,cutoff=0.2", {"model": VECTORS, "warmup": 0.0}, "score"),
        ("given:coverage,cutoff=0.2", {"learner_sha": "own", "warmup": 0.0}, "score"),
        ("random:coverage,cutoff=0.2", {"warmup": 0.2}, "score"),
    ],
)
def test_what_rows_are_cut_off_by_is_settled_at_the_plan(arm, fields, by):
    assert cutoff_of(settled(spec_of(arm, **fields)))[1] == by


@pytest.mark.parametrize(
    ("arm", "fields", "message"),
    [
        (
            "el2n:coverage,cutoff=0.2,cutoff_by=loss",
            {},
            "cutoff_by is 'loss'; it is one of auto, aum",
        ),
        ("el2n:coverage,cutoff_by=aum", {}, "cutoff_by=aum changes nothing without a cutoff"),
        ("el2n:coverage,hard=low", {}, "hard=low changes nothing without a cutoff"),
        (
            "el2n:coverage,cutoff=0.2,hard=low",
            {},
            "hard=low is for scores of your own; which end of AUM",
        ),
        (
            "el2n:coverage,cutoff=0.2,cutoff_by=score,hard=low",
            {},
            "which end of el2n is hard is known",
        ),
        (
            "given:coverage,cutoff=0.2,cutoff_by=score,hard=up",
            {},
            "hard is 'up'; it is low or high",
        ),
        (
            "el2n:coverage,cutoff=0.2,cutoff_by=aum",
            {"warmup": 0.2},
            r"0\.8 epochs .*a warm-up of 0\.25 here; or give cutoff_by=score",
        ),
        (
            "el2n:coverage,cutoff=0.2,cutoff_by=aum",
            {"model": VECTORS},
            "the vectors of --embedding-column tell none: add --score-model linear",
        ),
    ],
)
def test_a_cutoff_that_means_nothing_is_refused_with_what_to_give(arm, fields, message):
    with pytest.raises(UsageError, match=message):
        settled(spec_of(arm, **fields))


def test_of_scores_of_ones_own_the_highest_are_hard_unless_it_is_said():
    scores = np.arange(8, dtype=np.float32)
    for said, expected in (("", scores), (",hard=high", scores), (",hard=low", -scores)):
        for end in ("low", "high"):
            spec = settled(spec_of(f"given:coverage,cutoff=0.25,cutoff_by=score{said}:{end}"))
            assert (hardness(spec, scores, None) == expected).all()
    (note,) = cutoff_notes([spec])
    assert "cuts off the lowest scores of given first" in note
    assert "hard=high says that it is the other end" in note


def test_an_arm_cuts_off_the_hardest_and_its_control_draws_all_rows_by_lot():
    grid = Grid(
        about="", model="tiny", seeds=(1,), training=Training(epochs=4), protocol="restart",
        blocks=(
            GridBlock(
                datasets=("d",), warmups=(0.2, 0.5), rates=(0.5,),
                arms=(arm_of("el2n:coverage,cutoff=0.2"),),
            ),
        ),
    )  # fmt: skip
    specs = expand(grid, {"d": "d"}, Model(learner="tiny", name="tiny", sha="tiny"))
    cut = [spec for spec in specs if spec.signal]
    by = {(spec.signal, spec.selector, spec.warmup): cutoff_of(spec)[1] for spec in cut}
    assert by == {
        ("el2n", "coverage", 0.2): "score", ("random", "global", 0.2): "",
        ("el2n", "coverage", 0.5): "aum", ("random", "global", 0.5): "",
    }  # fmt: skip


@pytest.mark.parametrize("arm", ["aum:coverage,cutoff=0.2", "el2n:coverage,cutoff=0.2:high"])
def test_rows_cut_off_are_told_from_rows_drawn(arm, planted):
    keep, scores, hard, spec = kept(arm, planted)
    found = told(spec, keep, scores, planted)
    cut_off = {*np.argsort(hard)[-120:].tolist()}
    assert {row for row, reason in found.items() if BY_LOT not in reason} == cut_off
    assert all(ENDS["aum"].low in found[row] for row in cut_off)


def test_random_rows_that_were_cut_off_by_aum_are_not_said_to_be_drawn(planted):
    keep, scores, hard, spec = kept("random:coverage,cutoff=0.2", planted)
    found = told(spec, keep, scores, planted)
    assert all(ENDS["aum"].low in found[row] for row in np.argsort(hard)[-120:].tolist())


def test_where_margins_are_gone_nobody_is_said_to_have_been_cut_off(planted):
    keep, scores, _, spec = kept("aum:coverage,cutoff=0.2", planted)
    data = dataset(planted)
    why = {*reasons(spec, places_of(spec, data, keep, scores))}
    assert why == {f"one of the hardest, or {BY_LOT} among rows of like score"}


def dataset(planted):
    from tests.trainables.selection.test_reasons import DATASET

    n = len(planted.is_wrong)
    rows = np.arange(n) % len(DATASET.train)
    train = DATASET.train.take(rows)
    return replace(
        DATASET, train=replace(train, ids=np.arange(n), labels=planted.get("labels", {}))
    )


def told(spec, keep, scores, planted):
    places = places_of(spec, dataset(planted), keep, scores, planted.get("margins", {}))
    return dict(zip(places.rows.tolist(), reasons(spec, places), strict=True))

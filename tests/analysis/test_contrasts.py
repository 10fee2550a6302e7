from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import chi2, norm
from scipy.stats import t as student

from analysis.contrast_rows import contrast_rows, contrasts_of, leaders_of
from analysis.contrasts import CONTRASTS
from analysis.intervals import parts, two_sided_p
from analysis.multiplicity import holm
from analysis.page.contrast_words import contrasts_sentence, leaders_sentence
from analysis.readings import correct_bits
from analysis.shared_spread import moderated
from analysis.study import study
from benchmarks.contrasts import Grid, told
from benchmarks.contrasts import made as study_of
from benchmarks.paired_runs import World
from tests.metric_runs import made

STEPS = (-0.2, -0.1, 0.0, 0.1, 0.2)
OTHER_STEPS = (0.1, -0.2, 0.2, 0.0, -0.1)
LEVEL = (0.0,) * 5
FELL = (0.0, 0.1, -0.1, -15.0, -0.2, 0.0, 0.1, -0.1, 0.2, -0.2)


def shifted(by, steps=STEPS):
    return [by + step for step in steps]


def seen(*rows):
    """A study of such rows, each once."""
    return study({row.spec.result_key: row for own in rows for row in own}.values())


def of_kind(found, kind):
    return [one for one in contrasts_of(found) if one.kind == kind]


def only(found, kind):
    (one,) = of_kind(found, kind)
    return one


MODEL = {"model": "large", "model_sha": "l" * 64}
WITHIN = {"signal": "redundancy_within_class", "selector": "stratified"}
# What the left is beside a plain condition; its name in the table.
SIDES = {
    "method": ({"signal": "keep_one"}, ("Redundancy (global)", "Keep one (global)")),
    "selector": (
        {"selector": "stratified"}, ("Redundancy (stratified)", "Redundancy (global)"),
    ),
    "warmup": ({"warmup": 0.25}, ("25% warm-up", "15% warm-up")),
    "rate": ({"rate": 0.2}, ("20% removed", "10% removed")),
    "model": (MODEL, ("tiny", "large")),
    "end": (
        {"prune": "high"}, ("Redundancy (global)", "Redundancy (global), high end pruned"),
    ),
    "protocol": (
        {"protocol": "restart"},
        ("Redundancy (global), restart", "Redundancy (global), continue"),
    ),
}  # fmt: skip


def test_every_kind_has_an_example_here():
    assert [*SIDES] == [*CONTRASTS]


@pytest.mark.parametrize("kind", SIDES)
def test_two_conditions_that_differ_in_one_thing_are_one_contrast_of_its_kind(kind, paired):
    other, names = SIDES[kind]
    found = seen(paired(shifted(0.5)), paired(shifted(-0.5), **other))
    assert [one.kind for one in contrasts_of(found)] == [kind]
    (row,) = contrast_rows(found)
    assert {row["left"], row["right"]} == {*names}
    plain = only(found, kind).left in {r.cell.condition for r in found.rows if r.cell.delta[0] > 0}
    assert row["mean"] == pytest.approx(1.0 if plain else -1.0)


@pytest.mark.parametrize(("one", "other"), combinations(SIDES, 2))
def test_two_conditions_that_differ_in_two_things_are_no_contrast(one, other, paired):
    both = SIDES[one][0] | SIDES[other][0]
    found = contrasts_of(seen(paired(shifted(0.5)), paired(shifted(-0.5), **both)))
    # Two signals are cut alike also where each loses its own end of the scores.
    assert [c.kind for c in found] == (["method"] if {one, other} == {"method", "end"} else [])


def test_the_studys_two_selectors_are_compared(paired):
    one = only(seen(paired(LEVEL), paired(shifted(0.8), **WITHIN)), "selector")
    assert (one.left.signal, one.right.signal) == ("redundancy_within_class", "redundancy")
    assert one.mean == pytest.approx(0.8)


def test_a_form_within_classes_that_is_cut_over_the_whole_set_is_no_other_selector(paired):
    within = paired(LEVEL, signal="redundancy_within_class")
    assert of_kind(seen(within, paired(LEVEL, selector="stratified")), "selector") == []


def test_a_rate_is_held_against_the_next_smaller_one_alone(paired):
    found = seen(*(paired(shifted(-5 * rate), rate=rate) for rate in (0.3, 0.1, 0.2)))
    pairs = [(one.left.rate, one.right.rate) for one in of_kind(found, "rate")]
    assert sorted(pairs) == [(0.2, 0.1), (0.3, 0.2)]


def test_two_models_differ_by_what_pruning_changes_in_each(paired):
    large = paired(shifted(-1.0), accuracy=0.7, **MODEL)
    one = only(seen(paired(shifted(-0.4, OTHER_STEPS)), large), "model")
    left_is_small = one.left.method.model == "tiny"
    assert one.mean == pytest.approx(0.6 if left_is_small else -0.6)


def test_against_random_stands_what_the_comparisons_say(paired):
    rows = paired(shifted(2.0)), paired(shifted(0.3), signal="keep_one")
    found = seen(*rows, paired(LEVEL, signal="random"))
    ours = {one.left: one for one in of_kind(found, "random")}
    assert ours.keys() == found.comparisons.keys()
    for condition, theirs in found.comparisons.items():
        one = ours[condition]
        assert (one.p, one.p_corrected, one.finding) == (theirs.p, theirs.p_holm, theirs.finding)
        assert (one.mean, one.low, one.high) == (theirs.mean, theirs.low, theirs.high)
    assert not any(one.left.is_control or one.right.is_control for one in of_kind(found, "method"))


def bits(found, signal, rate):
    """Right or not, shape (n, seeds), straight from the rows."""
    own = [r for r in found.results if (r.spec.signal, r.spec.rate) == (signal, rate)]
    in_order = sorted(own, key=lambda row: row.spec.seed)
    return np.stack([correct_bits(row) for row in in_order], axis=1).astype(float)


def slowly(x, alpha):
    """The interval by the formulas of the rule, written down anew."""
    n, seeds = x.shape
    means = x.mean(axis=0)
    run = means.var(ddof=1) / seeds
    off = x - means - x.mean(axis=1, keepdims=True) + x.mean()
    res = (off**2).sum() / ((n - 1) * (seeds - 1)) / (n * seeds)
    scatter = max(0.0, (x.mean(axis=1) ** 2).sum() - n * x.mean() ** 2 - n * n * res)
    lost, won = (x < 0).sum() / seeds, (x > 0).sum() / seeds
    jump = min(1.0, (scatter + 1) / (lost + won + 1))

    def reach(more, less):
        up = chi2.isf(alpha, 2 * more / jump + 2) / 2 - more / jump
        down = less / jump - (chi2.ppf(alpha, 2 * less / jump) / 2 if less else 0.0)
        item = (jump / n) ** 2 * (up**2 + down**2)
        lean = max(0.0, more - less) / (more + less) * run * n / more if more else 0.0
        half = np.sqrt(student.isf(alpha, seeds - 1) ** 2 * max(run, res) + item)
        return half + lean * (1 + 2 * norm.isf(alpha) ** 2) / 3

    return x.mean() - reach(lost, won), x.mean() + reach(won, lost)


def test_a_contrast_is_what_the_rows_bits_come_to_by_the_formulas(paired):
    found = seen(paired(shifted(0.9)), paired(shifted(0.1, OTHER_STEPS), signal="keep_one"))
    one = only(found, "method")
    x = bits(found, one.left.signal, 0.1) - bits(found, one.right.signal, 0.1)
    low, high = slowly(x, 0.05)
    assert (one.mean, one.low, one.high) == pytest.approx([100 * v for v in (x.mean(), low, high)])
    bound = slowly(x, one.p / 2)
    assert bound[0 if one.mean > 0 else 1] == pytest.approx(0, abs=1e-6)
    assert one.p_corrected == one.p


def test_holm_runs_over_all_contrasts_of_a_kind_in_a_data_set(paired):
    arms = {"redundancy": 1.5, "keep_one": 0.0, "el2n": -0.3}
    rows = [
        paired(shifted(by * rate * 10, steps), signal=signal, rate=rate)
        for (signal, by), steps in zip(arms.items(), (STEPS, OTHER_STEPS, LEVEL), strict=True)
        for rate in (0.1, 0.2)
    ]
    family = of_kind(seen(*rows), "method")
    assert len(family) == 3 * (2 + 1)
    assert [one.p_corrected for one in family] == pytest.approx(holm([one.p for one in family]))
    elsewhere = [paired(LEVEL, signal=s, dataset="o", data_sha="o" * 64) for s in arms]
    beside = of_kind(seen(*rows, *elsewhere), "method")
    assert [one for one in beside if one.left.dataset == "imdb"] == family


def test_over_the_rates_a_contrast_is_of_the_mean_of_all(paired):
    rows = [
        paired(shifted(by + 5 * rate, steps), signal=signal, rate=rate)
        for signal, by, steps in (("redundancy", 0.5, STEPS), ("keep_one", 0.0, OTHER_STEPS))
        for rate in (0.1, 0.2, 0.3)
    ]
    found = seen(*rows)
    (over,) = [one for one in of_kind(found, "method") if len(one.rates) > 1]
    assert over.rates == (0.1, 0.2, 0.3) and over.mean == pytest.approx(0.5)
    x = np.mean([bits(found, "redundancy", r) - bits(found, "keep_one", r) for r in over.rates], 0)
    assert over.p == pytest.approx(two_sided_p(moderated(parts(x), None)))


def test_one_seed_has_no_interval_and_two_seeds_decide_nothing(paired):
    alone = only(seen(paired([0.0]), paired([-5.0], signal="keep_one")), "method")
    assert (alone.p, alone.low, alone.p_corrected) == (None, None, None)
    two = only(seen(paired([0.0, 0.1]), paired([-5.0, -5.1], signal="keep_one")), "method")
    assert two.low is not None and two.p_corrected is None
    assert (two.finding, two.notes) == ("no difference shown", ("2 seeds: exploratory",))
    said = contrasts_sentence(seen(paired([0.0])), [alone], 0)
    assert said == "1 contrast, of fewer than three seeds: exploratory, and none is tested."


def test_a_finding_for_which_a_diverged_run_speaks_is_none(paired):
    ahead = [5.0 + step for step in STEPS] * 2
    one = only(seen(paired(ahead), paired(FELL, signal="keep_one")), "method")
    assert one.p_corrected <= 0.05 and one.finding == "no difference shown"
    assert one.notes == ("a run of the right diverged",)


def test_trials_of_two_environments_are_no_pair(paired):
    elsewhere = [
        replace(row, environment={"device": "gpu"}) for row in paired(LEVEL, signal="el2n")
    ]
    assert contrasts_of(seen(paired(LEVEL), elsewhere)) == ()


@pytest.mark.parametrize("metric", ["log_loss", "macro_f1", "mae"])
def test_a_contrast_is_in_the_metrics_unit_and_turned_so_that_below_zero_is_worse(metric, tmp_path):
    found = made(tmp_path, metric)
    delta = {row.cell.condition: row for row in found.rows}
    some = [one for one in contrasts_of(found) if len(one.rates) == 1 and one.kind != "random"]
    assert some
    for one in some:
        sides = [delta[side].cell for side in (one.left, one.right)]
        both = [dict(zip(cell.seeds, cell.delta, strict=True)) for cell in sides]
        by_seed = [both[0][seed] - both[1][seed] for seed in one.seeds]
        assert one.mean == pytest.approx(np.mean(by_seed), rel=1e-6, abs=1e-9)


def test_the_arms_that_may_be_best_are_those_that_no_contrast_shows_to_be_worse(paired):
    found = seen(
        paired(shifted(0.0)),
        paired(shifted(-3.0, OTHER_STEPS), signal="keep_one"),
        paired(shifted(0.1, OTHER_STEPS), signal="random"),
    )
    (one,) = leaders_of(found)
    assert [arm.condition.signal for arm in one.leading] == ["random", "redundancy"]
    assert [arm.condition.signal for arm in one.behind] == ["keep_one"]
    said = leaders_sentence(found, one)
    assert said.startswith(
        "10% removed after 15% warm-up: the best is one of Random (global) and Redundancy (global) "
        "(with 90% confidence). Shown to be worse: Keep one (global), −3.1"
    )


def test_a_set_is_as_sure_as_all_kinds_that_its_arms_are_tested_by(paired):
    """Each kind has its own 5 %: signals, selectors and random together may err in 15 %."""
    arms = [paired(shifted(0.0)), paired(shifted(-0.1, OTHER_STEPS), signal="keep_one")]

    def told():
        return {round(one.confidence, 9) for one in leaders_of(seen(*arms))}

    sure = []
    for more in ({"signal": "random"}, {"selector": "stratified"}, {"warmup": 0.25}):
        sure.append(told())
        arms.append(paired(shifted(0.1, OTHER_STEPS), **more))
    assert [*sure, told()] == [{0.95}, {0.9}, {0.85}, {0.85}]


def test_a_sentence_names_the_largest_difference_with_its_interval(paired):
    found = seen(paired(LEVEL), paired(shifted(2.0), **WITHIN))
    one = only(found, "selector")
    said = contrasts_sentence(found, [one], 1)
    assert "Redundancy within class (stratified) better than Redundancy (global)" in said
    assert f"+{one.mean:.2f} pp [+{one.low:.2f}, +{one.high:.2f}]" in said
    level = seen(paired(LEVEL), paired(shifted(0.0), **WITHIN))
    said = contrasts_sentence(level, of_kind(level, "selector"), 1)
    assert said.startswith("No difference is shown in 1 contrast, at 5% over all 1 of this kind")
    assert "The largest: Redundancy within class (stratified) minus Redundancy (global)" in said


SMALL = World(accuracy=0.9, n=400, run_sd=0.01, own=0.05, unlike=0.3)


@pytest.fixture(scope="module")
def alike():
    """Contrasts of signals of 12 studies in which none differs: a small part of benchmarks/contrasts.py."""
    grid = Grid(world=SMALL, arms=8, rates=(0.1,), planted=(0.0,))
    return [of_kind(study_of(grid, number)[0], "method") for number in range(12)]


def test_of_arms_that_are_alike_few_studies_find_a_difference(alike):
    """Where 5 % of studies err, more than 3 of 12 hardly ever do."""
    assert all(len(own) == 28 for own in alike)
    assert sum(any(one.is_found for one in own) for own in alike) <= 3


def test_without_the_correction_these_studies_would_find_several(alike):
    """The negative control: each p at 5 %."""
    every = [one for own in alike for one in own]
    assert sum(one.p <= 0.05 for one in every) >= sum(one.is_found for one in every) + 4


def test_an_arm_that_is_far_worse_is_found_and_said():
    grid = Grid(world=SMALL, arms=5, rates=(0.1, 0.2), planted=(-0.1, -0.1))
    found = [told(grid, number) for number in range(3)]
    assert all(one.is_said and one.found > 0.9 for one in found)

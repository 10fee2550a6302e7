from collections import Counter
from dataclasses import replace

import pytest

from analysis.methods import condition_of
from orchestrator.planning.controls import control_of, controlled_blocks
from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS, RANDOM, Arm
from orchestrator.planning.seeds import first_seeds
from trainables.errors import UsageError
from trainables.learners.pretrained import named_model
from trainables.selection.lookup import selector_evidence
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS


def specs(grid):
    names = {name for block in grid.blocks for name in block.datasets}
    return expand(grid, {name: f"sha of {name}" for name in names}, named_model(grid.model))


@pytest.mark.parametrize(
    ("grid", "baselines", "pruned"),
    [
        ("demo", 5, 120),
        ("paper", 6, 66),
        ("full", 15, 675),
        ("signals", 5, 1170),
        ("scaling", 5, 60),
        ("images", 3, 72),
        ("sft", 3, 36),
    ],
)
def test_a_grid_has_as_many_trials_as_it_says(grid, baselines, pruned):
    counted = Counter(spec.is_baseline for spec in specs(GRIDS[grid]))
    assert (counted[True], counted[False]) == (baselines, pruned)


@pytest.mark.parametrize("grid", GRIDS)
def test_every_grid_has_each_baseline_once_and_before_what_forks_from_it(grid):
    found = specs(GRIDS[grid])
    full = [spec for spec in found if spec.is_baseline]
    assert found[: len(full)] == full
    assert len({spec.run_key for spec in found}) == len(full)


@pytest.mark.parametrize("grid", GRIDS)
def test_no_grid_has_a_trial_twice(grid):
    found = specs(GRIDS[grid])
    assert len({spec.result_key for spec in found}) == len(found)


def is_controlled(grid):
    """Whether each pruned trial has its twin, alike in all but what chooses single rows."""
    found = [spec for spec in specs(grid) if not spec.is_baseline]
    blank = {"signal": "random", "settings": (), "signal_sha": "", "prune": "low"}
    plain = {"selector": "global", "selector_settings": ()}
    return {
        replace(spec, **blank, **(plain if spec.selector == "beta" else {})) for spec in found
    } <= set(found)


CUTS = [
    *((name, ()) for name in SELECTORS),
    ("coverage", (("cutoff", 0.2), ("cutoff_by", "aum"))),
    ("tests.orchestrator.planning.test_grids:keep_likely", ()),
]


def keep_likely(scores, labels, rate, ties, probs):
    """A selector of the user's own, which looks at rows as it likes."""


@pytest.mark.parametrize(("selector", "settings"), CUTS)
def test_random_beside_an_arm_is_cut_alike_unless_the_selector_looks_at_rows(selector, settings):
    """By beta, or less the hardest by AUM, random scores would not be rows drawn by lot."""
    of_rows = selector_evidence(selector, settings) - {"labels", "class_recall"}
    looks = any(not name.startswith("validation_") for name in of_rows)
    beside = control_of(Arm(signal="el2n", selector=selector, selector_settings=settings))
    assert beside == (RANDOM if looks else replace(beside, selector=selector))
    assert beside.selector_settings == (() if looks else settings)


def test_random_scores_for_an_own_selector_that_looks_at_rows_are_refused():
    arm = Arm(signal="random", selector="tests.orchestrator.planning.test_grids:keep_likely")
    block = replace(GRIDS["signals"].blocks[0], arms=(arm,))
    with pytest.raises(UsageError, match="keep_likely is no random pruning"):
        specs(replace(GRIDS["signals"], blocks=(block,)))


def test_random_rows_of_a_selector_that_looks_at_them_are_a_method_with_a_control():
    grid = replace(GRIDS["signals"], blocks=(
        replace(GRIDS["signals"].blocks[0], arms=(Arm(signal="random", selector="beta"),)),
    ))  # fmt: skip
    arms = controlled_blocks(grid)[0].arms
    assert [(arm.signal, arm.selector) for arm in arms] == [
        ("random", "beta"),
        ("random", "global"),
    ]
    told = {
        condition_of(spec).selector: condition_of(spec).is_control
        for spec in specs(grid)
        if spec.rate
    }
    assert told == {"beta": False, "global": True}


@pytest.mark.parametrize("grid", GRIDS)
def test_every_grid_but_the_studys_has_random_beside_every_arm_cut_alike(grid):
    assert is_controlled(GRIDS[grid]) == (grid != "paper")


@pytest.mark.parametrize("grid", GRIDS)
def test_a_control_asked_for_is_in_every_grid(grid):
    assert is_controlled(replace(GRIDS[grid], control=True))


@pytest.mark.parametrize("grid", GRIDS)
def test_a_control_not_wanted_is_in_no_grid_and_nothing_else_goes_with_it(grid):
    bare = specs(replace(GRIDS[grid], control=False))
    full = specs(replace(GRIDS[grid], control=True))
    assert bare == [spec for spec in full if spec.signal != "random"]


def test_the_studys_grid_is_54_matched_runs_and_12_of_its_selector_figure():
    found = [spec for spec in specs(GRIDS["paper"]) if not spec.is_baseline]
    assert Counter(spec.warmup == 0.1 for spec in found) == {False: 54, True: 12}
    selectors = {spec.selector for spec in found if spec.warmup == 0.1}
    assert selectors == {"global", "stratified"}


def test_a_longer_sweep_begins_with_the_seeds_of_a_shorter_one():
    assert all(first_seeds(12)[:n] == first_seeds(n) for n in range(12))
    assert len(set(first_seeds(40))) == 40


def test_the_control_needs_nothing():
    assert RANDOM.settings == ()


def test_the_grid_of_signals_has_every_affordable_one_by_its_own_cut_and_by_class():
    arms = {(s.signal, s.selector) for s in specs(GRIDS["signals"]) if not s.is_baseline}
    lacks = {"random", "perplexity", "delta_loss"}  # of the control, and of language models
    affordable = [name for name, row in SIGNALS.items() if row.affordable and name not in lacks]
    own = {(n, s) for n in affordable for s in (SIGNALS[n].selector, "stratified")}
    assert arms == own | {("random", selector) for _, selector in own if selector != "beta"}


def test_the_grid_of_signals_prunes_both_ends_where_the_literature_differs():
    both = {s.signal for s in specs(GRIDS["signals"]) if s.prune == "high"}
    differ = {name for name, row in SIGNALS.items() if row.both_ways and row.affordable}
    assert both == differ - {"perplexity", "delta_loss"}

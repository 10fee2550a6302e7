from dataclasses import replace

import numpy as np

from analysis.run_files import Plan
from benchmarks.paired_runs import FULL as MADE
from benchmarks.paired_runs import World, ladders, rows
from orchestrator.planning.judging import Judging
from orchestrator.terminal.so_far import so_far
from trainables.result import TrialResult
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="imdb", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1
)
PRUNED = replace(FULL, warmup=0.15, signal="random", selector="global", rate=0.1)
SEEDS = (1, 2, 3)
PLAN = Plan(
    tolerance=1.0, specs=tuple(replace(one, seed=s) for one in (FULL, PRUNED) for s in SEEDS)
)


def row(spec, right):
    bits = np.packbits(np.arange(10_000) < right).tobytes()
    counts = {"class_counts": (60, 40), "class_names": ("a", "b"), "test_counts": (6000, 4000)}
    return TrialResult(spec=spec, accuracy=right / 10_000, correct=bits, n_test=10_000, **counts)


def seen(seeds, plan=PLAN):
    ended = [
        row(replace(spec, seed=seed), right + seed)
        for seed in seeds
        for spec, right in ((FULL, 9000), (PRUNED, 8990))
    ]
    return so_far(Judging(plan=plan).study(ended, plan))


def test_what_leads_is_told_with_its_interval_and_how_many_of_its_seeds_ran():
    ((what, shows),) = seen(SEEDS[:2])
    assert what == "imdb: 10% removed at random"
    assert shows.startswith("−0.10 points, likely ") and shows.endswith(", 2 of 3 seeds")


def test_what_is_safe_is_not_said_of_seeds_that_have_not_all_run():
    said = " ".join(word for line in seen(SEEDS) for word in line)
    assert not any(word in said for word in ("Drop", "safe", "holds", "✓", "within"))


def test_nothing_leads_before_a_pair_is_whole():
    study = Judging(plan=PLAN).study([row(FULL, 9000)], PLAN)
    assert so_far(study) == (("imdb: no cut has a finished pair yet", ""),)


def test_fresh_seeds_are_counted_and_not_looked_at_before_all_have_run():
    (random, *_), (cut, *_) = ladders(2, (0.3,), control=True)
    fixed = replace(cut, protocol="restart", scored_by=(0, 1, 2))
    world, rng = World(n=4000, run_sd=0.001, likeness=0.95), np.random.default_rng(0)
    searched = rows(rng, world, [(random, -0.04), (cut, 0.0)], (0, 1, 2))
    fresh = rows(rng, world, [(fixed, 0.0)], (901, 902))
    listed = tuple(
        replace(one, seed=seed) for seed in (901, 902, 903) for one in (fixed.baseline, fixed)
    )
    plan = Plan(tolerance=1.0, candidates={MADE.data_sha: 2}, specs=listed)
    found = [
        one if one.spec.kind != "fixed" else replace(one, kept_sha="list")
        for one in (*searched, *fresh)
    ]
    ((what, shows),) = so_far(Judging(plan=plan).study(found, plan))
    assert what.endswith("30% removed by made:signal_00")
    assert shows == "being confirmed, 2 of 3 seeds"

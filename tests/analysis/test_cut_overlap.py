"""What the cuts of several seeds have in common, held against sets and against chance."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from analysis.cut_overlap import overlap_rows, overlaps
from analysis.dropped_samples import Dropped, SharedCuts, joined
from analysis.methods import condition_of
from analysis.page.cause_words import overlap_text
from analysis.study import study
from orchestrator.execution.compared_cuts import shared_cuts

N, RATE = 2000, 0.3


def cut_at_random(seeds):
    return {seed: np.random.default_rng(seed).permutation(N)[: round(RATE * N)] for seed in seeds}


@pytest.fixture
def made(paired, pruned):
    def make(by_seed):
        gone = {pruned(seed, RATE): rows for seed, rows in by_seed.items()}
        rows = paired([0.0] * max(by_seed), rate=RATE)
        return study(rows, dropped=Dropped(shared=tuple(shared_cuts(gone))))

    return make


def test_the_overlap_is_that_of_the_sets(made, pruned):
    by_seed = {
        seed: rows[: len(rows) - 50 * seed] for seed, rows in cut_at_random((1, 2, 3)).items()
    }
    one = overlaps(made(by_seed))[condition_of(pruned(1, RATE))]
    sets = [(set(by_seed[a]), set(by_seed[b])) for a, b in combinations(by_seed, 2)]
    jaccard = [len(a & b) / len(a | b) for a, b in sets]
    assert one.jaccard == pytest.approx(np.mean(jaccard))
    assert (one.jaccard_least, one.jaccard_most) == pytest.approx((min(jaccard), max(jaccard)))
    shared = [(len(a & b) / len(a) + len(a & b) / len(b)) / 2 for a, b in sets]
    assert one.shared_share == pytest.approx(np.mean(shared), abs=2e-3)
    assert one.n_pairs == 3


def test_rows_drawn_by_lot_have_in_common_what_chance_says(made, pruned):
    one = overlaps(made(cut_at_random(range(1, 9))))[condition_of(pruned(1, RATE))]
    assert one.jaccard == pytest.approx(one.chance_jaccard, abs=0.01)
    assert one.shared_share == pytest.approx(one.chance_share, abs=0.01)
    assert one.chance_jaccard == pytest.approx(RATE / (2 - RATE))
    assert "drawn by lot it would be 30%" in overlap_text(one)


def test_cuts_that_are_the_same_are_said_to_say_nothing_of_the_choice(made):
    rows = cut_at_random([1])[1]
    (row,) = overlap_rows(made({1: rows, 2: rows[::-1]}))
    assert row["jaccard"] == 1
    assert "do not depend on the seed" in overlap_text(overlaps(made({1: rows, 2: rows}))[
        next(iter(overlaps(made({1: rows, 2: rows}))))
    ])  # fmt: skip


def test_one_seed_and_one_list_have_no_overlap(made, pruned):
    assert [*overlap_rows(made(cut_at_random([1])))] == []
    rows = cut_at_random([1])[1]
    fixed = [replace(pruned(s, RATE), protocol="restart", scored_by=(1, 2)) for s in (7, 8)]
    assert shared_cuts(dict.fromkeys(fixed, rows)) == []


def test_counts_of_two_runs_are_pooled(pruned):
    spec = pruned(1, RATE)
    parts = [
        Dropped(shared=(SharedCuts(spec=spec, removed={a: 10, b: 10}, common=((a, b, n),)),))
        for a, b, n in ((1, 2, 10), (3, 4, 0))
    ]
    (one,) = overlaps(study([], dropped=joined(parts))).values()
    assert (one.n_pairs, one.shared_share) == (2, 0.5)


def test_what_is_written_is_read_back(pruned):
    gone = {pruned(seed, RATE): rows for seed, rows in cut_at_random((1, 2)).items()}
    written = Dropped(shared=tuple(shared_cuts(gone)))
    assert Dropped.from_json(written.to_json()) == written

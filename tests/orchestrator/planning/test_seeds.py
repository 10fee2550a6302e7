from dataclasses import fields, replace

import pytest

from orchestrator.planning.seeds import once_a_seed, with_seeds
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec

FULL = TrialSpec(dataset="d", data_sha="d", model="tiny", model_sha="m", learner="tiny", seed=1)
PRUNED = replace(FULL, warmup=0.15, signal="el2n", selector="global", rate=0.1)
KEYS = ("run_key", "warm_key", "score_key", "result_key", "curve_key")


def written(spec):
    return {f.name: getattr(spec, f.name) for f in fields(spec)}


def test_trials_by_other_seeds_are_as_if_each_had_been_made_by_itself():
    assert len({getattr(PRUNED, key) for key in KEYS}) == len(
        KEYS
    )  # What a copy must not take along.
    baselines = [replace(FULL, seed=seed) for seed in (1, 2, 3)]
    made = list(with_seeds([PRUNED], baselines))
    checked = [spec for one in baselines for spec in (one, replace(PRUNED, seed=one.seed))]
    assert list(map(written, made)) == list(map(written, checked))
    assert [[getattr(one, key) for key in KEYS] for one in made] == [
        [getattr(one, key) for key in KEYS] for one in checked
    ]


def test_trials_that_differ_in_their_seed_alone_are_one():
    each = [replace(one, seed=seed) for seed in (1, 2) for one in (FULL, PRUNED)]
    assert once_a_seed(each) == each[:2]


@pytest.mark.parametrize("value", [True, 1.0])
def test_settings_of_two_types_are_two_settings(value):
    one, other = (replace(PRUNED, settings=(("k", k),)) for k in (1, value))
    assert len(once_a_seed([one, other])) == 2
    assert type(resolve(one).settings["k"]) is int
    assert type(resolve(other).settings["k"]) is type(value)

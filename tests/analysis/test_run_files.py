"""Plans as they are written and read."""

import json
from dataclasses import replace

import pytest

from analysis.merged_plans import merged
from analysis.run_files import Plan, load_plan
from trainables.errors import DamagedError, DataError

# As written since the first release: fields and their order, blanks and line ends.
WRITTEN = """{
 "adaptive": false,
 "candidates": {},
 "command": "python -m orchestrator.sweep --grid demo",
 "created": "2026-11-29T09:05:29+00:00",
 "environment": {
  "numpy": "2.4.6",
  "threads": "1"
 },
 "grid": "demo",
 "limited": true,
 "notes": [
  "synthetic: limited"
 ],
 "specs": [
  {
   "budget": "epochs",
   "data_sha": "d193",
   "dataset": "synthetic",
   "learner": "tiny",
   "model": "tiny",
   "model_sha": "tiny",
   "protocol": "continue",
   "prune": "low",
   "rate": 0.0,
   "scored_by": [],
   "seed": 11,
   "selector": "",
   "selector_settings": {},
   "selector_sha": "",
   "settings": {},
   "signal": "",
   "signal_sha": "",
   "training": {
    "batch_size": 16,
    "clip_norm": 1.0,
    "epochs": 2,
    "lr": 0.001,
    "lr_warmup": 0.1,
    "max_length": 64,
    "precision": "fp32",
    "weight_decay": 0.01
   },
   "warmup": 0.0
  }
 ],
 "tolerance_pp": 1.0
}"""


def test_a_plan_comes_back_as_it_was_written(pruned):
    plan = Plan(
        grid="demo",
        command="sweep --grid démo",
        specs=(pruned(1), pruned(2)),
        created="2026-01-01T00:00:00+00:00",
        tolerance=2.0,
        limited=True,
        environment={"torch": "2.13.0"},
        notes=("one", "two"),
        adaptive=True,
        candidates={"d": 3},
        tuned={"d": 8.0},
        leaked={"d": b"\xf0\x01"},
        altered={"d": ("10% of labels flipped", "40 of 400 labels were flipped")},
        earlier={"d": 2},
    )
    assert Plan.from_json(plan.to_json()) == plan


def test_the_format_of_a_plan_has_not_changed_but_for_what_was_added():
    plan = Plan.from_json(WRITTEN)
    assert (plan.grid, plan.limited, plan.specs[0].seed) == ("demo", True, 11)
    written = json.loads(WRITTEN)
    written["tolerance"] = written.pop("tolerance_pp")
    written |= {"common": written["specs"][0], "specs": [{}]}
    found = json.loads(plan.to_json())
    assert len(found.pop("check")) == 64
    assert found == written | {
        "schema_version": 5,
        "spec_version": 8,
        "tuned": {},
        "sources": {},
        "leaked": {},
        "altered": {},
        "earlier": {},
        "subsets": {},
        "metric": "accuracy",
        "guards": [],
        "group_column": "",
    }


@pytest.mark.parametrize(
    "written",
    [{"leaked": {"d": "no base64"}}, {"leaked": {"d": "AAAA"}}, {"altered": {"d": "one"}}],
)
def test_bits_and_words_that_are_none_are_refused(written):
    with pytest.raises(DataError, match="not a plan"):
        Plan.from_json(json.dumps({"specs": [], **written}))


def test_plans_read_as_one_keep_what_each_knows_of_its_data():
    one = Plan(leaked={"d": b"\x01"}, altered={"d": ("a", "b")})
    both = merged([one, Plan(leaked={"e": b"\x02"})])
    assert both.leaked == {"d": b"\x01", "e": b"\x02"} and both.altered == {"d": ("a", "b")}


def test_a_plan_of_specs_alone_is_read(pruned):
    assert Plan.from_json(json.dumps({"specs": [pruned().to_dict()]})).specs == (pruned(),)


def test_a_plan_names_once_what_most_of_its_trials_share(pruned):
    one = replace(pruned(1), settings=(("k", 1),))
    other = replace(one, seed=2, settings=(("k", True),), min_per_class=3, protected=("b",))
    plan = Plan(specs=(one.baseline, one, other))
    written = json.loads(plan.to_json())
    assert set(written["specs"][2]) == {"seed", "settings", "min_per_class", "protected"}
    read = Plan.from_json(plan.to_json()).specs
    assert [spec.to_dict() for spec in read] == [spec.to_dict() for spec in plan.specs]
    assert read[1].settings[0][1] is not True and read[2].settings[0][1] is True


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"{", b"[]", b"{}", b'{"specs": [1]}', b'{"notes": 1}']
)
def test_a_damaged_plan_is_refused_by_name(tmp_path, data):
    (tmp_path / "plan.json").write_bytes(data)
    with pytest.raises(DataError, match=r"plan\.json: "):
        load_plan(tmp_path)


def test_a_plan_written_before_there_were_confirmations_is_read():
    old = json.loads(WRITTEN)
    del old["candidates"], old["specs"][0]["scored_by"]
    assert Plan.from_json(json.dumps(old)) == Plan.from_json(WRITTEN)


def test_plans_read_as_one_count_every_cut_once_that_could_be_chosen(pruned):
    one = Plan(specs=(pruned(1), pruned(2)), candidates={"d" * 64: 1, "b": 6})
    other = Plan(specs=(pruned(1), pruned(1, rate=0.3)), candidates={"d" * 64: 2})
    assert merged([one, one]).candidates == {"d" * 64: 1, "b": 6}
    assert merged([one, other]).candidates == {"d" * 64: 2, "b": 6}
    assert merged([Plan(specs=(pruned(),)), Plan()]).candidates == {}


def test_the_plan_of_another_run_is_refused_beside_rows_it_has_not(tmp_path, pruned):
    mine, others = Plan(specs=(pruned(11), pruned(17))), Plan(specs=(pruned(23),))
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / f"{pruned(11).result_key}.json").touch()
    (tmp_path / "plan.json").write_text(mine.to_json())
    assert load_plan(tmp_path) == mine
    (tmp_path / "plan.json").write_text(others.to_json())
    with pytest.raises(DamagedError, match="not the plan of this run: 1 of 1 rows"):
        load_plan(tmp_path)

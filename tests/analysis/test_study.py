import json

import pytest

from analysis.guards import criterion_of
from analysis.merged_plans import merged
from analysis.run_files import load_plan
from analysis.study import study


def write_plan(run, specs, **more):
    plan = {"grid": "demo", "specs": [spec.to_dict() for spec in specs], "tolerance_pp": 2.0}
    (run / "plan.json").write_text(json.dumps({**plan, **more}))


def test_a_plan_is_read_as_it_was_written(tmp_path, pruned):
    write_plan(tmp_path, [pruned()], command="sweep", notes=["short"], limited=True)
    plan = load_plan(tmp_path)
    assert plan.specs == (pruned(),)
    assert (plan.grid, plan.command, plan.notes, plan.limited) == (
        "demo",
        "sweep",
        ("short",),
        True,
    )


def test_a_run_without_a_plan_has_none(tmp_path):
    assert load_plan(tmp_path) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"specs": [1]}', '{"specs": [{"rate": 0.1}]}'])
def test_a_broken_plan_is_refused_by_name(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(ValueError, match=r"plan\.json: not a plan"):
        load_plan(tmp_path)


def test_the_plan_gives_the_tolerance_unless_another_is_asked_for(tmp_path, paired, pruned):
    write_plan(tmp_path, [pruned()])
    plan, rows = load_plan(tmp_path), paired([-1.2, -1.3, -1.1, -1.2, -1.2])
    assert study(rows, plan).rows[0].verdict.verdict == "within"
    assert (
        study(rows, plan, by=criterion_of(tolerance=1.0)).rows[0].verdict.verdict == "inconclusive"
    )


def test_random_is_named_last(small_run):
    assert list(study(small_run).methods.values())[-1] == "Random (global)"


def test_plans_of_several_runs_are_joined(tmp_path, pruned):
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        write_plan(tmp_path / name, [pruned(seed)], grid=name)
    plan = merged(load_plan(tmp_path / name) for name in ("a", "b"))
    assert plan.grid == "a + b" and len(plan.specs) == 2

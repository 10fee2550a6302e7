from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from analysis.run_files import Plan
from orchestrator.planning.judging import Judging
from orchestrator.planning.tasks import Task
from orchestrator.terminal import panel as module
from orchestrator.terminal.panel import Panel
from trainables.result import TrialResult
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="[bug]", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1
)
PRUNED = replace(FULL, warmup=0.15, signal="random", selector="global", rate=0.1)


def task(spec, kind):
    return Task(kind=kind, spec=spec, makes=(("result", spec.result_key),), cost=100.0)


def row(spec, right):
    bits = np.packbits(np.arange(10_000) < right).tobytes()
    return TrialResult(spec=spec, accuracy=right / 10_000, correct=bits, n_test=10_000)


@pytest.fixture
def panel(monkeypatch):
    monkeypatch.setattr(module, "_JUDGE_EVERY_S", 0.0)
    return lambda width=120: Panel(
        Console(width=width, file=StringIO(), markup=False), Judging(plan=Plan(tolerance=1.0))
    )


def drawn(panel):
    panel._console.print(panel)
    return panel._console.file.getvalue()


def test_bars_count_by_kind_and_what_runs_is_named(panel):
    seen = panel()
    seen.set_tasks([task(FULL, "baseline"), task(PRUNED, "trial")])
    seen.begin_task("a", task(FULL, "baseline"))
    text = drawn(seen)
    assert "full runs" in text and "0/1" in text and "scores" not in text
    assert "full run: [bug] full s1" in text


def test_verdicts_appear_as_pairs_finish(panel):
    seen = panel()
    for seed in (1, 2, 3):
        for spec, right in ((FULL, 9000), (PRUNED, 8990 + seed)):
            seen.add_row(row(replace(spec, seed=seed), right))
    assert "✓ -0.08" in drawn(seen)


def test_the_time_left_is_said_after_three_trials_by_the_work_that_is_left(panel, monkeypatch):
    seen = panel()
    tasks = [task(replace(FULL, seed=seed), "baseline") for seed in range(4)]
    seen.set_tasks(tasks)
    for ended in tasks[:2]:
        seen.end_task("a", ended)
    assert seen.left_s() is None and "…" in drawn(seen)
    seen.end_task("a", tasks[2])
    monkeypatch.setattr(module.time, "monotonic", lambda: seen._began + 300)
    assert seen.left_s() == pytest.approx(100)
    assert "about 2 min left" in drawn(seen)


def test_a_narrow_terminal_has_bars_alone(panel):
    seen = panel(60)
    seen.set_tasks([task(FULL, "baseline")])
    seen.begin_task("a", task(FULL, "baseline"))
    assert "[bug]" not in drawn(seen) and "full runs" in drawn(seen)


def test_what_was_done_before_pairs_with_what_finishes_now(monkeypatch):
    monkeypatch.setattr(module, "_JUDGE_EVERY_S", 0.0)
    before = [row(replace(FULL, seed=seed), 9000) for seed in (1, 2, 3)]
    seen = Panel(Console(width=120, file=StringIO(), markup=False), Judging(), before)
    for seed in (1, 2, 3):
        seen.add_row(row(replace(PRUNED, seed=seed), 8990 + seed))
    assert "✓ -0.08" in drawn(seen)


def test_data_made_ready_is_named_in_full(panel):
    seen = panel()
    seen.begin_task("a", task(FULL, "prepare"))
    assert "data: [bug]" in drawn(seen)

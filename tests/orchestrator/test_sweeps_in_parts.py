"""Sweeps that decide as they go (seeds, confirmation, training), stopped and gone on with."""

import json
import os
import signal
from dataclasses import asdict

import numpy as np
import pytest
from pyarrow.parquet import read_table
from typer.testing import CliRunner

from analysis.run_files import read_curves
from orchestrator.__main__ import app
from orchestrator.planning.seeds import FRESH_SEEDS
from tests.sweeps import SMALL, printed_in, refs, rows_of, started, sweep, sweep_here, wait_until
from trainables.learners import LEARNERS


@pytest.mark.slow
def test_seeds_are_bought_in_one_sweep_and_the_same_again(tmp_path):
    few = ["--rate", "0.1", "--signal", "redundancy", "--signal", "random", "--epochs", "3"]
    asked = [*SMALL[:8], *few, "--seeds", "adaptive", "--null", "--tolerance", "4", "--no-confirm"]
    whole = sweep(tmp_path, *asked, "--run", "whole", "--cache", "one", timeout=600)
    assert whole.returncode == 0
    assert "adaptive: 3 seeds each" in whole.stdout
    assert "is not decided" in whole.stdout
    bought = rows_of(tmp_path / "whole")
    assert 3 * (1 + 1 + 2) < len(bought) < 12 * (1 + 1 + 2)
    plan = json.loads((tmp_path / "whole/plan.json").read_text())
    assert plan["adaptive"] and len(plan["specs"]) == len(bought)
    parts = ["--run", "parts", "--cache", "two"]
    assert sweep(tmp_path, *asked, *parts, "--max-trials", "14").returncode == 3
    assert len(rows_of(tmp_path / "parts")) == 14
    assert sweep(tmp_path, *asked, *parts, timeout=600).returncode == 0
    assert rows_of(tmp_path / "parts") == bought
    assert "nothing to do" in sweep_here(tmp_path, *asked, *parts)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", ["3", "adaptive"])
def test_a_confirmation_is_run_when_the_search_has_ended_and_stopped_and_gone_on_with(
    tmp_path, seeds
):
    arms = ["--rate", "0.1", "--signal", "keep_one:stratified", "--tolerance", "6"]
    asked = [*SMALL[:8], *arms, "--epochs", "8", "--seeds", seeds]
    whole = sweep(tmp_path, *asked, "--run", "whole", "--cache", "one", timeout=600)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "at most 15 more trials" in whole.stdout
    assert "one list scored by seeds 11 17 23" in whole.stdout
    found = rows_of(tmp_path / "whole")
    listed = [row for row in found.values() if row.spec.kind == "fixed"]
    chosen = [row for row in listed if row.spec.shares_list]
    assert [row.spec.seed for row in sorted(chosen, key=lambda row: row.spec.seed)] == [
        *FRESH_SEEDS
    ]
    (sha,) = {row.kept_sha for row in chosen}
    kept = read_table(tmp_path / f"whole/survivors/{sha[:12]}.parquet")
    assert len(kept) == sum(chosen[0].kept_counts) and kept["row"].to_pylist() == sorted(
        kept["row"].to_pylist()
    )
    assert len({row.kept_sha for row in listed}) == 1 + 5 * (len(listed) > 5)
    assert "new seeds that had no part in choosing" in whole.stdout
    parts = ["--run", "parts", "--cache", "two"]
    searched = len(found) - len(listed) - 5
    # Before the choice, where the search ends, and between the choice and the end. Seeds that are bought
    # are stopped by the test before, so here between the choice and the end alone.
    for trials in (searched - 2, 2, 5) if seeds == "3" else (searched + 5,):
        part = sweep(tmp_path, *asked, *parts, "--max-trials", str(trials))
        assert part.returncode == 3 and f"stopped at --max-trials {trials}" in part.stdout
        assert "the same command goes on from here" in part.stdout
        assert "failed" not in part.stdout
    ended = sweep(tmp_path, *asked, *parts, timeout=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert rows_of(tmp_path / "parts") == found
    assert "nothing to do" in sweep_here(tmp_path, *asked, *parts)


def searched_in(run):
    """What a search made, less the clock, and the training that the trials then used."""
    curves = read_curves(run)
    plan = json.loads((run / "plan.json").read_text())
    (training,) = {json.dumps((plan["common"] | spec)["training"]) for spec in plan["specs"]}
    return [(c.spec, c.epochs, c.right) for c in curves], json.loads(training)


@pytest.mark.slow
def test_a_search_for_the_training_killed_and_gone_on_with_chooses_the_same(tmp_path):
    few = ["--rate", "0.3", "--signal", "random", "--seeds", "2", "--no-confirm", "--tune"]
    asked = ["--dataset", "synthetic:300", "--model", "linear", "--limit-test", "200", *few]
    whole = sweep(tmp_path, *asked, "--run", "whole", "--cache", "one")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "searched before the first trial" in whole.stdout
    assert "(searched)" in whole.stdout
    curves, training = searched_in(tmp_path / "whole")
    # The best on the held-out rows, or the start, which comes close to it.
    (used,) = [accuracy_of(c) for c in curves if asdict(c[0].training) == training]
    is_start = training == asdict(LEARNERS["linear"].training)
    assert used == max(map(accuracy_of, curves)) or is_start
    page = (tmp_path / "whole/report.html").read_text()
    assert f"The search made {len(curves)} runs" in page

    asked += ["--run", "runs/parts", "--cache", "runs/_cache"]
    short = sweep(tmp_path, *asked, "--max-gpu-hours", "0.000001")
    assert short.returncode == 3, short.stdout + short.stderr
    assert "stopped at --max-gpu-hours 1e-06" in short.stdout
    assert "the training of synthetic:300 is not chosen yet" in short.stdout
    told = CliRunner().invoke(app, ["status", str(tmp_path / "runs/parts")])
    assert "its training is being searched" in told.stdout, told.output
    for sent, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        with started(tmp_path, *asked) as driver:
            before = refs(tmp_path)["curve"]
            wait_until(lambda n=before: refs(tmp_path)["curve"] >= n + 2, driver, tmp_path)
            os.killpg(driver.pid, sent) if code < 0 else driver.send_signal(sent)
            assert driver.wait(120) == code, printed_in(tmp_path)
    assert refs(tmp_path)["curve"] < len(curves), "it was not stopped within the search"
    ended = sweep(tmp_path, *asked, "--max-trials-at-once", "1")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert searched_in(tmp_path / "runs/parts") == (curves, training)
    assert rows_of(tmp_path / "runs/parts") == rows_of(tmp_path / "whole")
    assert "nothing to do" in sweep_here(tmp_path, *asked)


def accuracy_of(curve):
    _, epochs, right = curve
    bits = np.unpackbits(np.frombuffer(right, np.uint8))
    n = 100  # a third of 300 rows
    return bits[: len(epochs) * n].reshape(len(epochs), n)[-1].mean()

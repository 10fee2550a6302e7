"""Whole sweeps as a user starts them, through Ray, on a head over made text."""

import json
import os
import signal
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from tests.faults import small_disk
from tests.sweeps import (
    IMPATIENT,
    SMALL,
    found_in,
    kill_in,
    printed_in,
    refs,
    rows,
    started,
    sweep,
    sweep_here,
    wait_for_results,
    wait_until,
    wait_until_none,
)
from trainables.records import read_parquet
from trainables.spec import TrialSpec


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """A sweep nobody disturbed: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("calm")
    ended = sweep(folder, *SMALL)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder, ended.stdout


@pytest.mark.slow
def test_a_sweep_ends_in_a_report_a_table_and_verdicts(calm):
    folder, printed = calm
    (run,) = [path for path in (folder / "runs").iterdir() if path.name != "_cache"]
    assert "<html" in (run / "report.html").read_text()[:200]
    assert len(read_parquet(run / "trials.parquet")) == 14
    assert "14 of 14 trials have a result" in printed
    assert "full-data runs, accuracy" in printed
    assert (run / "envelope.csv").read_text().count("\n") == 1 + 6


@pytest.mark.slow
def test_one_baseline_a_seed_and_one_scoring_a_signal_are_made(calm):
    made = refs(calm[0])
    assert made["result"] == 2 + 12
    assert made["warm"] == 2
    assert made["scores"] == 2 * 3
    assert (made["data"], made["tokens"], made["features"]) == (1, 1, 1)


@pytest.mark.slow
def test_no_chatter_of_ray_reaches_the_user(calm):
    ours = ("starting Ray on ", "Ray is there, ")
    lines = [line for line in calm[1].splitlines() if not any(words in line for words in ours)]
    assert "ray" not in "".join(lines).lower().replace("array", "")


@pytest.mark.slow
def test_the_driver_keeps_no_means_of_the_numbers_of_tasks_that_ended(calm):
    (run,) = [path for path in (calm[0] / "runs").iterdir() if path.name != "_cache"]
    (notes,) = run.glob("ray/experiment_state-*.json")
    kept = [json.loads(told) for _, told in json.loads(notes.read_text())["trial_data"]]
    assert len(kept) > 14 and all(one["last_result"] for one in kept)
    assert not any(one["metric_analysis"] or one["metric_n_steps"] for one in kept)


@pytest.mark.slow
def test_json_rows_are_what_the_table_is_made_of(calm):
    (run,) = [path for path in (calm[0] / "runs").iterdir() if path.name != "_cache"]
    plan = json.loads((run / "plan.json").read_text())
    assert len(plan["specs"]) == len(list((run / "trials").glob("*.json")))


@pytest.mark.slow
def test_who_was_dropped_is_written_beside_the_rows_and_agrees_with_them(calm):
    folder, _ = calm
    (run,) = [path for path in (folder / "runs").iterdir() if path.name != "_cache"]
    found = json.loads((run / "dropped.json").read_text())
    assert len(found["agreement"]) == 3
    assert all(
        -1 <= one["spearman"] <= 1 and 0 <= one["overlap"] <= 1 for one in found["agreement"]
    )
    by_key = rows(folder)
    lists = [(TrialSpec.from_dict(one["spec"]), one) for one in found["lists"]]
    assert {spec.result_key for spec, _ in lists} == {
        key for key, row in by_key.items() if row.spec.kind == "pruned"
    }
    (samples,) = found["samples"].values()
    for spec, one in lists:
        row = by_key[spec.result_key]
        assert one["dropped"] == sum(row.class_counts) - sum(row.kept_counts)
        assert one["dropped"] == one["survivor_kept"] == sum(one["by_class"].values())
        assert all(0 < len(samples[str(pair[0])]["text"]) <= 600 for pair in one["pairs"])
        assert not one["file"] or (run / one["file"]).is_file()


@pytest.mark.slow
def test_no_training_text_is_written_where_none_is_wanted(calm, tmp_path):
    flags = ["--no-examples", "--run", "bare", "--cache", str(calm[0] / "runs/_cache")]
    assert sweep(tmp_path, *SMALL, *flags).returncode == 0
    found = json.loads((tmp_path / "bare/dropped.json").read_text())
    assert not found["with_examples"] and found["lists"]
    (samples,) = found["samples"].values()
    assert samples and {sample["text"] for sample in samples.values()} == {""}


@pytest.mark.slow
def test_the_same_command_again_starts_nothing(calm):
    folder, _ = calm
    before = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("trials/*.json")}
    assert "nothing to do: 14 of 14 done" in sweep_here(folder, *SMALL)
    assert before == {p: p.stat().st_mtime_ns for p in (folder / "runs").rglob("trials/*.json")}


@pytest.mark.slow
def test_a_sweep_stopped_in_every_way_goes_on_and_ends_the_same(calm, tmp_path):
    # Ray's start goes on beside the driver's: stopped in its midst nothing is left of either.
    with started(tmp_path, *SMALL) as driver:
        wait_until(lambda: found_in(driver, b"/raylet/raylet"), driver, tmp_path)
        driver.send_signal(signal.SIGTERM)
        assert driver.wait(120) == 143, printed_in(tmp_path)
        wait_until_none(driver)
    for sent, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)):
        with started(tmp_path, *SMALL) as driver:
            wait_for_results(tmp_path, refs(tmp_path)["result"] + 2, driver)
            os.killpg(driver.pid, sent) if code < 0 else driver.send_signal(sent)
            assert driver.wait(120) == code, printed_in(tmp_path)
        assert bool(list(tmp_path.glob("runs/*/report.html"))) or code < 0
        assert printed_in(tmp_path).count("the same command goes on from here") >= (code > 0)
    assert printed_in(tmp_path).count(" stopping: what runs now goes on ") == 2
    done = refs(tmp_path)["result"]
    # One trial at a time from here on: how many run at once changes nothing either.
    ended = sweep(tmp_path, *SMALL, "--max-trials-at-once", "1")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(" ok trial ") <= 14 - done
    assert rows(tmp_path) == rows(calm[0])


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_the_sweep_ends_the_same(calm, tmp_path):
    with started(tmp_path, *SMALL) as driver:
        wait_for_results(tmp_path, 3, driver)
        wait_until(lambda: kill_in(driver, b"ray::ImplicitFunc"), driver, tmp_path)
        assert driver.wait(300) == 0, printed_in(tmp_path)
    assert rows(tmp_path) == rows(calm[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    # A machine that loses one of its agents ends the rest, and leaves the cluster.
    ("killed", "told"),
    [(b"ray::DashboardAgent", "no machine is left"), (b"ray/gcs/gcs_server", "does not answer")],
    ids=["machine", "head"],
)
def test_a_sweep_that_loses_its_machine_or_head_says_so_and_goes_on_another_time(
    tmp_path, killed, told
):
    with started(tmp_path, *SMALL, by=IMPATIENT) as driver:
        wait_for_results(tmp_path, 2, driver)
        done = refs(tmp_path)["result"]
        assert kill_in(driver, killed) == 1
        assert driver.wait(60) == 4, printed_in(tmp_path)
    printed = printed_in(tmp_path)
    assert told in printed
    assert printed.rstrip().endswith("the same command goes on from here")
    assert "Traceback" not in printed
    assert len(rows(tmp_path)) >= done
    assert list(tmp_path.glob("runs/*/report.html"))


def test_a_search_that_ended_as_it_was_stopped_starts_no_trial(here, monkeypatch):
    """Ctrl-C while the last run of the search commits."""
    begun = []

    def ends(sweep, console):
        return replace(sweep, searches=()), 130, ""

    monkeypatch.setattr("orchestrator.execution.run_search.run_search", ends)
    monkeypatch.setattr("orchestrator.sweep.run_and_report", lambda *_, **__: begun.append(1))
    ended = here("--dataset", "synthetic:300", "--model", "linear", "--limit-test", "200")
    assert (ended.exit_code, begun) == (130, [])
    assert "the same command goes on from here" in ended.stdout


@pytest.mark.slow
def test_trials_that_fail_are_rows_and_are_named_at_the_end(tmp_path):
    ended = sweep(tmp_path, *SMALL, "--lr", "1e38", "--seeds", "1")
    assert ended.returncode == 3, ended.stdout + ended.stderr
    failed = list(rows(tmp_path).values())
    assert len(failed) == 7
    assert not any(row.is_ok for row in failed)
    assert "7 of 7" not in ended.stdout
    assert "the loss is" in ended.stdout
    assert "not run: baseline failed: the loss is" in ended.stdout


@pytest.mark.slow
def test_a_run_whose_trials_are_all_done_elsewhere_has_its_rows_and_report(calm, tmp_path):
    folder, printed = calm
    again = sweep_here(folder, *SMALL, "--run", str(tmp_path / "again"))
    assert len(list((tmp_path / "again" / "trials").glob("*.json"))) == 14
    table = printed[printed.index("┏") : printed.index("done in")]
    # The next command names the run's own folder.
    told = [line for line in table.splitlines() if "prune-envelope sweep" not in line]
    assert [line for line in told if line not in again.splitlines()] == []


@pytest.mark.slow
def test_a_full_disk_under_a_runs_folder_is_named_and_room_mends_all(calm, tmp_path):
    """Full at the plan, at the rows, at the table, at the page."""
    cache = ["--cache", str(calm[0] / "runs/_cache")]
    with small_disk(tmp_path / "disk", 12) as disk:
        for free_kib in (0, 40, 120, 1000):
            (disk / "fill").write_bytes(bytes(12 * 2**20 - free_kib * 1024 - 8192))
            ended = CliRunner().invoke(app, ["sweep", *SMALL, "--run", str(disk / "run"), *cache])
            assert ended.exit_code == 4, ended.output
            assert f"{disk}/run" in ended.stderr and "no room to write" in ended.stderr
            assert "Traceback" not in ended.stderr
            assert not list(disk.rglob("*.tmp"))
            (disk / "fill").unlink()
        sweep_here(calm[0], *SMALL, "--run", str(disk / "run"), *cache)
        (run,) = [path for path in (calm[0] / "runs").iterdir() if path.name != "_cache"]
        for name in ("trials.parquet", "envelope.csv"):
            assert (disk / "run" / name).read_bytes() == (run / name).read_bytes()


@pytest.mark.slow
def test_a_second_run_shares_what_the_first_has_made(calm, tmp_path):
    folder, _ = calm
    more = sweep(folder, *SMALL, "--rate", "0.3", "--run", str(tmp_path / "more"))
    assert more.returncode == 0, more.stdout + more.stderr
    assert "14 already done, 6 to run" in more.stdout
    assert len(list((tmp_path / "more" / "trials").glob("*.json"))) == 20


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Runs a command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *flags: CliRunner().invoke(app, ["sweep", *flags])


def test_a_dry_run_shows_the_plan_and_starts_nothing(here, tmp_path):
    shown = here(*SMALL, "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    assert "14 trials: 2 full-data runs + 12 pruned" in shown.stdout
    assert "2 warm-ups instead of 12, 6 score sets instead of 12" in shown.stdout
    assert "0 already done, 14 to run" in shown.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("flags", "is_searched"),
    [
        (["--dataset", "synthetic:300"], True),
        (["--dataset", "synthetic:300", "--max-length", "32"], True),
        (["--dataset", "synthetic:300", "--epochs", "3"], False),
        (["--dataset", "synthetic:300", "--weight-decay", "0.3"], False),
        (["--dataset", "synthetic:300", "--epochs", "3", "--tune"], True),
        (["--dataset", "synthetic:300", "--no-tune"], False),
        (["--grid", "demo"], False),
        (["--grid", "demo", "--dataset", "synthetic:300", "--tune"], True),
    ],
)
def test_the_training_is_searched_for_data_of_ones_own_and_where_it_is_asked_for(
    here, flags, is_searched
):
    shown = here("--model", "linear", "--limit-test", "200", *flags, "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    told = " ".join(shown.stdout.split())
    assert ("searched before the first trial" in told) == is_searched
    assert ("full runs at most" in told) == is_searched
    assert ("(as set)" in told) == (not is_searched)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--tune-budget", "1"], "--tune-budget 1 is too small: the least for 20 epochs is"),
        (
            ["--tune", "--lr", "0.1", "--epochs", "3", "--weight-decay", "0"],
            "leaves nothing to search; leave one out",
        ),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_anything_runs(here, tmp_path, flags, told):
    shown = here("--dataset", "synthetic:300", "--model", "linear", *flags)
    assert shown.exit_code == 2
    assert told in " ".join(shown.stderr.split())
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("grid", "flag", "trials", "is_credited"),
    [
        ("demo", [], "125 trials: 5 full-data runs + 120 pruned", True),
        ("demo", ["--control"], "125 trials: 5 full-data runs + 120 pruned", True),
        ("demo", ["--no-control"], "85 trials: 5 full-data runs + 80 pruned", False),
        ("paper", [], "20 trials: 2 full-data runs + 18 pruned", False),
        ("paper", ["--control"], "38 trials: 2 full-data runs + 36 pruned", True),
        ("paper", ["--no-control"], "20 trials: 2 full-data runs + 18 pruned", False),
    ],
)
def test_random_runs_beside_every_signal_or_the_plan_says_what_is_lost(
    here, grid, flag, trials, is_credited
):
    small = ["--dataset", "synthetic:300", "--model", "linear", "--epochs", "20"]
    shown = here("--grid", grid, *small, *flag, "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    printed = " ".join(shown.stdout.split())
    assert trials in printed
    assert ("random global" in printed) == is_credited
    assert ("nothing can be credited to a signal" in printed) != is_credited


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--grid", "ful"], 2, "unknown grid 'ful'"),
        (["--gird", "full"], 2, "No such option"),
        (["--grid", "demo", "--rate", "10"], 2, "did you mean 0.1"),
        (["--grid", "demo", "--rate", "0.0001"], 2, "removes 0 and keeps 2,400; give rates from"),
        (["--grid", "demo", "--signal", "redudancy"], 2, "Did you mean 'redundancy'"),
        (["--grid", "demo", "--warmup", "1.5"], 2, "did you mean 0.015"),
        (["--dataset", "absent.csv", "--model", "linear"], 4, "absent.csv"),
        (["--dataset", "imbd", "--model", "linear"], 2, "Did you mean 'imdb'"),
        (["--grid", "demo", "--dataset", "data.pkl"], 6, "data.pkl"),
        ([], 2, "try --grid demo"),
    ],
)
def test_a_mistake_is_one_line_with_its_exit_code_and_starts_nothing(
    here, tmp_path, flags, code, message
):
    (tmp_path / "data.pkl").write_bytes(b"not opened")
    ended = here(*flags, "--dry-run")
    assert ended.exit_code == code, ended.output
    assert message in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "runs").exists()

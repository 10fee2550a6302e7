import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.contributions import Truth
from analysis.metrics import metric_of
from analysis.outcomes import Outcomes
from analysis.readings import Reading
from orchestrator.execution.tracking import TRACKERS, Tracker, TrackerRow, check_trackers
from orchestrator.sweep import app
from trainables.outcome import Outcome
from trainables.result import Phase, TrialResult
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="imdb", data_sha="d" * 64, model="tiny", model_sha="m" * 64, learner="text", seed=1
)
PRUNED = replace(FULL, rate=0.1, warmup=0.15, signal="random", selector="global")


def row(spec=PRUNED, **more):
    phases = {"training": Phase(seconds=2.5)}
    return TrialResult(spec=spec, accuracy=0.9, phases=phases, kept_counts=(4, 5), **more)


class Heard:
    """A logger callback that remembers, and fails from a given call on."""

    def __init__(self, failing=99):
        self.calls, self.left = [], failing

    def __getattr__(self, name):
        def call(*args, **named):
            if self.left == 0:
                raise ConnectionError("no server")
            self.left -= 1
            self.calls.append((name, args))

        return call


@pytest.fixture
def tracker(monkeypatch, tmp_path):
    def make(heard):
        monkeypatch.setitem(
            TRACKERS, "mlflow", TrackerRow("json", "mlflow", lambda run, project: heard)
        )
        return Tracker(["mlflow"], tmp_path)

    return make


def test_the_metric_that_decides_is_told_by_its_name_beside_accuracy(tracker, tmp_path):
    outcome = Outcome(columns={"loss": np.array([0.5, 1.5])})
    outcome.write(tmp_path / "outcome.parquet")
    truth = Truth(labels=np.array([0, 1]), class_names=("a", "b"))
    outcomes = Outcomes(
        file=lambda kind, key: tmp_path / "outcome.parquet" if kind == "outcome" else None,
        answers=lambda sha: truth,
    )
    heard = Heard()
    reading = Reading(metric_of("loss:lower"), outcomes)
    tracker(heard).log(row(n_test=2), -0.1, reading)
    metrics = heard.calls[2][1][2]
    assert (metrics["accuracy"], metrics["loss_lower"], metrics["delta"]) == (0.9, 1.0, -0.1)
    assert "delta_pp" not in metrics


def test_a_trial_is_told_with_its_spec_and_its_outcome(tracker):
    heard = Heard()
    tracker(heard).log(row(), -0.5)
    names = [name for name, _ in heard.calls]
    assert names == ["setup", "log_trial_start", "log_trial_result", "log_trial_end"]
    trial, metrics = heard.calls[2][1][1:]
    assert (trial.config["signal"], trial.config["training.epochs"]) == ("random", 3)
    assert (metrics["accuracy"], metrics["delta_pp"], metrics["n_kept"]) == (0.9, -0.5, 9)
    assert metrics["training_seconds"] == 2.5 and str(trial) == "imdb random global w15 p10 s1"


def test_a_failed_trial_has_no_outcome(tracker):
    heard = Heard()
    tracker(heard).log(TrialResult(spec=PRUNED, status="failed", error="no memory"), None)
    assert [name for name, _ in heard.calls] == ["setup", "log_trial_start", "log_trial_end"]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_tracker_that_fails_is_turned_off_with_one_warning(tracker, failing, caplog):
    told = tracker(Heard(failing))
    for _ in range(3):
        told.log(row(), 0.0)
    told.close()
    (warning,) = caplog.records
    assert "--track mlflow is off for the rest of this sweep: no server" in warning.getMessage()


def test_what_is_not_known_or_not_installed_is_refused_before_anything_runs(monkeypatch):
    with pytest.raises(ValueError, match=r"unknown tracker 'mlfow'.*Did you mean 'mlflow'"):
        check_trackers(["mlfow"])
    monkeypatch.setitem(TRACKERS, "wandb", TrackerRow("no_such_library", "wandb", None))
    found = CliRunner().invoke(app, ["--grid", "demo", "--track", "wandb", "-n"])
    assert found.exit_code == 4
    assert "pip install 'prune-envelope[wandb]'" in found.stderr


@pytest.mark.slow
def test_tensorboard_gets_files_by_rays_own_callback(tmp_path):
    told = Tracker(["tensorboard"], tmp_path)
    told.log(row(), -0.5)
    told.close()
    (events,) = tmp_path.glob("track/*/events*")
    assert b"ray/tune/accuracy" in events.read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed")
def test_mlflow_gets_runs_by_rays_own_callback(tmp_path, monkeypatch):
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    told = Tracker(["mlflow"], tmp_path)
    told.log(row(), -0.5)
    told.close()
    (named,) = mlflow.MlflowClient().search_experiments(filter_string="name = 'prune-envelope'")
    (run,) = mlflow.MlflowClient().search_runs([named.experiment_id])
    assert run.data.metrics["delta_pp"] == -0.5
    assert run.data.params["signal"] == "random"

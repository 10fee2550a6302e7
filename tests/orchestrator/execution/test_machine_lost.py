"""A machine of a cluster goes in mid-sweep: with notice it costs nothing, without it a try."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.execution.connection import end_ray
from orchestrator.sweep import app

HEALTH = {
    "health_check_period_ms": 1000, "health_check_timeout_ms": 1000,
    "health_check_failure_threshold": 3, "health_check_initial_delay_ms": 0,
}  # fmt: skip
NOTICE_S = 2
SWEEP = [
    "--grid", "demo", "--dataset", "synthetic:600", "--limit-test", "200", "--model", "linear",
    "--seeds", "2", "--rate", "0.1", "--rate", "0.3", "--signal", "random", "--signal", "el2n",
    "--epochs", "300", "--gpus-per-trial", "0", "--no-confirm",
]  # fmt: skip


@pytest.fixture
def cluster(monkeypatch):
    """A head that takes no trial, and two machines that take one each."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": HEALTH})
    machines = [made.add_node(num_cpus=1) for _ in range(2)]
    yield made, machines
    end_ray()
    made.shutdown()


def drain(address, node):
    command = [
        str(Path(sys.executable).parent / "ray"), "drain-node", "--address", address,
        "--node-id", node.node_id, "--reason", "DRAIN_NODE_REASON_PREEMPTION",
        "--reason-message", "taken away", "--deadline-remaining-seconds", str(NOTICE_S),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


def computing(machine):
    """Processes that compute a trial on a machine."""
    (raylet,) = machine.all_processes["raylet"]
    shown = ["ps", "-o", "pid=,args=", "--ppid", str(raylet.process.pid)]
    lines = subprocess.run(shown, check=False, capture_output=True, text=True).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if line.endswith(".train")]


def held(machine):
    """A process that computes a trial on a machine, stopped in the midst; None if there is none."""
    for process in computing(machine):
        os.kill(process, signal.SIGSTOP)
        if process in computing(machine):
            return process
        os.kill(process, signal.SIGCONT)
    return None


@pytest.mark.slow
@pytest.mark.parametrize(("is_told", "code"), [(True, 0), (False, 3)])
def test_a_machine_that_goes_with_notice_is_no_failure_of_its_trial(
    cluster, tmp_path, monkeypatch, is_told, code
):
    made, machines = cluster
    monkeypatch.chdir(tmp_path)
    # No second try, so that any death that counts is seen.
    monkeypatch.setattr("orchestrator.execution.deaths.RETRIES", 0)

    def cut_off():
        while len(list(tmp_path.glob("runs/*/trials/*.json"))) < 3:
            time.sleep(0.1)
        while not (process := held(machines[1])):
            time.sleep(0.1)
        if is_told:
            drain(made.address, machines[1])
            # As of a cloud: the machine goes when its notice is over, not in the moment it came.
            time.sleep(NOTICE_S + 2)
        made.remove_node(machines[1], allow_graceful=False)
        os.kill(process, signal.SIGKILL)

    cutting = threading.Thread(target=cut_off, daemon=True)
    cutting.start()
    ended = CliRunner().invoke(app, [*SWEEP, "--address", made.address, "--private-network"])
    cutting.join(timeout=60)
    assert not cutting.is_alive(), "the machine was never cut off"
    assert ended.exit_code == code, ended.output
    rows = len(list(tmp_path.glob("runs/*/trials/*.json")))
    assert rows == 10
    assert ("worker died" in ended.output) == (not is_told)

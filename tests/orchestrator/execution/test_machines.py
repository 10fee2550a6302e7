"""A head that is gone, and machines that no trial fits on: a sweep ends by itself."""

import os
import socket
import threading
from types import SimpleNamespace

import pytest

from orchestrator.diagnostics import cluster
from orchestrator.execution import machines
from orchestrator.execution.machines import MachineCheck, MachinesLostError, run_watched
from orchestrator.planning.resources import Resources
from tests.faults import fork
from trainables.errors import ABSENT, UnavailableError


@pytest.fixture
def head():
    """A port that answers, until it is closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address_of(server):
    return f"127.0.0.1:{server.getsockname()[1]}"


def test_a_call_that_never_returns_is_left_once_the_head_is_gone(head, monkeypatch):
    monkeypatch.setattr(machines, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(machines, "_LOOK_EVERY_S", 0.02)
    address, for_ever = address_of(head), threading.Event()

    def calls_ray():
        head.close()
        for_ever.wait()

    assert run_watched(calls_ray, address) == f"Ray's head at {address} does not answer any more"
    for_ever.set()


def test_while_the_head_answers_a_call_is_waited_for(head, monkeypatch):
    monkeypatch.setattr(machines, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(machines, "_LOOK_EVERY_S", 0.02)
    ended = []
    assert run_watched(lambda: ended.append(threading.Event().wait(0.3)), address_of(head)) == ""
    assert ended == [False]


def test_a_head_that_is_silent_for_a_moment_late_in_a_sweep_is_waited_for(monkeypatch):
    monkeypatch.setattr(machines, "_LOOK_EVERY_S", 0.001)
    looks = iter([(0, True), (300, True), (310, False), (311, True), (330, False)])
    over, last = threading.Event(), (0, True)

    def monotonic():
        nonlocal last
        if (found := next(looks, None)) is None:
            over.set()
        last = found or last
        return last[0]

    monkeypatch.setattr(machines, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(machines, "answers_at", lambda head, timeout_s: last[1])
    assert run_watched(over.wait, "head") == ""


def test_what_a_call_raises_is_raised_here_but_for_lost_machines(head):
    def fails():
        raise ZeroDivisionError

    def finds_none():
        raise MachinesLostError("none is left")

    with pytest.raises(ZeroDivisionError):
        run_watched(fails, address_of(head))
    assert run_watched(finds_none, address_of(head)) == "none is left"


def node(**resources):
    return {"Alive": True, "Resources": resources}


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ([node(CPU=4.0, GPU=1.0)], None),
        ([node(CPU=4.0)], r"has had the 1 CPUs and 1 GPUs of a trial for 0\.0 s|--cluster-timeout"),
        ([], "no machine is left"),
    ],
    ids=["fits", "no GPU", "none"],
)
def test_a_sweep_whose_trials_fit_on_no_machine_ends(nodes, told, monkeypatch):
    monkeypatch.setattr(machines, "_PATIENCE_S", -1.0)
    monkeypatch.setattr("ray.nodes", lambda: nodes)
    resources = Resources(cache="cache", gpus=1.0, cluster_timeout_s=-1.0)
    check = MachineCheck(resources)
    if told is None:
        check.on_step_end(0, [])
        return
    with pytest.raises(MachinesLostError, match=told):
        check.on_step_end(0, [])


def test_an_address_where_nothing_answers_is_said_at_once(head):
    address = address_of(head)
    head.close()
    with pytest.raises(UnavailableError, match="no Ray cluster answers at"):
        cluster.join_ray(address)


def test_an_address_that_is_no_head_ends_the_command(head, monkeypatch, tmp_path):
    """Ray waits for it inside a call of its own, for ever."""
    monkeypatch.setattr(cluster, "_JOIN_S", 0.1)
    monkeypatch.setattr("ray.init", lambda **_: threading.Event().wait())

    def joins():
        with (tmp_path / "told").open("w") as told:
            os.dup2(told.fileno(), 2)
            cluster.join_ray(address_of(head))

    ended = os.waitpid(fork(joins), 0)[1]
    assert os.waitstatus_to_exitcode(ended) == ABSENT

"""Ray is started and left beside what a sweep does meanwhile."""

import threading

import pytest

from orchestrator.execution import connection
from orchestrator.planning.resources import Resources
from trainables.errors import UnavailableError


@pytest.fixture
def ray(monkeypatch):
    """A connection of its own, whose Ray starts and ends when it is let; what was asked of it."""
    asked, let = [], threading.Event()

    def join(address, **_):
        asked.append(f"join {address}")
        assert let.wait(60)

    def shutdown():
        assert let.wait(60)
        asked.append(f"shutdown by {threading.current_thread().name}")

    monkeypatch.setattr(connection, "_CONNECTION", connection._Connection())
    monkeypatch.setattr(connection, "_prepare", lambda: None)
    monkeypatch.setattr(connection, "_quieten", lambda: None)
    monkeypatch.setattr(connection, "_end_on_sigterm", lambda: None)
    monkeypatch.setattr(connection, "join_ray", join)
    monkeypatch.setattr(connection.ray, "shutdown", shutdown)
    yield asked, let
    let.set()


def resources(tmp_path, **given):
    return Resources(cache=tmp_path, **given)


def test_a_start_goes_on_beside_the_driver_and_is_waited_for_by_who_needs_it(ray, tmp_path):
    asked, let = ray
    connection.start_ray(resources(tmp_path), 9)
    asked.append("the driver loads")
    let.set()
    connection.connect(resources(tmp_path), 9)
    assert sorted(asked) == ["join local", "the driver loads"]


def test_a_cluster_is_joined_when_it_is_needed_and_not_before(ray, tmp_path):
    asked, let = ray
    let.set()
    connection.start_ray(resources(tmp_path, address="auto"), 9)
    before = [*asked]
    connection.connect(resources(tmp_path, address="auto"), 9)
    assert (before, asked) == ([], ["join auto"])


@pytest.mark.parametrize("address", ["local", "auto"])
def test_ray_ends_behind_the_table_and_before_the_next_sweep(ray, tmp_path, address):
    asked, let = ray
    let.set()
    connection.disconnect()
    asked.append("table")
    connection.connect(resources(tmp_path, address=address), 9)
    assert asked == ["table", "shutdown by MainThread", f"join {address}"]


def test_ray_is_left_once_by_the_thread_that_used_it_and_only_when_nothing_is_asked_of_it(ray):
    asked, let = ray
    let.set()
    connection.end_ray()
    connection.disconnect()
    connection.end_ray()
    connection.end_ray()
    assert asked == [f"shutdown by {threading.main_thread().name}"]


@pytest.mark.parametrize("address", ["local", "auto"])
def test_a_ray_that_runs_already_is_quiet_too(ray, monkeypatch, tmp_path, address):
    asked, _ = ray
    monkeypatch.setattr(connection, "_quieten", lambda: asked.append("quiet"))
    monkeypatch.setattr(connection.ray, "is_initialized", lambda: True)
    connection.connect(resources(tmp_path, address=address), 9)
    assert asked == ["quiet"]


def test_a_start_that_fails_is_told_to_who_needs_it_and_may_be_tried_again(
    ray, monkeypatch, tmp_path
):
    def fail(*_, **__):
        raise UnavailableError("no room")

    monkeypatch.setattr(connection, "join_ray", fail)
    connection.start_ray(resources(tmp_path), 9)
    with pytest.raises(UnavailableError, match="no room"):
        connection.connect(resources(tmp_path), 9)
    monkeypatch.setattr(connection, "join_ray", lambda *_, **__: None)
    connection.connect(resources(tmp_path), 9)


@pytest.mark.parametrize(
    ("given", "tasks", "is_loaded"),
    [({}, 2, True), ({}, 1, False), ({"at_once": 1}, 9, False), ({"cpus": 2}, 9, False)],
    ids=["all cores work", "few tasks", "one at a time", "several cores each"],
)
def test_workers_load_torch_ahead_only_where_every_core_gets_a_trial(
    monkeypatch, tmp_path, given, tasks, is_loaded
):
    monkeypatch.setattr(connection.os, "sched_getaffinity", lambda _: {0, 1})
    assert bool(connection._load_ahead(resources(tmp_path, **given), tasks)) is is_loaded

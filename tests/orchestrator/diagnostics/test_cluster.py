import pytest

from orchestrator.diagnostics import cluster
from orchestrator.diagnostics.cluster import (
    cluster_checks,
    collect_notes,
    join_ray,
    leave_note,
    probe_machine,
)
from trainables.errors import UnavailableError

SAME = {"torch": "2.13.0", "python": "3.11.7"}


def answer(host, **more):
    return {
        "host": host, "resources": {"CPU": 4.0, "GPU": 1.0}, "versions": SAME, "accelerators": [],
        "token": True, "fault": "", "asked": 100.0, "time": 100.5, "answered": 101.0, **more,
    }  # fmt: skip


@pytest.fixture
def checked(monkeypatch, tmp_path):
    """The checks by name, where machines answered so."""

    def make(*answers, notes=(), storage=""):
        monkeypatch.setattr(cluster, "probe_machines", lambda *_: (list(answers), list(notes)))
        return {check.name: check for check in cluster_checks("auto", storage)}

    return make


def test_a_sound_cluster_has_nothing_to_mend(checked, tmp_path):
    leave_note(str(tmp_path), "note")
    found = checked(answer("a"), answer("b"), notes=["note"], storage=str(tmp_path))
    assert {check.mark for check in found.values()} == {"ok"}
    assert found["cluster"].found == "2 machines, 2 GPUs: a, b"


@pytest.mark.parametrize(
    ("name", "mark", "more", "words"),
    [
        ("token", "warning", {"token": False}, "not on b"),
        ("versions", "problem", {"versions": SAME | {"torch": "2.12.0"}}, "torch 2.12.0 / 2.13.0"),
        ("versions", "problem", {"versions": SAME | {"faiss-gpu": "1"}}, "faiss-gpu 1 / absent"),
        ("clocks", "warning", {"time": 90.0}, "b is at least 10 s off"),
        ("clocks", "warning", {"time": 161.0}, "b is at least 60 s off"),
        ("storage", "problem", {"fault": "PermissionError: no"}, "b cannot write"),
    ],
)
def test_what_is_wrong_on_one_machine_is_named_with_a_remedy(
    checked, tmp_path, name, mark, more, words
):
    found = checked(answer("a"), answer("b", **more), storage=str(tmp_path))[name]
    assert found.mark == mark and words in found.found and found.remedy


def test_a_machine_that_does_not_answer_is_a_problem(checked):
    silent = {"host": "b", "resources": {}, "silent": "timed out", "asked": 0.0, "answered": 60.0}
    found = checked(answer("a"), silent)
    assert found["cluster"].mark == "problem" and "b of 2 machines" in found["cluster"].found
    assert found["versions"].mark == "ok"


def test_storage_that_is_not_the_same_on_all_is_a_problem(checked, tmp_path):
    found = checked(answer("a"), notes=["written elsewhere"], storage=str(tmp_path))["storage"]
    assert found.mark == "problem" and "is not seen from here" in found.found


def test_notes_are_found_once_and_gone(tmp_path):
    far = (tmp_path / "far").as_uri()
    for storage in (str(tmp_path / "near"), far):
        leave_note(storage, "note")
        assert collect_notes(storage, ["note", "other"]) == {"note"}
        assert collect_notes(storage, ["note"]) == set()


def test_a_machine_tells_what_it_is_and_that_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    seen = probe_machine(str(tmp_path / "file"), "note")
    assert seen["versions"]["torch"].startswith("2.") and "device" not in seen["versions"]
    assert "Error" in seen["fault"]
    assert probe_machine("", "note")["fault"] == ""


def test_a_machine_too_busy_for_ray_is_told_so_and_a_bug_is_left_one(monkeypatch):
    import ray

    def fails(*_, **__):
        raise Exception(words)

    monkeypatch.setattr(ray, "init", fails)
    words = "The current node timed out during startup. This could happen because ..."
    with pytest.raises(UnavailableError, match="too much else to do"):
        join_ray("local")
    words = "something else"
    with pytest.raises(Exception, match="something else"):
        join_ray("local")

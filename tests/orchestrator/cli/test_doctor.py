import json
import re
import shutil
from collections import namedtuple

import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.diagnostics import machine
from orchestrator.diagnostics.machine import checks
from trainables.data.hub import OFFLINE, PROXIES

Usage = namedtuple("Usage", ["total", "used", "free"])


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """No test asks anybody outside."""

    def refuse(*args, **options):
        raise OSError("no network in tests")

    monkeypatch.setattr("socket.create_connection", refuse)


def by_name(cache):
    return {check.name: check for check in checks(cache)}


def test_a_machine_that_runs_our_tests_has_no_problem(tmp_path):
    found = by_name(tmp_path)
    assert [check for check in found.values() if check.mark == "problem"] == []
    assert found["torch"].found.startswith("2.")
    assert found["faiss"].found.startswith("faiss-")


def test_every_warning_and_problem_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9, 8, 1))
    assert all(c.remedy for c in checks(tmp_path) if c.mark != "ok")


def test_a_full_disk_is_a_problem_and_exit_4(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9, 8, 2**30))
    ended = CliRunner().invoke(app, ["doctor", "--cache", str(tmp_path)])
    assert ended.exit_code == 4
    assert "✗ disk         1.0 GB free" in ended.output
    assert "1 problem," in ended.output


def test_a_missing_package_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_STACK", ("no-such-package",))
    assert by_name(tmp_path)["no-such-package"].mark == "problem"


def test_a_cache_that_cannot_be_written_is_a_problem(tmp_path, monkeypatch):
    def refuse(**options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    found = by_name(tmp_path)["cache"]
    assert found.mark == "problem" and "Read-only file system" in found.found


def test_a_device_torch_does_not_see_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("trainables.environment.accelerators", list)
    monkeypatch.setattr("pathlib.Path.glob", lambda self, pattern: [tmp_path])
    found = by_name(tmp_path)["accelerator"]
    assert found.mark == "problem" and "does not see them" in found.found


@pytest.fixture
def plain(monkeypatch):
    """No variable of the environment says how the hub is reached."""
    for name in (*OFFLINE, *PROXIES, "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "mark", "says"),
    [
        ({}, "warning", "huggingface.co does not answer"),
        ({"HF_HUB_OFFLINE": "1"}, "warning", "offline mode is on (HF_HUB_OFFLINE)"),
        ({"TRANSFORMERS_OFFLINE": "yes"}, "warning", "offline mode is on (TRANSFORMERS_OFFLINE)"),
        (
            {"HF_HUB_OFFLINE": "TRUE", "HTTPS_PROXY": "http://127.0.0.1:9"},
            "warning",
            "offline mode",
        ),
        ({"HTTPS_PROXY": "http://127.0.0.1:9"}, "ok", "asked through a proxy"),
        ({"HF_ENDPOINT": "http://mirror.test"}, "warning", "http://mirror.test does not answer"),
    ],
)
def test_the_hub_is_told_of_as_the_loading_of_data_finds_it(
    tmp_path, monkeypatch, plain, variables, mark, says
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = by_name(tmp_path)["hub"]
    assert found.mark == mark and says in found.found


def test_a_cache_not_yet_made_is_looked_at_where_it_will_be(tmp_path):
    found = by_name(tmp_path / "not" / "yet")
    assert found["cache"].mark == found["disk"].mark == "ok"
    assert list(tmp_path.iterdir()) == []


def test_json_is_a_list_of_checks(tmp_path):
    ended = CliRunner().invoke(app, ["doctor", "--json", "--cache", str(tmp_path)])
    assert {check["name"] for check in json.loads(ended.output)} >= {"python", "disk", "faiss"}


def test_an_endpoint_that_is_no_address_is_a_line_of_the_list(monkeypatch):
    from orchestrator.diagnostics import machine

    monkeypatch.setenv("HF_ENDPOINT", "http://[bad")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    check = machine._hub()
    assert check.mark == "warning"
    assert "HF_ENDPOINT is 'http://[bad'" in check.found


def test_both_builds_of_faiss_are_a_problem_with_the_lines_that_mend_it(monkeypatch):
    """What .[cpu] and .[gpu] in one environment come to."""
    monkeypatch.setattr(machine, "version", {"faiss-cpu": "1.15.1", "faiss-gpu": "1.7.2"}.get)
    found = machine._faiss()
    assert found.mark == "problem"
    assert "faiss-gpu 1.7.2 and faiss-cpu 1.15.1" in found.found
    assert found.remedy.startswith("pip uninstall -y faiss-cpu faiss-gpu")


@pytest.mark.parametrize(
    ("asks", "torch_has", "words"),
    [
        (["numpy", "nvidia-cuda-runtime-cu12>=12.1"], "13.0", "CUDA 12, torch .* for CUDA 13.0"),
        (["nvidia-cuda-runtime<14,>=13.0"], "12.8", "CUDA 13, torch .* for CUDA 12.8"),
        (["nvidia-cuda-runtime>=13"], None, "CUDA 13, torch .* without CUDA"),
        (["nvidia-cuda-runtime-cu12"], "12.8", ""),
        (["nvidia-cuda-runtime>=13,<14"], "13.2", ""),
        (["nvidia-cuda-runtime (~=13.0) ; extra == 'fix'"], "13.0", ""),
        (None, "13.0", ""),
    ],
)
def test_faiss_of_another_cuda_than_torch_is_a_problem(monkeypatch, asks, torch_has, words):
    def version_of(name):
        if name == "faiss-cpu":
            raise machine.PackageNotFoundError
        return "1.15.1"

    monkeypatch.setattr(machine, "version", version_of)
    monkeypatch.setattr(machine, "requires", lambda name: asks)
    monkeypatch.setattr("torch.version.cuda", torch_has)
    found = machine._faiss()
    assert found.mark == ("problem" if words else "ok"), found
    assert re.search(words, found.found) and ("pip uninstall" in found.remedy) == bool(words)

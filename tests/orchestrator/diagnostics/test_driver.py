import pytest

from orchestrator.diagnostics.driver import driver_check

CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Tue Nov 4 21:19:07 UTC 2025\nGCC version:  gcc 12\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build  (a@b)\n"


@pytest.fixture
def driver(tmp_path, monkeypatch):
    def told(text, cuda):
        monkeypatch.setattr("trainables.environment.cuda_of_torch", lambda: cuda)
        path = tmp_path / "version"
        path.write_text(text)
        return driver_check(path)

    return told


@pytest.mark.parametrize("text", [CLOSED, OPEN])
@pytest.mark.parametrize(
    ("version", "cuda", "mark"),
    [
        ("580.65.06", "13.0", "ok"),
        ("575.57.08", "13.0", "problem"),
        ("525.60.13", "12.8", "ok"),
        ("470.256.02", "12.8", "problem"),
        ("470.256.02", "", "ok"),
        ("600.1", "14.0", "ok"),
    ],
)
def test_a_driver_older_than_torchs_cuda_asks_for_is_a_problem(driver, text, version, cuda, mark):
    found = driver(text.format(version), cuda)
    assert found.mark == mark and found.found.startswith(version)


def test_an_old_driver_is_named_with_what_it_should_be(driver):
    found = driver(CLOSED.format("550.54.15"), "13.0")
    assert found.found == "550.54.15; torch is built for CUDA 13.0, which needs 580 or newer"
    assert found.remedy.startswith("install driver 580 or newer")


@pytest.mark.parametrize("text", ["", "NVRM version: none\n"])
def test_where_no_version_is_told_nothing_is_said(driver, text, tmp_path):
    assert driver(text, "13.0") is None
    assert driver_check(tmp_path / "absent") is None

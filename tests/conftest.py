"""What tests of more than one file use."""

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

# Of the terminal that pytest runs in: what a command prints into a file has no width of its own.
os.environ.pop("COLUMNS", None)
# Two processes of tests with two threads each are far slower than with one.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items):
    """Files with slow tests come first: where one is last, the other process waits for it."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def real_data():
    """The folder of real data sets that PRUNE_ENVELOPE_DATA names; without it the test is skipped."""
    named = os.environ.get("PRUNE_ENVELOPE_DATA", "")
    if not named or not Path(named).is_dir():
        pytest.skip(f"PRUNE_ENVELOPE_DATA is {named!r}, not a folder of real data sets")
    return Path(named).resolve()


@pytest.fixture(scope="session", autouse=True)
def _ray_is_started_by_commands_alone():
    """A sweep in a test's own process runs its tasks without Ray, or starts it when it needs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestrator.sweep._ray_beside", lambda sweep: nullcontext())
        yield


@pytest.fixture
def cache(tmp_path):
    """A plain cache that counts what is made in it."""
    from tests.caches import FolderCache

    return FolderCache(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _verdict_files_are_valid():
    """Every verdicts.json that a test's process writes is held to its schema."""
    from analysis import verdicts_json as module
    from tests.verdict_files import checked

    write = module.verdicts_json

    def checked_text(study):
        text = write(study)
        checked(text)
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "verdicts_json", checked_text)
        yield

"""A sweep, task by task in this process, beside secrets: what it leaves holds none, and nobody else can read it."""

import os
import stat
import sys
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.execution import run_trials, worker
from orchestrator.execution.scheduler import ReadySearcher
from orchestrator.execution.tuner import Ended
from tests.sweeps import ROOT

CANARIES = {
    "HF_TOKEN": "hf_canary0000000000000001", "AWS_SECRET_ACCESS_KEY": "canary/2+aws", "DB_PASSWORD": "canary-3",
    "MY_API_KEY": "canary-4", "SOME_SECRET": "canary-5", "RAY_AUTH_TOKEN": "canary-6" * 8,
}  # fmt: skip
SIGNAL = """
import os
def bad(embeddings):
    secrets = " ".join(os.environ[name] for name in {names!r}.split())
    raise RuntimeError("refused: " + secrets + " by https://me:canary-7@host/x?sig=canary-8 \\x1b[31m\\u202e")
"""


def in_turn(asked, resources, progress, **_):
    """What Tune does with tasks, without Ray."""
    tasks = {task.name: task for task in asked.all_tasks}
    searcher, number = ReadySearcher(asked, resources.open_store(), resources.limits), 0
    while (config := searcher.suggest(str(number))) != "FINISHED":
        told = SimpleNamespace(trial_id=str(number), config=config, last_result={})
        progress.on_trial_start(0, [], told)
        worker.run_task(config, tasks=tasks, resources=resources)
        told.last_result = TOLD.pop()
        searcher.on_trial_complete(told.trial_id, told.last_result)
        progress.on_trial_complete(0, [], told)
        number += 1
    return Ended(blocked=searcher.blocked, stopped_by=0, lost="", limit="", seconds=0.0)


TOLD = []


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The folder of a sweep with a trial that fails, and what was printed."""
    folder, before = tmp_path_factory.mktemp("private"), os.umask(0)
    (folder / "canary_signal.py").write_text(SIGNAL.format(names=" ".join(CANARIES)))
    command = (
        "sweep --dataset synthetic:200 --model linear --epochs 1 --seeds 2 --rate 0.1 --signal random "
        "--signal canary_signal:bad --no-confirm --run run --cache cache"
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CANARIES.items():
            patch.setenv(name, value)
        patch.setattr(run_trials, "run_tasks", in_turn)
        patch.setattr(run_trials, "disconnect", lambda: None)
        patch.setattr(worker.tune, "report", TOLD.append)
        patch.setattr(
            sys, "argv", ["prune-envelope", *command.split(), "--storage=s3://k:canary-9@b"]
        )
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        ended = CliRunner().invoke(app, command.split())
        os.umask(before)
        assert ended.exit_code == 3, ended.output
        shown = [ended.output]
        shown += [
            CliRunner().invoke(app, words).output
            for words in (
                ["status", "run"],
                ["status", "run", "--json"],
                ["table", "run", "--what", "trials"],
            )
        ]
    assert str(ROOT) not in ended.output
    return folder, "".join(shown)


@pytest.mark.slow
def test_no_secret_is_printed_or_left_in_any_file(left):
    folder, printed = left
    assert "refused: *** ***" in printed and "canary-" not in printed.replace("canary_signal", "")
    files = [
        path for top in ("run", "cache") for path in (folder / top).rglob("*") if path.is_file()
    ]
    assert len(files) > 30
    for path in files:
        held = path.read_bytes()
        if path.suffix == ".parquet" or held[:4] == b"PAR1":
            table = pq.read_table(path)
            held += repr((table.to_pylist(), table.schema.metadata)).encode()
        for value in (*CANARIES.values(), *(f"canary-{n}" for n in range(10))):
            assert value.encode() not in held, (path, value)


@pytest.mark.slow
def test_nothing_that_a_terminal_obeys_is_printed(left):
    assert "\\x1b[31m\\u202e" in left[1] and not {"\x1b", "\u202e"} & set(left[1])


@pytest.mark.slow
def test_run_and_cache_are_their_owners_alone_whatever_the_umask(left):
    for top in ("run", "cache"):
        assert stat.S_IMODE((left[0] / top).stat().st_mode) == 0o700
        for path in (left[0] / top).rglob("*"):
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run/trials", "run/report.html", "cache/blobs", "cache/refs"])
def test_a_link_put_there_since_is_refused_before_anything(name, left, tmp_path, monkeypatch):
    folder, _ = left
    monkeypatch.chdir(folder)
    (folder / name).rename(tmp_path / "aside")
    (folder / name).symlink_to(tmp_path / "away")
    try:
        words = "sweep --dataset synthetic:200 --model linear --run run --cache cache --dry-run"
        ended = CliRunner().invoke(app, words.split())
        assert ended.exit_code == 6 and f"{name} is a link" in ended.output
    finally:
        (folder / name).unlink()
        (tmp_path / "aside").rename(folder / name)

import os
import time

import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.cli.cache_commands import bytes_of
from orchestrator.store import atomic
from orchestrator.store.atomic import StoreError
from orchestrator.store.local import ArtifactStore
from orchestrator.store.maintenance import damaged, entries, remove, unneeded
from orchestrator.store.run_folder import Run
from orchestrator.store.version import with_checksum
from tests.faults import corrupt
from trainables.errors import UsageError

DAY = 86_400


def key(i):
    return f"{i:064x}"


@pytest.fixture
def store(tmp_path):
    """Three score sets, two of one value, and a result; unused for 1, 2, 3 and 90 days."""
    made = ArtifactStore(tmp_path / "runs" / "_cache")
    for i, (kind, value) in enumerate(
        [("scores", b"a" * 100), ("scores", b"a" * 100), ("scores", b"b" * 50), ("result", b"row")]
    ):
        made.put(kind, key(i), lambda path, value=value: path.write_bytes(value))
    for i, entry in enumerate(entries(made.root)):
        days = 90 if entry.kind == "result" else i
        then = time.time() - days * DAY
        os.utime(entry.ref, (then, then))
        os.utime(entry.blob, (then, then))
    return made


@pytest.fixture
def invoke(store):
    return lambda *args: CliRunner().invoke(
        app, ["cache", args[0], "--cache", str(store.root), *map(str, args[1:])]
    )


def kinds(store):
    return sorted(entry.kind for entry in entries(store.root))


def test_entries_are_listed_by_kind_and_a_shared_file_counts_once(invoke):
    lines = invoke("ls").output.splitlines()
    (scores,) = (line for line in lines if "scores" in line)
    assert "3" in scores and "150 bytes" in scores


def test_an_intact_store_is_told_to_be_so(invoke):
    found = invoke("verify")
    assert (found.exit_code, found.output) == (0, "✓ 4 entries, 3 files: all intact\n")


def test_a_share_of_the_files_is_read_and_the_others_are_told_of(invoke, store):
    found = invoke("verify", "--sample", 0.3)
    assert "1 file: these are intact, of 3 that there are; the others were not read" in found.output
    for entry in entries(store.root):
        entry.blob.chmod(0o600)
        entry.blob.write_bytes(b"")
    found = invoke("verify", "--sample", 0.3)
    assert found.exit_code == 4 and "1 of 1 file damaged, of 3 that there are" in found.output
    assert invoke("verify", "--sample", 0).exit_code == 2


def test_a_damaged_file_is_named_and_left_where_it_is(store, invoke):
    blob = next(e.blob for e in entries(store.root) if e.kind == "result")
    corrupt(blob, "flipped")
    atomic._DIGESTS.clear()
    found = invoke("verify")
    assert found.exit_code == 4
    assert str(blob) in found.output.replace("\n", "") and "1 of 3 files damaged" in found.output
    assert blob.exists()


def test_a_ref_that_is_none_is_damage(store):
    ref = next(entries(store.root)).ref
    ref.unlink()
    ref.write_text("{}")
    assert damaged(entries(store.root)) == [(ref, "not a ref")]


def test_the_longest_unused_go_first_and_only_until_the_rest_fits(store):
    found = [entry for entry in entries(store.root) if entry.kind == "scores"]
    oldest = unneeded(found, now=time.time(), most_bytes=100)
    # Two refs share 100 bytes: dropping one of them alone would free nothing.
    assert {entry.blob for entry in oldest} <= {entry.blob for entry in found}
    left = {e.blob: e.size for e in found if e not in oldest}
    assert sum(left.values()) <= 100
    assert unneeded(found, now=time.time(), most_bytes=150) == []


def test_what_is_old_goes_by_age(store):
    found = list(entries(store.root))
    gone = unneeded(found, now=time.time(), older_than_s=30 * DAY)
    assert [entry.kind for entry in gone] == ["result"]


def test_a_shared_file_stays_while_another_entry_needs_it(store):
    one, other = [e for e in entries(store.root) if e.size == 100]
    assert remove(store.root, [one]) == 0
    assert other.blob.exists()
    assert remove(store.root, [other]) == 100
    assert not other.blob.exists()


def test_gc_keeps_results_unless_told(store, invoke):
    assert invoke("gc", "--older-than", 30, "--yes").exit_code == 0
    assert "result" in kinds(store)
    assert invoke("gc", "--older-than", 30, "--results", "--yes").exit_code == 0
    assert "result" not in kinds(store)


def test_gc_frees_down_to_a_size_and_the_store_makes_it_again(store, invoke):
    found = invoke("gc", "--keep", "0", "--yes")
    assert "freed 150 bytes" in found.output
    assert kinds(store) == ["result"]
    path = store.get("scores", key(0), lambda path: path.write_bytes(b"again"))
    assert path.read_bytes() == b"again"


def test_a_dry_run_removes_nothing(store, invoke):
    found = invoke("gc", "--keep", "0", "-n")
    assert found.exit_code == 0 and "3 scores" in found.output
    assert len(kinds(store)) == 4


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ((), 2, "say what may go"),
        (("--keep", "much"), 2, "write a size such as 5GB"),
        (("--keep", "0"), 2, "nothing can be asked; add --yes"),
        (("--older-than", "1", "--results"), 2, "throws finished trials away"),
    ],
)
def test_gc_that_is_not_meant_is_refused(invoke, store, args, code, message):
    found = invoke("gc", *args)
    assert found.exit_code == code and message in found.stderr
    assert len(kinds(store)) == 4


def test_gc_that_is_declined_removes_nothing(store, monkeypatch):
    monkeypatch.setattr("orchestrator.cli.cache_commands.is_terminal", lambda: True)
    asked = ["cache", "gc", "--cache", str(store.root), "--keep", "0"]
    found = CliRunner().invoke(app, asked, input="n\n")
    assert found.exit_code == 0 and "Nothing was removed" in found.output
    assert len(kinds(store)) == 4


def test_gc_waits_for_a_sweep_of_a_run_beside_the_store(store, invoke):
    with Run(store.root.parent / "mine").locked():
        found = invoke("gc", "--keep", "0", "--yes")
    assert found.exit_code == 6 and "a sweep may be using" in found.stderr
    assert invoke("gc", "--keep", "0", "--yes").exit_code == 0


def test_gc_leaves_a_store_alone_whose_trials_saved_themselves_just_now(store, invoke):
    store.progress(key(9))
    found = invoke("gc", "--keep", "0", "--yes")
    assert found.exit_code == 6 and "written within the hour" in found.stderr


def test_saved_states_of_another_clock_are_not_said_to_be_of_the_last_hour(store, invoke):
    ahead = time.time() + 400 * DAY
    os.utime(store.progress(key(9)), (ahead, ahead))
    assert invoke("gc", "--keep", "0", "--yes").exit_code == 0


def test_a_folder_that_is_no_store_ends_with_4(tmp_path):
    found = CliRunner().invoke(app, ["cache", "ls", "--cache", str(tmp_path)])
    assert found.exit_code == 4 and "is no store" in found.stderr
    with pytest.raises(StoreError):
        list(entries(tmp_path))


@pytest.mark.parametrize(
    ("text", "expected"), [("5GB", 5e9), ("800 mb", 8e8), ("5 GiB", 5 * 2**30), ("0", 0)]
)
def test_sizes_are_read_as_people_write_them(text, expected):
    assert bytes_of(text) == expected


@pytest.mark.parametrize("text", ["much", "5XB", "5,5GB", "5.GB", "5GB or so", "-5GB", "nan"])
def test_what_is_no_size_is_refused_rather_than_read_in_part(text):
    with pytest.raises(UsageError, match="write a size such as 5GB or 800MB"):
        bytes_of(text)


def put_leftovers(store, days):
    """What a process leaves that is killed at work: its folder, and a blob whose ref was not yet there."""
    folder, blob = store.root / "tmp" / "dead", store.blob("e" * 64)
    folder.mkdir(parents=True)
    (folder / "value").write_bytes(b"c" * 30)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"d" * 20)
    then = time.time() - days * DAY
    for path in (folder, blob):
        os.utime(path, (then, then))
    return folder, blob


@pytest.mark.parametrize("days", [2, -400])
def test_what_killed_processes_left_goes_with_the_rest_after_a_day(store, invoke, days):
    folder, blob = put_leftovers(store, days)
    found = invoke("gc", "--older-than", 99, "--yes")
    assert "2 that killed processes left" in found.output and "freed 50 bytes" in found.output
    assert not folder.exists() and not blob.exists()
    assert kinds(store) == ["result", "scores", "scores", "scores"]
    assert damaged(entries(store.root)) == []


@pytest.mark.parametrize("days", [0.5, -0.5])
def test_what_a_process_may_still_be_writing_stays(store, invoke, days):
    folder, blob = put_leftovers(store, days)
    assert "Nothing was removed" in invoke("gc", "--older-than", 99, "--yes").output
    assert folder.exists() and blob.exists()


def test_upkeep_of_another_releases_store_is_refused(store, invoke):
    (store.root / "VERSION").write_text(f"{with_checksum('prune-envelope store 2')}\n")
    for command in (["ls"], ["verify"], ["gc", "--older-than", 1]):
        found = invoke(*command)
        assert found.exit_code == 4 and "prune-envelope store 2" in found.output

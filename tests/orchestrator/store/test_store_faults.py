import fcntl
import multiprocessing
import os
import random
import signal
import threading
import time
from contextlib import contextmanager, suppress
from itertools import count

import pytest

from orchestrator.store import atomic
from orchestrator.store.atomic import StoreError
from orchestrator.store.local import ArtifactStore
from tests.faults import (
    fork,
    in_fresh_process,
    kill,
    largest_file,
    make_read_only,
    small_disk,
)

VALUE = bytes(range(256)) * 32


def write_in_halves(path):
    with path.open("wb") as file:
        file.write(VALUE[:4096])
        file.flush()
        os.fsync(file.fileno())  # a step at which to fail in the middle of the value
        file.write(VALUE[4096:])


def write_entry(root):
    ArtifactStore(root).get("scores", "key", write_in_halves, about={"rate": 0.1})


def read_entry(root):
    atomic._DIGESTS.clear()
    path = ArtifactStore(root).find("scores", "key")
    return path and path.read_bytes()


def without_locks():
    fcntl.flock = lambda descriptor, operation: None


def rivals(root, *, locks):
    """Two processes ask for one key; returns how often it was made and whether they agree."""
    (root / "made").mkdir()
    both_inside = multiprocessing.get_context("fork").Barrier(2)

    def make(path):
        (root / "made" / str(os.getpid())).touch()
        with suppress(threading.BrokenBarrierError):
            both_inside.wait(timeout=0.3)
        path.write_bytes(VALUE)

    def ask():
        if not locks:
            without_locks()
        assert ArtifactStore(root).get("scores", "key", make).read_bytes() == VALUE

    ended = [os.waitpid(child, 0)[1] for child in [fork(ask), fork(ask)]]
    return len(list((root / "made").iterdir())), ended


def rivals_without_locks(root):
    return rivals(root, locks=False)


def rivals_with_locks(root):
    return rivals(root, locks=True)


def test_two_processes_that_ask_at_once_compute_once(tmp_path):
    assert in_fresh_process(rivals_with_locks, tmp_path) == (1, [0, 0])


def test_two_processes_on_a_disk_without_locks_compute_twice_and_agree(tmp_path):
    assert in_fresh_process(rivals_without_locks, tmp_path) == (2, [0, 0])


def delay_by_a_dead_holder(root):
    inside, holder_inside = os.pipe()

    def make(path):
        os.write(holder_inside, b".")
        signal.pause()

    holder = fork(lambda: ArtifactStore(root).get("scores", "key", make))
    os.read(inside, 1)
    os.kill(holder, signal.SIGKILL)  # and not reaped: a zombie holds no lock either
    start = time.monotonic()
    write_entry(root)
    return time.monotonic() - start


def test_a_killed_holder_of_the_lock_delays_nobody(tmp_path):
    assert in_fresh_process(delay_by_a_dead_holder, tmp_path) < 1


@contextmanager
def held(path):
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_a_lock_that_is_not_given_back_is_reported_and_done_without(tmp_path, caplog):
    store = ArtifactStore(tmp_path, lock_timeout_s=0.05)
    with held(tmp_path / "locks" / "any" / "scores" / "key.lock"):
        store.get("scores", "key", write_in_halves)
    assert "without its lock" in caplog.text and store.has("scores", "key")


def value_of(key):
    return key.encode() * 2000


def killed_at_random(root, seed, lasting_s, locks):
    """Two writers of six keys a round are killed and replaced; returns the kills and the faults."""
    rng, store, start = random.Random(seed), ArtifactStore(root), time.monotonic()

    def write():
        if not locks:
            without_locks()
        for number in count():
            key = f"round-{number // 6}-{number % 6}"
            store.get("scores", key, lambda path, key=key: path.write_bytes(value_of(key)))

    writers, kills = [fork(write), fork(write)], 0
    while time.monotonic() < start + lasting_s:
        time.sleep(rng.uniform(0, 0.03))  # the moment of the kill, not a wait for anything
        writer = rng.randrange(2)
        kill(writers[writer])
        writers[writer], kills = fork(write), kills + 1
    for writer in writers:
        kill(writer)
    keys = [ref.stem for ref in root.glob("refs/any/scores/*/*.json")]
    found = {key: store.find("scores", key) for key in keys}
    wrong = [key for key, path in found.items() if not path or path.read_bytes() != value_of(key)]
    return kills, len(keys), wrong, len(list(root.glob("quarantine/*")))


@pytest.mark.slow
@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no-locks"])
def test_writers_killed_at_random_never_commit_a_wrong_value(locks, tmp_path):
    seed = random.randrange(2**32)
    kills, keys, wrong, rejected = in_fresh_process(killed_at_random, tmp_path, seed, 2.5, locks)
    assert kills > 20 and keys > 20 and wrong == [] and rejected == 0, f"seed {seed}"


def fill(path):
    path.write_bytes(bytes(2**21))


def test_a_full_disk_is_named_with_its_free_bytes_and_left_clean(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(StoreError, match=r"no room .* \d+ bytes are free.*start again"):
            ArtifactStore(disk).get("scores", "key", fill)
        assert list((disk / "tmp").iterdir()) == []


def test_a_full_disk_takes_entries_again_once_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(StoreError):
            ArtifactStore(disk).get("scores", "key", fill)
        write_entry(disk)
        assert read_entry(disk) == VALUE


def test_a_quota_is_reported_like_a_full_disk_and_left_clean(tmp_path):
    with largest_file(2**20), pytest.raises(StoreError, match="no room"):
        ArtifactStore(tmp_path).get("scores", "key", fill)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_writer_that_hides_a_full_disk_has_its_error_annotated(tmp_path):
    def save(path):
        path.write_bytes(bytes(2**19))
        raise RuntimeError("unexpected pos 576 vs 534")

    with small_disk(tmp_path / "disk") as disk, pytest.raises(RuntimeError) as caught:
        ArtifactStore(disk).get("scores", "key", save)
    assert "is the disk full?" in caught.value.__notes__[0]


@pytest.fixture
def read_only_root(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        write_entry(disk)
        make_read_only(disk)
        yield disk


def test_a_read_only_store_serves_what_it_holds(read_only_root):
    assert read_entry(read_only_root) == VALUE


def test_a_read_only_store_refuses_what_it_lacks_before_it_is_computed(read_only_root):
    store = ArtifactStore(read_only_root)
    with pytest.raises(StoreError, match=r"cannot be written to .* make it writable"):
        store.get("scores", "another", write_in_halves)
    assert not store.made

"""Whatever is done to a store, and in whatever order, it gives what a dict would, or nothing."""

import errno
import os
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orchestrator.store import atomic
from orchestrator.store.atomic import StoreError, atomic_write
from orchestrator.store.local import ArtifactStore
from orchestrator.store.maintenance import damaged, entries, remove
from tests.faults import FailingDisk, corrupt, fork, in_fresh_process

KEYS = st.sampled_from(["a1", "a2", "b1"])
VALUES = st.sampled_from([b"one" * 50, b"two" * 50, b"three" * 50])
HOWS = st.sampled_from(["flipped", "truncated", "emptied", "deleted", "a-folder"])
SPOILT = object()


def writes(value):
    return lambda path: path.write_bytes(value)


def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def refuse_writing():
    def refuse(path, *args, **kwargs):
        raise OSError(errno.EROFS, "read-only", str(path))

    for name in ("mkdir", "rename", "replace", "link", "unlink", "rmdir"):
        setattr(os, name, refuse)


class StoreBesideADict(RuleBasedStateMachine):
    """`refs` and `blobs` are what the store should hold: values by key, and values that are intact."""

    def __init__(self):
        super().__init__()
        place = Path("/dev/shm")
        self.folder = tempfile.TemporaryDirectory(dir=place if place.is_dir() else None)
        self.store = ArtifactStore(Path(self.folder.name) / "store")
        self.refs, self.blobs, self.states = {}, set(), {}

    def teardown(self):
        self.folder.cleanup()

    def holds(self, key):
        """What the entry's reader should find; one that is damaged is put aside by looking."""
        value = self.refs.get(key)
        if value in self.blobs:
            return value
        self.refs.pop(key, None)
        return None

    def found(self, key):
        atomic._DIGESTS.clear()
        path = self.store.find("scores", key)
        return path and path.read_bytes()

    def commit(self, key, value):
        self.blobs.add(value)
        if self.holds(key) is None:
            self.refs[key] = value
        return self.refs[key]

    @rule(key=KEYS, value=VALUES)
    def put(self, key, value):
        atomic._DIGESTS.clear()
        given = self.store.put("scores", key, writes(value)).read_bytes()
        assert given == self.commit(key, value)

    @rule(key=KEYS, value=VALUES)
    def get(self, key, value):
        atomic._DIGESTS.clear()
        given = self.store.get("scores", key, writes(value)).read_bytes()
        assert given == (self.holds(key) or self.commit(key, value))

    @rule(key=KEYS)
    def find(self, key):
        assert self.found(key) == self.holds(key)

    @rule(key=KEYS, value=VALUES)
    def get_in_another_process(self, key, value):
        expected = self.holds(key) or self.commit(key, value)

        def ask():
            assert self.store.get("scores", key, writes(value)).read_bytes() == expected

        assert ended(fork(ask)) == 0

    @rule(key=KEYS, value=VALUES, step=st.integers(1, 40))
    def put_and_be_killed(self, key, value, step):
        def put():
            FailingDisk(self.store.root, "kill", step)
            self.store.put("scores", key, writes(value))

        before = self.holds(key)
        child = fork(put)
        assert ended(child) in (0, -9)
        if atomic.fault(self.store.blob(atomic.hashlib.sha256(value).hexdigest()), *facts(value)):
            assert self.found(key) == before
        else:
            self.blobs.add(value)
            assert self.found(key) in ({before} if before else {None, value})
            if self.found(key) == value:
                self.refs[key] = value

    @rule(key=KEYS, value=VALUES)
    def get_from_a_disk_that_is_read_only(self, key, value):
        expected = self.holds(key)

        def ask():
            refuse_writing()
            if expected is None:
                with pytest.raises(StoreError):
                    self.store.get("scores", key, writes(value))
            else:
                assert self.store.get("scores", key, writes(value)).read_bytes() == expected

        atomic._DIGESTS.clear()
        if self.found(key) == expected:
            assert ended(fork(ask)) == 0

    @precondition(lambda self: self.blobs)
    @rule(data=st.data(), how=HOWS, at=st.integers(1, 800))
    def spoil_a_value(self, data, how, at):
        value = data.draw(st.sampled_from(sorted(self.blobs)))
        blob = self.store.blob(atomic.hashlib.sha256(value).hexdigest())
        corrupt(blob, how, at=at)
        self.blobs.discard(value)

    @precondition(lambda self: SPOILT not in self.refs.values() and self.refs)
    @rule(data=st.data(), how=HOWS, at=st.integers(1, 800))
    def spoil_a_ref(self, data, how, at):
        key = data.draw(st.sampled_from(sorted(self.refs)))
        corrupt(self.store.ref("scores", key), how, at=at)
        self.refs[key] = SPOILT

    @precondition(lambda self: (self.store.root / "VERSION").exists())
    @rule(key=KEYS)
    def collect(self, key):
        """What `cache gc` does with an entry that was chosen."""
        self.find(key)
        gone = [one for one in entries(self.store.root) if one.ref.stem == key]
        remove(self.store.root, gone)
        value = self.refs.pop(key, None)
        if value is not None and value not in self.refs.values():
            self.blobs.discard(value)

    @precondition(lambda self: (self.store.root / "VERSION").exists())
    @rule()
    def verify(self):
        """A ref that is a folder or is not there is no entry."""
        atomic._DIGESTS.clear()
        told = {path.name for path, _ in damaged(entries(self.store.root))}
        bad = {value for value in self.refs.values() if value not in self.blobs} - {SPOILT}
        assert {atomic.hashlib.sha256(value).hexdigest() for value in bad} <= told
        assert not told & {atomic.hashlib.sha256(value).hexdigest() for value in self.blobs}

    @rule(key=KEYS, value=VALUES)
    def save_state(self, key, value):
        atomic_write(self.store.progress(key) / "state", value)
        self.states[key] = value

    @rule(key=KEYS)
    def clear_state(self, key):
        self.store.clear_progress(key)
        self.states.pop(key, None)

    @invariant()
    def unfinished_state_is_kept(self):
        seen = {
            path.parent.name: path.read_bytes() for path in self.store.root.glob("progress/*/*/*")
        }
        assert seen == self.states

    @invariant()
    def what_has_says_is_a_file(self):
        for key in ("a1", "a2", "b1"):
            if self.refs.get(key) is not SPOILT:
                assert self.store.has("scores", key) == (key in self.refs)


def facts(value):
    return atomic.hashlib.sha256(value).hexdigest(), len(value)


def hold_beside(examples, steps):
    chosen = settings(
        max_examples=examples,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
    )
    run_state_machine_as_test(StoreBesideADict, settings=chosen)


@pytest.mark.slow
def test_a_store_gives_what_a_dict_would_whatever_is_done_to_it():
    in_fresh_process(hold_beside, 40, 25)


def hold_one_that_is_not_checked():
    atomic.fault = lambda path, sha256, size: None if path.is_file() else "missing"
    hold_beside(40, 25)


@pytest.mark.slow
def test_a_store_that_does_not_check_its_files_is_found_out():
    with pytest.raises(AssertionError):
        in_fresh_process(hold_one_that_is_not_checked)

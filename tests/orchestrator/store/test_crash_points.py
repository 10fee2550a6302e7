"""Every step of every writer fails once: what a reader finds then is absent, old or whole, never wrong."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.store import atomic, local
from orchestrator.store.atomic import atomic_write, link_or_copy
from orchestrator.store.local import ArtifactStore
from orchestrator.store.maintenance import entries, remove
from orchestrator.store.whole_folder import whole_folder
from tests.faults import FAULTS, corrupt, crash_points, in_fresh_process
from trainables.spec import TrialSpec
from trainables.whole_file import whole_file

VALUE = bytes(range(256)) * 32
SPEC = TrialSpec(
    dataset="imdb", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=11
)


def write_in_halves(path):
    with path.open("wb") as file:
        file.write(VALUE[:4096])
        file.flush()
        os.fsync(file.fileno())  # a step at which to fail in the middle of the value
        file.write(VALUE[4096:])


def bytes_of(path):
    return path.read_bytes() if path.exists() else None


def write_entry(root, value=write_in_halves):
    ArtifactStore(root).get("scores", "key", value, about={"rate": 0.1})


def read_entry(root, key="key"):
    atomic._DIGESTS.clear()
    path = ArtifactStore(root).find("scores", key)
    return path and path.read_bytes()


def write_other_entry(root):
    ArtifactStore(root).put("scores", "key", lambda path: path.write_bytes(b"other"))


def spoilt(how, which):
    """An entry of which the blob or the ref is spoilt."""

    def prepare(root):
        write_entry(root)
        store = ArtifactStore(root)
        ref = store.ref("scores", "key")
        corrupt(store.find("scores", "key") if which == "blob" else ref, how, at=100)
        atomic._DIGESTS.clear()

    return prepare


def two_entries(root):
    write_entry(root)
    ArtifactStore(root).put("scores", "other", lambda path: path.write_bytes(b"other"))


def remove_entry(root):
    gone = [entry for entry in entries(root) if entry.ref.stem == "key"]
    remove(root, gone)


def read_two(root):
    return read_entry(root), read_entry(root, "other")


def two_states(root):
    root.mkdir()
    atomic_write(ArtifactStore(root).progress("key") / "state", b"step 4")


def clear_state(root):
    ArtifactStore(root).clear_progress("key")


def read_state(root):
    return bytes_of(root / "progress" / "any" / "key" / "state")


def rows_of_two(root):
    """A store with a finished trial, and an older row of it in the run's folder."""
    from orchestrator.store.run_folder import Run
    from trainables.records import to_json
    from trainables.result import TrialResult

    store = ArtifactStore(root / "store")
    store.put("outcome", SPEC.result_key, lambda path: path.write_bytes(VALUE))
    row = TrialResult(spec=SPEC, accuracy=0.9)
    store.put("result", SPEC.result_key, lambda path: path.write_text(to_json(row)))
    (root / "run").mkdir()
    Run(root / "run").write_failure(SPEC, "out of memory")


def copy_row(root):
    from orchestrator.store.run_folder import Run

    Run(root / "run").copy_row(SPEC, ArtifactStore(root / "store"))


def read_row(root):
    from orchestrator.store.run_folder import Run
    from trainables.records import from_json

    row = from_json(Run(root / "run").row(SPEC).read_text())
    beside = [path.read_bytes() for path in (root / "run").glob("outcomes/[!.]*")]
    return row.accuracy, beside[0] if beside else None


def write_text(root):
    with whole_file(root / "value") as draft:
        draft.write_bytes(VALUE)


def old_text(root):
    root.mkdir()
    atomic_write(root / "value", b"old")


def read_text(root):
    return bytes_of(root / "value")


def link_text(root):
    link_or_copy(root / "blob", root / "deep" / "value")


def blob_to_link(root):
    root.mkdir()
    atomic_write(root / "blob", VALUE)


def read_linked(root):
    return bytes_of(root / "deep" / "value")


def write_folder(root):
    if (root / "out").exists():  # what is there is whole, and is not overwritten
        return
    with whole_folder(root / "out") as draft:
        (draft / "data").mkdir()
        write_in_halves(draft / "data" / "train.csv")
        (draft / "prune.json").write_bytes(VALUE)


def read_folder(root):
    out = root / "out"
    if not out.exists():
        return None
    return bytes_of(out / "data" / "train.csv"), bytes_of(out / "prune.json")


class Counted:
    """A learner of which only the number of steps is known."""

    def __init__(self, steps=0):
        self.steps = steps

    def save(self, path):
        path.write_bytes(self.steps.to_bytes(1) * 9000)

    def load(self, path):
        (self.steps,) = {*path.read_bytes()}


def first_checkpoint(root):
    from trainables.training.saved_states import save_progress

    root.mkdir()
    save_progress(Counted(4), root)


def next_checkpoint(root):
    from trainables.training.saved_states import save_progress

    save_progress(Counted(9), root)


def read_checkpoint(root):
    from trainables.training.saved_states import load_progress

    learner = Counted()
    load_progress(learner, root)
    return learner.steps


@dataclass(frozen=True, kw_only=True)
class Writer:
    """One writer of files.

    Attributes:
        write: What it does; also what the one after it does, in good health.
        read: What a reader finds.
        may_be: What that may be wherever it was stopped.
        at_end: What it is when a writer has returned.
        prepare: Makes the folder and what is in it before.
    """

    write: Callable[[Path], object]
    read: Callable[[Path], object]
    may_be: tuple[object, ...]
    at_end: object
    prepare: Callable[[Path], object] = Path.mkdir


WRITERS: Mapping[str, Writer] = {
    "entry": Writer(write=write_entry, read=read_entry, may_be=(None, VALUE), at_end=VALUE),
    "entry made by two": Writer(
        write=write_other_entry, read=read_entry, may_be=(VALUE,), at_end=VALUE, prepare=write_entry
    ),
    "file": Writer(
        write=write_text, read=read_text, may_be=(b"old", VALUE), at_end=VALUE, prepare=old_text
    ),
    "second name": Writer(
        write=link_text, read=read_linked, may_be=(None, VALUE), at_end=VALUE, prepare=blob_to_link
    ),
    "row and outcome": Writer(
        write=copy_row, read=read_row, may_be=((None, None), (0.9, None), (0.9, VALUE)),
        at_end=(0.9, VALUE), prepare=rows_of_two,
    ),
    "checkpoint": Writer(
        write=next_checkpoint, read=read_checkpoint, may_be=(4, 9), at_end=9, prepare=first_checkpoint
    ),
    "folder": Writer(
        write=write_folder, read=read_folder, may_be=(None, (VALUE, VALUE)), at_end=(VALUE, VALUE)
    ),
    "end of a trial's state": Writer(
        write=clear_state, read=read_state, may_be=(b"step 4", None), at_end=None, prepare=two_states
    ),
    "removal": Writer(
        write=remove_entry, read=read_two, may_be=((VALUE, b"other"), (None, b"other")),
        at_end=(None, b"other"), prepare=two_entries,
    ),
    **{
        f"recovery of a {how} {which}": Writer(
            write=write_entry, read=read_entry, may_be=(None, VALUE), at_end=VALUE,
            prepare=spoilt(how, which),
        )
        for how, which in (("flipped", "blob"), ("a-folder", "ref"))
    },
}  # fmt: skip


def all_outcomes(root, name):
    """By fault, what each step's failure came to."""
    writer, found = WRITERS[name], {}
    for fault in FAULTS:
        (root / fault).mkdir()
        found[fault] = crash_points(root / fault, fault, writer.write, writer.read, writer.prepare)
    return found


@pytest.fixture(scope="module", params=WRITERS)
def writer(request):
    name = request.param
    quick = Path("/dev/shm")  # thousands of fsyncs, of which none need reach a disk
    with tempfile.TemporaryDirectory(dir=quick if quick.is_dir() else None) as root:
        yield WRITERS[name], in_fresh_process(all_outcomes, Path(root), name)


def each(crashes):
    return [(fault, outcome) for fault, outcomes in crashes.items() for outcome in outcomes]


def test_what_is_found_is_absent_old_or_whole_wherever_a_writer_is_stopped(writer):
    row, crashes = writer
    assert [(f, o) for f, o in each(crashes) if o.found not in row.may_be] == []


def test_a_second_writer_succeeds_wherever_the_first_one_was_stopped(writer):
    row, crashes = writer
    assert [(f, o) for f, o in each(crashes) if o.mended != row.at_end] == []


def test_what_was_reported_done_outlives_a_power_cut(writer):
    row, crashes = writer
    ends = {fault: outcomes[-1] for fault, outcomes in crashes.items()}
    assert {end.ended for end in ends.values()} == {"untouched"}
    assert [(fault, end) for fault, end in ends.items() if end.found != row.at_end] == []


def test_a_writer_that_is_not_killed_leaves_nothing_unfinished(writer):
    _, crashes = writer
    assert [(f, o) for f, o in each(crashes) if o.litter and o.ended != "killed"] == []


def test_of_an_entry_no_stop_leaves_anything_that_has_to_be_put_aside(writer):
    row, crashes = writer
    if row is not WRITERS["entry"]:
        pytest.skip("of entries that were spoilt something is")
    assert {outcome.rejected for _, outcome in each(crashes)} == {0}
    wholes = [one.found == VALUE for one in crashes["kill"]]
    assert len(wholes) > 20 and wholes == sorted(wholes)  # one step is the commit


def write_in_place(root):
    write_in_halves(root / "value")


def test_a_writer_in_place_is_found_out_as_torn(tmp_path):
    crashes = in_fresh_process(crash_points, tmp_path, "kill", write_in_place, read_text)
    assert VALUE[:4096] in {outcome.found for outcome in crashes}


def write_entry_unsynced(root):
    local.sync = lambda path: None
    write_entry(root)


@pytest.mark.parametrize("fault", ["lost-bytes", "lost-names"])
def test_a_writer_that_does_not_sync_is_found_out_as_forgetful(fault, tmp_path):
    last = in_fresh_process(crash_points, tmp_path, fault, write_entry_unsynced, read_entry)[-1]
    assert last.ended == "untouched" and last.found is None

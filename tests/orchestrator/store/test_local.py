import errno
import hashlib
import os
import pickle
import random
import shutil

import pytest

from orchestrator.store import atomic, local
from orchestrator.store.atomic import StoreDivergedError, StoreError, atomic_write
from orchestrator.store.local import ArtifactStore
from orchestrator.store.version import with_checksum
from tests.faults import corrupt

VALUE = random.Random(0).randbytes(20_000)
KEY = hashlib.sha256(b"a key").hexdigest()
SPEC = {"dataset": "imdb", "rate": 0.1, "classes": ["neg", "pos"]}


def writes(value):
    def make(path):
        path.write_bytes(value)

    return make


def refuses(path):
    raise AssertionError("make was called")


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


@pytest.fixture
def filled(store):
    store.get("scores", KEY, writes(VALUE), about=SPEC)
    return store


def in_another_process(store):
    """The store as a process finds it that has verified nothing yet."""
    atomic._DIGESTS.clear()
    return pickle.loads(pickle.dumps(store))


def blob_of(store):
    return store.root / "blobs" / (sha := store.about("scores", KEY)["sha256"])[:2] / sha


def ref_of(store):
    return store.root / "refs" / store.environment / "scores" / KEY[:2] / f"{KEY}.json"


def put_aside(store):
    return sorted(path.name.split(".", 1)[1] for path in store.root.glob("quarantine/*"))


def test_an_entry_is_computed_when_asked_for_the_first_time(store):
    assert store.get("scores", KEY, writes(VALUE)).read_bytes() == VALUE


def test_an_entry_that_is_there_is_not_computed(filled):
    assert filled.get("scores", KEY, refuses).read_bytes() == VALUE


def test_an_entry_never_made_is_not_found_and_looking_for_it_writes_nothing(store):
    assert store.find("scores", KEY) is None and not store.root.exists()


def test_an_entry_is_of_its_kind(filled):
    assert filled.has("scores", KEY) and not filled.has("embeddings", KEY)


def test_a_ref_keeps_what_the_value_was_made_from(filled):
    assert filled.about("scores", KEY)["about"] == SPEC


def test_a_ref_names_the_process_that_made_the_value(filled):
    assert filled.about("scores", KEY)["made_by"]["pid"] == os.getpid()


def test_a_value_lies_under_the_name_of_its_checksum_and_is_read_only(filled):
    path = filled.find("scores", KEY)
    assert path.name == hashlib.sha256(VALUE).hexdigest() and path.stat().st_mode & 0o222 == 0


def test_equal_values_are_kept_once(filled):
    assert filled.get("scores", "another", writes(VALUE)) == filled.find("scores", KEY)


def test_values_of_another_environment_are_not_found(tmp_path):
    ArtifactStore(tmp_path, environment="a100-bf16").put("scores", KEY, writes(VALUE))
    assert not ArtifactStore(tmp_path, environment="h200-bf16").has("scores", KEY)


def test_a_store_counts_what_it_computed_by_kind(filled):
    filled.get("scores", KEY, refuses)
    filled.put("scores", "another", writes(VALUE))
    assert filled.made == {"scores": 2}


def test_a_copy_in_another_process_counts_its_own(filled):
    assert not pickle.loads(pickle.dumps(filled)).made


def test_a_file_is_hashed_once_a_process(filled, monkeypatch):
    store = in_another_process(filled)
    store.find("scores", KEY)
    monkeypatch.setattr(hashlib, "file_digest", refuses)
    assert store.find("scores", KEY).read_bytes() == VALUE


def test_a_new_file_with_the_looks_of_a_deleted_one_is_hashed_afresh(store):
    def make(path):
        path.write_bytes(VALUE)
        atomic.sha256_of(path)
        atomic._DIGESTS.update(dict.fromkeys(atomic._DIGESTS, "0" * 64))

    assert store.put("scores", KEY, make).name == hashlib.sha256(VALUE).hexdigest()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../up", "a/b", "/etc/passwd", ".hidden", "a\0", "a\n", "A", "x" * 129, "ä"],
)
def test_a_name_that_could_leave_its_folder_is_refused(name, store):
    calls = [
        lambda: store.put("scores", name, refuses),
        lambda: store.get(name, KEY, refuses),
        lambda: store.has("scores", name),
        lambda: store.progress(name),
        lambda: store.clear_progress(name),
        lambda: ArtifactStore(store.root, environment=name or "/"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"is '.*'; use up to 128 of a-z"):
            call()


@pytest.mark.parametrize("about", [{"rate": float("nan")}, {"model": object()}])
def test_what_is_not_json_is_refused_before_the_value_is_computed(about, store):
    with pytest.raises((TypeError, ValueError), match="JSON"):
        store.get("scores", KEY, refuses, about=about)


def test_a_computation_that_raises_leaves_nothing(store):
    def make(path):
        path.write_bytes(VALUE)
        raise KeyError("label")

    with pytest.raises(KeyError, match="label"):
        store.get("scores", KEY, make)
    left = {path.name for path in store.root.rglob("*") if path.is_file() and path.stat().st_size}
    assert left == {".prune-envelope", "VERSION"}


@pytest.mark.parametrize(
    "make",
    [lambda path: None, lambda path: path.mkdir(), lambda path: path.symlink_to(__file__)],
    ids=["nothing", "a-folder", "a-link"],
)
def test_a_computation_that_writes_no_plain_file_is_refused(make, store):
    with pytest.raises(FileNotFoundError, match="write the value there, as one file"):
        store.get("scores", KEY, make)


def test_the_first_value_of_a_key_stays_and_a_differing_one_is_reported(filled, caplog):
    path = filled.put("scores", KEY, writes(b"other"))
    assert path.read_bytes() == VALUE and "the key leaves out" in caplog.text


def test_a_strict_store_refuses_a_differing_value_and_names_both(filled):
    strict = ArtifactStore(filled.root, strict=True)
    with pytest.raises(StoreDivergedError, match=blob_of(filled).name) as caught:
        strict.put("scores", KEY, writes(b"other"))
    assert hashlib.sha256(b"other").hexdigest() in str(caught.value)


def test_a_strict_store_accepts_the_same_value_again(filled):
    strict = ArtifactStore(filled.root, strict=True)
    assert strict.put("scores", KEY, writes(VALUE)).read_bytes() == VALUE


@pytest.mark.parametrize("second", [VALUE, b"other"])
def test_the_first_value_stays_on_a_disk_without_hard_links(second, store, monkeypatch):
    def link(*args, **kwargs):
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    store.put("scores", KEY, writes(VALUE))
    assert store.put("scores", KEY, writes(second)).read_bytes() == VALUE


def test_a_store_of_another_version_is_refused(filled):
    (filled.root / "VERSION").write_text(f"{with_checksum('prune-envelope store 99')}\n")
    with pytest.raises(StoreError, match=r"store 99.*choose another folder"):
        ArtifactStore(filled.root)


@pytest.mark.parametrize("how", ["flipped", "truncated", "emptied", "a-folder"])
def test_a_damaged_version_is_not_another_release_and_is_written_anew(filled, how, caplog):
    for at in range(1, 8 * len("prune-envelope store 1"), 11):
        corrupt(filled.root / "VERSION", how, at)
        store = ArtifactStore(filled.root)
        assert store.find("scores", KEY).read_bytes() == VALUE
        store.put("scores", "another", writes(VALUE))
        assert (filled.root / "VERSION").read_text().strip() == "prune-envelope store 1"
    assert "VERSION is not used: damaged" in caplog.text


def test_a_store_holds_what_is_intact_and_no_longer_what_is_gone(filled):
    store = ArtifactStore(filled.root)
    assert store.holds("scores", KEY) and not store.holds("scores", "another")
    store.ref("scores", KEY).unlink()
    assert not store.holds("scores", KEY)


def test_a_store_does_not_hold_what_is_damaged_though_it_was_committed(filled):
    store = ArtifactStore(filled.root)
    corrupt(store.find("scores", KEY), "flipped")
    atomic._DIGESTS.clear()
    store = ArtifactStore(filled.root)
    assert store.has("scores", KEY) and not store.holds("scores", KEY)
    assert not store.has("scores", KEY)


SPOILT = ["flipped", "truncated", "zeroed", "emptied", "deleted", "a-folder"]


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_value_is_computed_again(how, filled):
    corrupt(blob_of(filled), how, at=9000)
    assert in_another_process(filled).get("scores", KEY, writes(VALUE)).read_bytes() == VALUE


@pytest.mark.parametrize("how", ["flipped", "truncated", "zeroed"])
def test_a_value_spoilt_anywhere_is_not_found(how, filled):
    rng, found = random.Random(0), []
    for _ in range(60):
        corrupt(blob_of(filled), how, at=rng.randrange(8 * len(VALUE)))
        found.append(in_another_process(filled).find("scores", KEY))
        filled.get("scores", KEY, writes(VALUE))
    assert found == [None] * 60


@pytest.mark.parametrize("how", [how for how in SPOILT if how != "deleted"])
def test_a_spoilt_ref_is_put_aside_and_the_entry_computed_again(how, filled):
    corrupt(ref_of(filled), how, at=100)
    assert filled.get("scores", KEY, writes(VALUE)).read_bytes() == VALUE
    assert put_aside(filled)[0].startswith("json.not-its-ref")


@pytest.mark.parametrize(
    ("how", "why"),
    [("flipped", "wrong-sha256"), ("truncated", "wrong-size"), ("a-folder", "not-a-file")],
)
def test_a_spoilt_value_is_put_aside_with_its_ref_and_reported(how, why, filled, caplog):
    corrupt(blob_of(filled), how)
    in_another_process(filled).find("scores", KEY)
    aside = [name.rsplit(".", 1)[0] for name in put_aside(filled)]
    assert aside == [f"json.{why}", why] and why in caplog.text


def test_a_ref_without_its_value_is_put_aside(filled):
    blob_of(filled).unlink()
    filled.find("scores", KEY)
    assert put_aside(filled)[0].startswith("json.missing")


def test_an_intact_entry_is_never_put_aside(filled):
    assert in_another_process(filled).find("scores", KEY) and put_aside(filled) == []


def test_a_ref_under_the_name_of_another_is_not_believed(filled):
    filled.put("scores", KEY[:2] + "another", writes(b"other"))
    ref_of(filled).with_stem(KEY[:2] + "another").replace(ref_of(filled))
    assert filled.find("scores", KEY) is None


def test_a_torn_value_under_the_right_name_is_replaced_on_put(store):
    sha256 = hashlib.sha256(VALUE).hexdigest()
    torn = store.root / "blobs" / sha256[:2] / sha256
    torn.parent.mkdir(parents=True)
    torn.write_bytes(VALUE[:100])
    assert store.put("scores", KEY, writes(VALUE)).read_bytes() == VALUE
    assert put_aside(store)[0].startswith("wrong-size")


def test_an_unusable_ref_that_cannot_be_moved_is_reported(filled, monkeypatch):
    corrupt(ref_of(filled), "flipped")
    monkeypatch.setattr(local, "put_in_quarantine", lambda *args: None)
    with pytest.raises(StoreError, match="cannot be put aside; remove it"):
        filled.get("scores", KEY, writes(VALUE))


def test_an_open_reader_keeps_its_bytes_while_the_entry_is_moved_away_and_made_again(filled):
    with filled.find("scores", KEY).open("rb") as reader:
        half = reader.read(10_000)
        blob_of(filled).rename(filled.root / "elsewhere")
        filled.get("scores", KEY, writes(VALUE))
        assert half + reader.read() == VALUE


def test_unfinished_state_is_found_again(store):
    atomic_write(store.progress(KEY) / "checkpoint", b"step 4")
    assert (in_another_process(store).progress(KEY) / "checkpoint").read_bytes() == b"step 4"


def test_unfinished_state_is_kept_apart_by_environment(store):
    atomic_write(store.progress(KEY) / "checkpoint", b"step 4")
    other = ArtifactStore(store.root, environment="h200")
    assert list(other.progress(KEY).iterdir()) == []


def test_cleared_unfinished_state_is_gone(store):
    atomic_write(store.progress(KEY) / "checkpoint", b"step 4")
    store.clear_progress(KEY)
    assert not list(store.root.rglob("checkpoint")) and not list(store.root.glob("tmp/*"))


def test_unfinished_state_is_gone_before_it_is_deleted_file_by_file(store, monkeypatch):
    atomic_write(store.progress(KEY) / "checkpoint", b"step 4")
    monkeypatch.setattr(shutil, "rmtree", lambda *args, **kwargs: None)
    store.clear_progress(KEY)
    assert list(store.progress(KEY).iterdir()) == []

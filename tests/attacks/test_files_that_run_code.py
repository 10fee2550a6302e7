"""Files that run code in whoever loads them as their makers meant: each is refused or left alone, and nothing runs."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from orchestrator.cli.config_file import read_options
from orchestrator.pruning.source_card import source_card
from orchestrator.store.local import ArtifactStore
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.errors import EnvelopeError
from trainables.own_folders import mark

TABLE = "text,label\n" + "".join(f"a text of row {i},{'ab'[i % 2]}\n" for i in range(40))


class Runs:
    """What leaves a file where it is unpickled."""

    def __init__(self, at):
        self.at = at

    def __reduce__(self):
        return Path.touch, (self.at,)


@pytest.fixture
def ran(tmp_path):
    """The file that code leaves which ran; each payload is seen to leave it where it is loaded."""
    return tmp_path / "ran"


def pickled(at):
    return pickle.dumps(Runs(at))


def saved_by_torch(at):
    """As torch.save writes it: a zip with a pickle in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(at))
    return file.getvalue()


def saved_by_numpy(at):
    file = io.BytesIO()
    np.save(file, np.array([Runs(at)], dtype=object), allow_pickle=True)
    return file.getvalue()


PAYLOADS = {"pickle": pickled, "torch": saved_by_torch, "numpy": saved_by_numpy}


@pytest.mark.parametrize("make", PAYLOADS.values(), ids=PAYLOADS)
def test_each_payload_does_run_where_it_is_loaded(make, ran):
    """Without this the tests below could not fail."""
    data = make(ran)
    if make is saved_by_torch:
        data = zipfile.ZipFile(io.BytesIO(data)).read("archive/data.pkl")
    if make is saved_by_numpy:
        np.load(io.BytesIO(data), allow_pickle=True)
    else:
        pickle.loads(data)
    assert ran.exists()


@pytest.mark.parametrize("make", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize(
    "ending", ["pkl", "pt", "bin", "npy", "parquet", "csv", "jsonl", "arrow", "json", "zip"]
)
def test_a_data_set_never_runs(make, ending, ran, tmp_path):
    path = tmp_path / f"train.{ending}"
    path.write_bytes(make(ran))
    with pytest.raises(EnvelopeError):
        load(Source(name=str(path), test_fraction=0.25))
    assert not ran.exists()


@pytest.mark.parametrize("make", PAYLOADS.values(), ids=PAYLOADS)
def test_vectors_beside_a_table_never_run(make, ran, tmp_path):
    (tmp_path / "train.csv").write_text(TABLE)
    (tmp_path / "v.npy").write_bytes(make(ran))
    with pytest.raises(EnvelopeError, match=r"v\.npy"):
        columns = Columns(text=("text",), label="label", embedding="v.npy")
        load(Source(name=str(tmp_path / "train.csv"), columns=columns, test_fraction=0.25))
    assert not ran.exists()


TAGS = [
    "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [{at}]]",
    "!!python/object/apply:os.system ['touch {at}']",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/object/new:os.system ['touch {at}']",
]


@pytest.mark.parametrize("tag", TAGS)
def test_the_tags_of_yaml_never_run(tag, ran, tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(f"grid: {tag.format(at=ran)}\n")
    with pytest.raises(EnvelopeError, match=r"sweep\.yaml"):
        read_options(path)
    with pytest.raises(EnvelopeError):
        read_options(None, [f"grid={tag.format(at=ran)}"])
    (tmp_path / "README.md").write_text(f"---\nlicense: {tag.format(at=ran)}\n---\n")
    source_card(tmp_path / "sweep.yaml", "")
    assert not ran.exists()


@pytest.mark.parametrize("make", PAYLOADS.values(), ids=PAYLOADS)
def test_what_lies_in_a_cache_never_runs(make, ran, tmp_path):
    """In place of a ref, of a blob, and of a run's unfinished state."""
    mark(tmp_path / "cache", "cache")
    store, key = ArtifactStore(tmp_path / "cache"), "0" * 64
    blob = store.get("scores", key, lambda path: path.write_bytes(b"good"))
    blob.chmod(0o600)
    blob.write_bytes(make(ran))
    assert ArtifactStore(tmp_path / "cache").find("scores", key) is None
    store.ref("scores", key).parent.mkdir(parents=True, exist_ok=True)
    store.ref("scores", key).write_bytes(make(ran))
    assert ArtifactStore(tmp_path / "cache").find("scores", key) is None
    assert not ran.exists()

"""Machines that share an object store: here two folders, and a remote that is a third or S3."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from orchestrator.store import atomic
from orchestrator.store.local import ArtifactStore
from orchestrator.store.object_storage import Remote
from orchestrator.store.replicated import SharedStore
from tests.faults import corrupt

KEY = "a" * 64


def writes(value, facts=None):
    def make(path):
        path.write_bytes(value)
        return facts

    return make


def refuses(path):
    raise AssertionError("make was called")


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """A URI maker on a moto server of our own, on this machine's loopback alone."""
    pytest.importorskip("moto.server")
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}")

    def bucket():
        name = f"b{uuid.uuid4().hex[:12]}"
        client.create_bucket(Bucket=name)
        return f"s3://{name}/pre/fix?endpoint_override=127.0.0.1:{port}&scheme=http"

    yield bucket
    server.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(params=["folder", "s3"])
def uri(request, tmp_path):
    if request.param == "folder":
        return (tmp_path / "far").as_uri()
    return request.getfixturevalue("s3")()


@pytest.fixture
def machine(uri, tmp_path):
    """A machine's store by its name."""
    return lambda name: SharedStore(ArtifactStore(tmp_path / name, environment="e"), Remote(uri))


def test_what_one_machine_makes_every_machine_finds(machine):
    machine("one").get("scores", KEY, writes(b"value", {"seconds": 3}), about={"rate": 0.1})
    other = machine("two")
    assert other.has("scores", KEY) and other.keys("scores") == [KEY]
    assert other.get("scores", KEY, refuses).read_bytes() == b"value"
    assert other.facts("scores", KEY) == {"seconds": 3}
    assert other.about("scores", KEY)["about"] == {"rate": 0.1}


def test_nothing_is_there_before_it_was_made(machine):
    store = machine("one")
    assert not store.has("scores", KEY) and store.keys("scores") == []
    assert store.find("scores", KEY) is None and store.about("scores", KEY) is None


def test_a_machine_sees_at_once_what_it_made_itself_and_soon_what_others_did(machine):
    one, two = machine("one"), machine("two")
    assert not two.has("scores", KEY)
    one.put("scores", KEY, writes(b"value"))
    assert one.has("scores", KEY)
    two.refresh()
    assert two.has("scores", KEY)


def test_the_first_to_send_wins_and_the_other_is_warned(machine, caplog):
    one, two = machine("one"), machine("two")
    two._local.put("scores", KEY, writes(b"second"))
    one.put("scores", KEY, writes(b"first"))
    found = two.put("scores", KEY, writes(b"second"))
    assert found.read_bytes() == b"first"
    assert "that one counts" in caplog.text
    assert two.find("scores", KEY).read_bytes() == b"first"


def test_a_blob_damaged_on_one_machine_is_fetched_anew(machine):
    one = machine("one")
    path = one.put("scores", KEY, writes(b"value" * 100))
    corrupt(path, "flipped")
    atomic._DIGESTS.clear()
    fresh = machine("one")
    assert fresh.get("scores", KEY, refuses).read_bytes() == b"value" * 100


def test_a_blob_damaged_over_there_is_not_used(machine, uri, tmp_path):
    path = machine("one").put("scores", KEY, writes(b"value"))
    (tmp_path / "bad").write_bytes(b"valve")
    Remote(uri).send(tmp_path / "bad", f"blobs/{path.name[:2]}/{path.name}")
    assert machine("two").find("scores", KEY) is None


def test_a_preempted_trial_goes_on_elsewhere_from_its_newest_state(machine):
    one = machine("one")
    folder = one.progress(KEY)
    (folder / "0001-a.safetensors").write_bytes(b"old")
    one.keep_progress(KEY)
    (folder / "0001-a.safetensors").unlink()
    (folder / "0002-b.safetensors").write_bytes(b"new")
    one.keep_progress(KEY)
    there = machine("two").progress(KEY)
    assert [path.name for path in there.glob("*")] == ["0002-b.safetensors"]
    assert (there / "0002-b.safetensors").read_bytes() == b"new"


def test_a_finished_trial_leaves_no_state_anywhere(machine):
    one = machine("one")
    (one.progress(KEY) / "0001-a.safetensors").write_bytes(b"old")
    one.keep_progress(KEY)
    one.clear_progress(KEY)
    assert list(machine("two").progress(KEY).iterdir()) == []


def test_a_kind_of_storage_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match=r"--storage 'ftp://host/x'.*write s3://BUCKET/PREFIX"):
        Remote("ftp://host/x")


@pytest.mark.slow
def test_a_sweep_on_s3_is_killed_and_taken_up_by_another_machine(s3, tmp_path):
    uri = s3()
    small = [
        "--grid", "demo", "--dataset", "synthetic:300", "--limit-test", "100", "--model", "linear",
        "--seeds", "2", "--rate", "0.1", "--signal", "random", "--storage", uri, "--run", "run",
    ]  # fmt: skip

    def start(name):
        (tmp_path / name).mkdir()
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrator.sweep", *small], cwd=tmp_path / name,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def machine(name):
        driver = start(name)
        printed, _ = driver.communicate(timeout=300)
        return driver.returncode, printed

    def results():
        return [name for name in Remote(uri).names("refs") if "/result/" in name]

    driver = start("one")
    deadline = time.monotonic() + 200
    while not results():
        assert driver.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    assert 0 < len(results()) < 4
    code, printed = machine("two")
    assert code == 0, printed
    # A worker may live a moment longer than its driver, and finish one more.
    assert re.search(r"[123] already done, [123] to run", printed)
    code, printed = machine("three")
    assert code == 0 and "nothing to do: 4 of 4 done" in printed
    rows = [
        sorted(path.name for path in (tmp_path / name / "run" / "trials").iterdir())
        for name in ("two", "three")
    ]
    assert rows[0] == rows[1] and len(rows[0]) == 4
    found = Remote(uri).names("runs/run")
    assert {"runs/run/plan.json", "runs/run/report.html"} <= found

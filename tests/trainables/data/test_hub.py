"""A data set is read from a hub (one on loopback): its commit looked up, its splits one by one."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hub_server import HubServer
from trainables.data.catalog import Source, load
from trainables.data.hub import Hub, hub_of, is_reachable
from trainables.errors import UsageError

# The client reads where the hub and its cache are when it is imported: a process for each asking.
ASK = """
import json, sys
from trainables.data.catalog import Source, load
from trainables.errors import EnvelopeError
for asked in json.loads(sys.argv[1]):
    try:
        d = load(Source(**asked))
        found = {"rows": len(d.train), "test": len(d.test), "classes": d.class_names,
                 "source": d.source, "notes": d.notes, "texts": d.train.texts, "sha": d.sha}
    except EnvelopeError as error:
        found = {"error": str(error), "code": error.exit_code}
    print(json.dumps(found))
"""
NAMES = b"---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names: [neg, pos]\n---\n"

CARD = """---
configs:
- config_name: all
  data_files:
  - {split: train, path: train.parquet}
  - {split: test, path: test.parquet}
  - {split: unused, path: huge/*}
---
"""


def ask(hub, home, *asked, **environment):
    """What loading each of these gives, in one process."""
    sources = [{"name": one} if isinstance(one, str) else one for one in asked]
    about = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "PATH": os.environ["PATH"],
             "HF_HUB_DISABLE_PROGRESS_BARS": "1", "OMP_NUM_THREADS": "1"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(sources)],
        check=False, env=about | environment, cwd=Path(__file__).parents[3],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return found if len(found) > 1 else found[0]


def parquet(n, word="t", **columns):
    table = pa.table({"text": [f"{word} {i}" for i in range(n)], "label": [i % 2 for i in range(n)],
                      **columns})  # fmt: skip
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def csv(n, word="t"):
    return "".join(["text,label\n", *(f"{word} {i},{i % 2}\n" for i in range(n))]).encode()


@pytest.fixture
def hub():
    with HubServer() as server:
        yield server


@pytest.mark.parametrize(("text", "means"), [
    ("o/n", Hub(repo="o/n")),
    ("o/n@dev", Hub(repo="o/n", revision="dev")),
    ("o/n:en", Hub(repo="o/n", config="en")),
    ("o-1/n.2:en-US@refs/convert/parquet",
     Hub(repo="o-1/n.2", config="en-US", revision="refs/convert/parquet")),
    ("o/n:c@" + "a" * 40, Hub(repo="o/n", config="c", revision="a" * 40)),
    ("n", None), ("o/n/m", None), ("../n", None), ("o/n@", None), ("o/n:", None), ("./n", None),
    ("o/n@../../x", None), ("o--p/n", None), ("o/n\n", None), ("ö/n", None), ("", None),
])  # fmt: skip
def test_the_forms_of_a_hub_id(text, means):
    assert hub_of(text) == means


def test_the_newest_commit_is_looked_up_and_only_the_splits_in_use_are_fetched(hub, tmp_path):
    files = {"README.md": NAMES, "data/train-00000-of-00001.parquet": parquet(20, other=[1.5] * 20),
             "data/test-00000-of-00001.parquet": parquet(8, "x"),
             "data/huge-00000-of-00001.parquet": bytes(10**6)}  # fmt: skip
    commit = hub.commit("o/n", files)
    found = ask(hub, tmp_path, "o/n")
    assert (found["rows"], found["test"], found["classes"]) == (20, 8, ["neg", "pos"])
    assert found["source"] == f"o/n@{commit}"
    assert f"main was at commit {commit} when it was looked up on" in found["notes"][0]
    assert not any("huge" in line for line in hub.asked)


def test_a_branch_that_moves_is_followed_but_by_a_plan_that_names_a_commit(hub, tmp_path):
    first = hub.commit("o/n", {"train.csv": csv(20), "test.csv": csv(4, "x")})
    before = ask(hub, tmp_path, "o/n")
    second = hub.commit("o/n", {"train.csv": csv(30), "test.csv": csv(4, "x")})
    hub.asked.clear()
    after, pinned = ask(hub, tmp_path, "o/n", {"name": "o/n", "pinned": first})
    assert [one["source"] for one in (before, after, pinned)] == [
        f"o/n@{commit}" for commit in (first, second, first)
    ]
    assert (after["rows"], pinned["sha"]) == (30, before["sha"])
    assert f"commit {first} is used, which this run's plan.json names" in pinned["notes"][0]


def test_a_branch_a_tag_a_short_and_a_whole_commit_are_revisions(hub, tmp_path):
    commits = [
        hub.commit("o/n", {"train.csv": csv(n), "test.csv": csv(4, "x")}, ref=ref)
        for n, ref in ((10, "main"), (12, "dev"), (14, "v1.0"), (16, "refs/pr/1"), (18, "gone"))
    ]
    asked = ["o/n@main", "o/n@dev", "o/n@v1.0", "o/n@refs/pr/1", f"o/n@{commits[1][:9]}",
             f"o/n@{commits[4]}", "o/n@nope"]  # fmt: skip
    *found, refused = ask(hub, tmp_path, *asked)
    assert [one["rows"] for one in found] == [10, 12, 14, 16, 12, 18]
    assert found[5]["notes"] == []
    assert "has no revision 'nope'" in refused["error"]


def test_a_card_of_ours_stays_pinned_unless_a_branch_is_named(hub, tmp_path):
    hub.commit("stanfordnlp/imdb", {"train.csv": csv(10), "test.csv": csv(4, "x")}, ref="dev")
    found, refused = ask(hub, tmp_path, "imdb@dev", "imdb")
    assert found["rows"] == 10
    assert "stanfordnlp/imdb@e6281661ce1c48d982bc483cf8a173c1bbeb5d31" in refused["error"]


def test_configs_are_named_behind_a_colon(hub, tmp_path):
    card = b"---\nconfigs:\n- {config_name: en, data_files: [{split: train, path: en.csv}, {split: test, path: t.csv}]}\n- {config_name: de, data_files: [{split: train, path: de.jsonl}, {split: test, path: t.csv}]}\n---\n"
    lines = "".join(
        json.dumps({"text": f"d{i}", "label": i % 2}) + "\n" for i in range(12)
    ).encode()
    files = {"README.md": card, "en.csv": csv(10), "de.jsonl": lines, "t.csv": csv(4, "x")}
    commit = hub.commit("o/n", files)
    english, german, none = ask(hub, tmp_path, "o/n:en", "o/n:de@main", "o/n")
    assert (english["rows"], german["rows"]) == (10, 12)
    assert german["source"] == f"o/n:de@{commit}"
    assert "it has 2 configs, en, de; name one, as in o/n:en" in none["error"]


def test_a_split_that_is_not_there_is_told_with_those_that_are(hub, tmp_path):
    hub.commit("o/n", {"train.csv": csv(10), "dev.csv": csv(4, "x")})
    hub.commit("o/m", {"test.csv": csv(10)})
    found, wrong, none, lacking = ask(
        hub, tmp_path, {"name": "o/n", "test": "validation"}, {"name": "o/n", "test": "tset"},
        "o/n", "o/m",
    )  # fmt: skip
    assert found["test"] == 4
    assert "no split 'tset' on the hub; it has 'train, validation'" in wrong["error"]
    assert "--test-fraction" in none["error"]
    assert "no split train on the hub; it has 'test'" in lacking["error"]


def test_hostile_texts_survive_the_way(hub, tmp_path):
    texts = ['a,"b"', "line\nbreak", "tab\t", "a\u2028b", "NA", "null", "😀", "e\u0301", "é"] * 4
    table = pa.table({"text": texts, "label": [i % 2 for i in range(36)]})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    hub.commit("o/n", {"train.parquet": buffer.getvalue(), "test [1].csv": csv(4, "x")})
    found = ask(hub, tmp_path, "o/n")
    assert (found["texts"], found["test"]) == (texts, 4)


@pytest.mark.parametrize(("status", "name", "says"), [
    (401, "RepoNotFound", "is not on the hub, or private"),
    (401, "", "is not given without a valid token"),
    (403, "GatedRepo", "is gated: accept its terms at http"),
    (403, "", "its token may not read http"),
    (404, "RepoNotFound", "check the name"),
    (404, "", "answered 404: check HF_ENDPOINT"),
    (429, "", "too much was asked"),
    (500, "", "answered 500: try again later"),
    (503, "", "answered 503: try again later"),
])  # fmt: skip
def test_what_the_hub_does_not_give_is_one_line(hub, tmp_path, in_process, status, name, says):
    hub.status["o/n"] = (status, name)
    with pytest.raises(ValueError, match=says) as caught:
        load("o/n")
    assert caught.value.exit_code == 4
    assert str(caught.value).startswith("o/n ")
    assert "\n" not in str(caught.value)


@pytest.fixture
def in_process(hub, tmp_path, monkeypatch):
    """The hub's client of this process asks the hub on loopback."""
    for name in ("HF_HUB_CACHE", "HF_ASSETS_CACHE"):
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", str(tmp_path / name))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def test_a_hub_that_goes_away_mid_download_leaves_no_torn_file(hub, tmp_path):
    texts = {"pad": [os.urandom(64).hex() for _ in range(4000)]}
    files = {"train.parquet": parquet(4000, **texts), "test.csv": csv(4, "x")}
    hub.commit("o/n", files)
    hub.torn = 100_000
    broken = ask(hub, tmp_path, "o/n")
    assert broken["code"] == 4
    assert "as the connection failed: check network and proxy; the same command" in broken["error"]
    with HubServer(refs=hub.refs, commits=hub.commits) as again:
        assert ask(again, tmp_path, "o/n")["rows"] == 4000


def test_without_network_the_copy_of_the_last_time_is_used_and_said(hub, tmp_path):
    commit = hub.commit("o/n", {"train.csv": csv(20), "test.csv": csv(4, "x")})
    ask(hub, tmp_path, "o/n")
    asked = ["o/n", f"o/n@{commit}", "o/n@dev", "o/x", {"name": "o/n", "test": "train"}]
    hub.asked.clear()
    offline = ask(hub, tmp_path, *asked, HF_HUB_OFFLINE="1")
    assert hub.asked == []
    hub.close()
    unreachable = ask(hub, tmp_path, *asked)
    for found, why in ((offline, "offline mode is on"), (unreachable, "cannot be reached")):
        assert [one.get("rows") for one in found] == [20, 20, None, None, 20]
        assert why in found[0]["notes"][0]
        assert f"the copy of commit {commit} is used, where main was when" in found[0]["notes"][0]
        assert all(why in one["error"] for one in found[2:4])


def test_a_split_that_was_not_fetched_is_named_without_network(hub, tmp_path):
    hub.commit("o/n", {"train.csv": csv(20), "test.csv": csv(4, "x"), "dev.csv": csv(6, "v")})
    ask(hub, tmp_path, {"name": "o/n", "test": "validation"})
    found = ask(hub, tmp_path, "o/n", HF_HUB_OFFLINE="1")
    assert "its test.csv is not among what was fetched before" in found["error"]


def test_a_copy_that_another_tool_fetched_is_used_without_network(hub, tmp_path):
    commit = hub.commit("o/n", {"train.csv": csv(20), "test.csv": csv(4, "x")})
    ask(hub, tmp_path, f"o/n@{commit}")
    for listing in (tmp_path / "assets").rglob("*.json"):
        listing.unlink()
    found = ask(hub, tmp_path, "o/n", HF_HUB_OFFLINE="1")
    assert found["rows"] == 20
    assert f"the copy of commit {commit} is used, the only one here" in found["notes"][0]
    assert "may lack some" in found["notes"][1]


def test_a_folder_of_the_same_name_is_read_and_that_is_said(tmp_path, monkeypatch):
    (tmp_path / "o" / "n").mkdir(parents=True)
    for split in ("train", "test"):
        (tmp_path / "o" / "n" / f"{split}.csv").write_bytes(csv(10, split))
    monkeypatch.chdir(tmp_path)
    assert "the folder o/n of this machine is read; o/n@main is the hub's" in load("o/n").notes
    assert not any("hub" in note for note in load(Source(name=str(tmp_path / "o" / "n"))).notes)


@pytest.mark.slow
def test_the_datasets_library_reads_the_same_rows_from_the_same_hub(hub, tmp_path):
    layouts = [
        {"train.csv": csv(6), "test.csv": csv(4, "x")},
        {"data/train-00000-of-00002.parquet": parquet(6), "data/train-00001-of-00002.parquet":
         parquet(4, "u"), "data/test-00000-of-00001.parquet": parquet(4, "x")},
        {"a/train/2.parquet": parquet(6), "a/train/1.parquet": parquet(4, "u"),
         "a/test/1.parquet": parquet(4, "x"), "notes.txt": b"words"},
        {"README.md": CARD.encode(), "train.parquet": parquet(6), "test.parquet": parquet(4, "x"),
         "huge/b.parquet": parquet(2, "y")},
        {"README.md": b"---\nconfigs:\n- config_name: c\n  data_files:\n  - split: train\n    path: "
         b"['deep/**/b.csv', deep/a.csv]\n  - {split: test, path: 't[0-9].csv'}\n---\n",
         "deep/a.csv": csv(6), "deep/x/b.csv": csv(4, "u"), "t1.csv": csv(4, "x"), "tx.csv": csv(2)},
    ]  # fmt: skip
    for k, files in enumerate(layouts):
        hub.commit(f"o/n{k}", files)
    script = """
import json, sys, datasets
for name in json.loads(sys.argv[1]):
    print(json.dumps(datasets.load_dataset(name, split="train")["text"][:]))
"""
    names = [f"o/n{k}" for k in range(len(layouts))]
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(names)], check=False, text=True,
        capture_output=True, timeout=120, cwd=tmp_path,
        env={"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one.get("texts", one) for one in ask(hub, tmp_path, *names)] == theirs


@pytest.mark.slow
def test_a_split_nobody_asked_for_takes_no_memory(hub, tmp_path):
    """Peak memory of reading two small splits is what it is without the third, of 400 MB."""
    # Not ru_maxrss: a process that is forked starts with the peak of this one.
    script = ASK + "print(*(x.strip() for x in open('/proc/self/status') if 'VmHWM' in x))"
    small = {"train.parquet": parquet(2000), "test.parquet": parquet(400, "x")}
    pad = pa.array([os.urandom(4096) for _ in range(100_000)])
    hub.commit("o/small", small)
    files = {"README.md": CARD.encode(), "huge/0.parquet": parquet(100_000, pad=pad)}
    hub.commit("o/big", small | files)
    peaks_mb = []
    for name in ("o/small", "o/big"):
        done = subprocess.run(
            [sys.executable, "-c", script, json.dumps([{"name": name}])],
            check=True, cwd=Path(__file__).parents[3], capture_output=True, text=True,
            env={"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        )  # fmt: skip
        found, peak = done.stdout.splitlines()
        assert json.loads(found)["rows"] == 2000
        peaks_mb.append(int(peak.split()[1]) / 1024)
    assert peaks_mb[1] < peaks_mb[0] + 50


@pytest.mark.parametrize(
    "endpoint",
    ["foo", "http://[bad", "http://h:99999", "http://h:port", "ftp://h", "https://", "//h"],
)
def test_an_endpoint_that_is_no_address_is_called_so(monkeypatch, endpoint):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(UsageError, match="environment variable HF_ENDPOINT is"):
        is_reachable()

"""A pruned data set goes to a hub of our own on loopback: its files and no other, private unless asked."""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from huggingface_hub import close_session, constants

from analysis.pruned_files import PruneRecord
from orchestrator.pruning import hub_target
from orchestrator.pruning.hub_target import HubTarget, check_target
from orchestrator.pruning.push import push
from tests.hub_server import HubServer
from tests.orchestrator.pruning.test_card import FORMATS
from tests.pruned_folders import CC, RECORD, write_pruned
from trainables.errors import DataError, UnavailableError, UsageError

REPO = "ann/sms-pruned"
TARGET = HubTarget(repo=REPO)
SHA = RECORD.list_sha
ENDPOINT = constants.ENDPOINT


@pytest.fixture
def hub(monkeypatch):
    """A hub, and a login there that may write."""
    with HubServer() as hub:
        hub.logins["token"] = ("ann", "write", ("team",))
        hub.logins["reader"] = ("ann", "read", ())
        hub.logins["fine"] = ("ann", "fineGrained", ())
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_TOKEN", "token")
        monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(ENDPOINT, hub.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        # Its own store is another service than the hub; what is there to take in its place is LFS.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        # The client waits longer and longer between tries.
        monkeypatch.setattr("time.sleep", lambda seconds: None)
        yield hub
        close_session()


@pytest.fixture
def out(tmp_path):
    """A pruned data set's folder, of two kinds of files: in the repository itself, and beside it."""
    (one, *_), (other, *_) = FORMATS["csv"], FORMATS["parquet"]
    writers = {"train": [("train.csv", one, {})], "test": [("test.parquet", other, {})]}
    write_pruned(tmp_path / "out", writers)
    return tmp_path / "out"


def record_of(out):
    return PruneRecord.from_json((out / "prune.json").read_text(encoding="utf-8"))


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def sent(hub, out, target=TARGET):
    """What pushing says; nothing in the folder may change by it, whatever happens."""
    before = files_of(out)
    try:
        check_target(target, licensed="mit", list_sha=SHA)
        return push(out, record_of(out), target)
    finally:
        assert files_of(out) == before


def test_what_arrives_is_the_folder_byte_for_byte_and_private_unless_asked(hub, out):
    pushed = sent(hub, out)
    assert hub.held(REPO) == files_of(out)
    assert REPO in hub.private and not pushed.is_public
    assert pushed.url == f"{hub.endpoint}/datasets/{REPO}"
    commits = [line for line in hub.asked if "/commit/" in line]
    assert commits == [f"POST /api/datasets/{REPO}/commit/main"]


def test_it_is_public_where_that_is_asked_for(hub, out):
    pushed = sent(hub, out, replace(TARGET, is_public=True))
    assert REPO not in hub.private and pushed.is_public


def test_nothing_else_of_the_folder_is_sent(hub, out):
    for name in ("secret.txt", ".env", "data/notes.csv"):
        (out / name).write_text("password")
    sent(hub, out)
    assert hub.held(REPO).keys() == files_of(out).keys() - {"secret.txt", ".env", "data/notes.csv"}


def test_to_check_makes_and_sends_nothing(hub):
    check_target(TARGET, licensed="mit", list_sha=SHA)
    assert hub.refs == {} and [line for line in hub.asked if line.startswith(("POST", "PUT"))] == []


@pytest.mark.parametrize(
    "name", ["sms", "a/b/c", "ann/", "/sms", "ann/a--b", "ann/..", "ann/a b", "ann/sms@main", "-a/b", "ann/b.", "ann/é", "a/" + "b" * 96, "ann/sms\n", ""]
)  # fmt: skip
def test_a_name_that_is_none_is_refused_before_anything_is_asked(hub, name):
    with pytest.raises(UsageError, match="write OWNER/NAME"):
        check_target(HubTarget(repo=name), licensed="mit", list_sha=SHA)
    assert hub.asked == []


@pytest.mark.parametrize("name", ["ann/sms", "a/b", "Ann-2/SMS_spam.v1", "team/x1"])
def test_a_name_as_the_hub_has_them_is_taken(hub, name):
    hub.logins["token"] = (name.partition("/")[0], "write", ())
    check_target(HubTarget(repo=name), licensed="mit", list_sha=SHA)


def test_without_a_licence_it_is_refused_before_anything_is_asked(hub):
    with pytest.raises(
        UsageError, match=r"give it as the hub writes it, such as --license cc-by-4.0"
    ):
        check_target(TARGET, licensed="", list_sha=SHA)
    assert hub.asked == []


def test_without_a_login_it_is_refused(hub, monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(
        UnavailableError, match="nobody is logged in here; run hf auth login, or set HF_TOKEN"
    ):
        check_target(TARGET, licensed="mit", list_sha=SHA)


@pytest.mark.parametrize(
    ("token", "why"), [("wrong", "the token is not valid"), ("reader", "the token of ann may only read")]
)  # fmt: skip
def test_a_login_that_may_not_write_is_refused_before_anything_is_made(
    hub, monkeypatch, token, why
):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(UnavailableError, match=why):
        check_target(TARGET, licensed="mit", list_sha=SHA)
    assert hub.refs == {}


def test_an_owner_who_is_somebody_else_is_refused_and_a_team_of_ones_own_is_not(hub, monkeypatch):
    with pytest.raises(
        UsageError, match="the login here is ann, which writes as ann, team and not as bob"
    ):
        check_target(HubTarget(repo="bob/sms"), licensed="mit", list_sha=SHA)
    check_target(HubTarget(repo="team/sms"), licensed="mit", list_sha=SHA)
    monkeypatch.setenv("HF_TOKEN", "fine")  # whose rights the hub alone knows
    check_target(HubTarget(repo="bob/sms"), licensed="mit", list_sha=SHA)


def test_offline_mode_is_named(hub, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UnavailableError, match="offline mode is on; unset HF_HUB_OFFLINE"):
        check_target(TARGET, licensed="mit", list_sha=SHA)


def test_no_hub_is_one_line(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        UnavailableError, match="cannot be reached; check network, proxy and HF_ENDPOINT"
    ):
        check_target(TARGET, licensed="mit", list_sha=SHA)


def test_an_empty_one_that_is_there_is_filled(hub, out):
    hub.make(REPO, private=True)
    sent(hub, out)
    assert hub.held(REPO) == files_of(out)


def test_a_public_one_is_not_filled_without_being_asked(hub, out):
    hub.make(REPO, private=False)
    with pytest.raises(
        UsageError, match="it is public there, so all could read what is pushed; add --public"
    ):
        sent(hub, out)
    with pytest.raises(
        UsageError, match="add --public"
    ):  # made so by another between check and push
        push(out, record_of(out), TARGET)
    assert hub.held(REPO) == {}


def test_a_private_one_stays_private_and_is_told_so(hub, out):
    hub.make(REPO, private=True)
    pushed = sent(hub, out, replace(TARGET, is_public=True))
    assert not pushed.is_public and REPO in hub.private


@pytest.mark.parametrize(
    "held", [{"README.md": b"mine"}, {"prune.json": b"{"}, {"prune.json": b'{"list_sha": "other"}'}, {"prune.json": b"[]", "b": b""}]
)  # fmt: skip
def test_one_with_other_content_is_not_overwritten(hub, out, held):
    hub.make(REPO, private=True)
    hub.commit(REPO, held)
    with pytest.raises(
        UsageError, match="not this list of rows; add --create-pr to propose it there"
    ):
        sent(hub, out)
    assert hub.held(REPO) == held


def test_to_one_with_other_content_it_can_be_proposed(hub, out):
    hub.make(REPO, private=True)
    hub.commit(REPO, {"README.md": b"mine"})
    pushed = sent(hub, out, replace(TARGET, create_pr=True))
    assert pushed.url == f"{hub.endpoint}/datasets/{REPO}/discussions/1"
    assert hub.held(REPO) == {"README.md": b"mine"}
    assert hub.held(REPO, "refs/pr/1") == files_of(out)


def test_nothing_can_be_proposed_to_what_is_not_there(hub, out):
    with pytest.raises(UsageError, match="leave --create-pr out to make it"):
        sent(hub, out, replace(TARGET, create_pr=True))


def test_the_same_list_is_sent_again_and_what_it_no_longer_has_goes(hub, out, tmp_path):
    sent(hub, out)
    hub.commit(REPO, {**hub.held(REPO), "notes.md": b"of the owner"})
    write_pruned(tmp_path / "again", {"train": [("train.parquet", FORMATS["parquet"][0], {})]})
    sent(hub, tmp_path / "again")
    assert hub.held(REPO) == {**files_of(tmp_path / "again"), "notes.md": b"of the owner"}


def test_a_file_that_changed_since_it_was_written_is_not_sent(hub, out):
    (out / "data" / "train.csv").write_text("text,label\nmine,1\n")
    with pytest.raises(
        DataError, match=r"train.csv: changed since it was written; nothing was sent"
    ):
        sent(hub, out)
    assert hub.refs == {}


@pytest.mark.parametrize(
    ("part", "code", "why"),
    [
        ("whoami", 500, "the hub answered 500: try again later"),
        ("repos/create", 403, "this login may not write there"),
        ("repos/create", 402, "the hub asks for payment"),
        ("repos/create", 500, "the hub answered 500"),
        ("validate-yaml", 500, "what answered is no hub, or one out of order"),
        ("preupload", 503, "the hub answered 503"),
        ("preupload", 429, "too much was asked of the hub"),
        ("objects/batch", 500, "the hub answered 500"),
        ("/lfs/", 500, "the hub answered 500"),
        ("/lfs/", 403, "this login may not write there"),
        ("/commit/", 500, "the hub answered 500"),
        ("/commit/", 409, "something else has changed it"),
        ("/commit/", 413, "a file is larger than the hub takes"),
        ("/tree/", 500, "the hub answered 500"),
        ("preupload", 0, "the hub did not answer in time"),
        ("/commit/", 0, "the hub did not answer in time"),
    ],
)
def test_a_hub_that_refuses_fails_or_falls_silent_leaves_all_whole_and_says_how_to_go_on(
    hub, out, monkeypatch, part, code, why
):
    monkeypatch.setattr(hub_target, "TIMEOUT_S", 0.2)
    hub.broken[part] = code
    with pytest.raises(UnavailableError) as refused:
        sent(hub, out)
    told = str(refused.value)
    assert told.startswith(f"--push-to-hub {REPO}: not pushed, as ") and why in told
    assert "\n" not in told and (part == "whoami" or f"{out} is whole" in told)
    assert part == "/tree/" or not hub.refs or hub.held(REPO) == {}
    hub.broken.clear()
    sent(hub, out)
    assert hub.held(REPO) == files_of(out)


def test_a_card_that_the_hub_refuses_is_told_in_its_words(hub, out, tmp_path):
    write_pruned(
        tmp_path / "bad",
        {"train": [("train.csv", FORMATS["csv"][0], {})]},
        about=replace(CC, licenses=("nope",)),
    )
    with pytest.raises(
        UnavailableError, match=r"Invalid metadata in README.md.*license.* must be one of"
    ):
        sent(hub, tmp_path / "bad")
    assert hub.held(REPO) == {}


def test_a_file_that_the_hub_leaves_out_is_noticed(hub, out):
    hub.ignored.add("data/train.csv")
    with pytest.raises(
        UnavailableError,
        match=r"data/train.csv is not in it: a .gitignore there leaves it out; take that away; .*hf upload",
    ):
        sent(hub, out)


def test_a_file_that_arrives_torn_is_noticed(hub, out, monkeypatch):
    commit = HubServer.commit

    def torn(self, repo, files, **more):
        cut = {
            path: content[:-1] if path.endswith("train.csv") else content
            for path, content in files.items()
        }
        return commit(self, repo, cut, **more)

    monkeypatch.setattr(HubServer, "commit", torn)
    with pytest.raises(
        UnavailableError, match=r"data/train.csv is another file there; .*is whole: hf upload"
    ):
        sent(hub, out)


def test_the_line_that_says_how_to_go_on_sends_the_folder(hub, out, tmp_path):
    """By the client's own command, in a folder whose name a shell would take apart."""
    odd = out.rename(tmp_path / "my 'pruned' $set")
    hub.broken["/commit/"] = 500
    with pytest.raises(UnavailableError) as refused:
        sent(hub, odd)
    hub.broken.clear()
    line = re.search(r"is whole: (hf upload .*) sends it later", str(refused.value))[1]
    environment = {**os.environ, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path)}
    hf = Path(sys.executable).with_name("hf")
    subprocess.run(
        ["sh", "-c", line.replace("hf", shlex.quote(str(hf)), 1)],
        env=environment,
        check=True,
        capture_output=True,
    )
    assert hub.held(REPO) == files_of(odd) and REPO in hub.private


ASK = """
import json, sys
from trainables.data.catalog import Source, load
data = load(Source(name=sys.argv[1]))
print(json.dumps({"texts": data.train.texts, "names": data.class_names, "test": data.test.texts}))
"""


def test_our_own_reader_reads_from_the_hub_what_was_pushed(hub, out, tmp_path):
    one = FORMATS["parquet"][0]
    write_pruned(
        tmp_path / "all", {split: [(f"{split}.parquet", one, {})] for split in ("train", "test")}
    )
    sent(hub, tmp_path / "all")
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home")}
    root = Path(__file__).parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", ASK, REPO],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = json.loads(ended.stdout)
    train = pq.read_table(tmp_path / "all" / "data" / "train.parquet")
    assert sorted(found["texts"]) == sorted(train["text"].to_pylist()) and found["names"] == [
        "ham",
        "spam",
    ]

"""Ray's token: its owner's alone, and asked for where other machines are."""

import stat

import pytest

from orchestrator.diagnostics.ray_token import check_reach, has_token, make_token, token_check
from trainables.errors import UnsafeError

REMOTE = ["10.1.2.3:6379", "ray://head.example:10001", "head:6379", "[2001:db8::1]:6379", "auto"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp" / "ray").mkdir(parents=True)
    (tmp_path / "tmp" / "ray" / "ray_current_cluster").write_text("10.9.9.9:6379")
    return tmp_path / "home"


@pytest.mark.parametrize("address", REMOTE)
def test_other_machines_without_a_token_are_refused_unless_their_network_is_private(address):
    with pytest.raises(UnsafeError, match="--private-network"):
        check_reach(address, is_private=False)
    check_reach(address, is_private=True)


@pytest.mark.parametrize("address", REMOTE)
def test_other_machines_are_joined_with_a_token_unless_ray_is_told_to_do_without(
    address, monkeypatch
):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "x" * 64)
    check_reach(address, is_private=False)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(UnsafeError, match="'disabled'"):
        check_reach(address, is_private=False)


@pytest.mark.parametrize("address", ["local", "127.0.0.1:6379", "localhost:6379", "[::1]:6379"])
def test_this_machine_needs_none(address):
    check_reach(address, is_private=False)


def test_the_token_is_made_for_its_owner_alone_and_stays(home):
    make_token()
    path = home / ".ray" / "auth_token"
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path)]
    text = path.read_text()
    assert modes == [0o700, 0o600] and len(text) == 64 and has_token()
    make_token()
    assert path.read_text() == text
    assert token_check().mark == "ok"
    path.chmod(0o644)
    assert token_check().mark == "warning" and "chmod 600" in token_check().remedy


def test_without_a_home_folder_the_token_is_this_processs_alone(home, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "")
    home.rmdir()
    home.write_text("a file")
    make_token()
    assert has_token()

"""The token that Ray's processes ask one another for: made for its owner alone, and asked of other machines."""

import ipaddress
import os
import secrets
import stat
from pathlib import Path

from orchestrator.diagnostics.check import Check
from trainables.errors import UnsafeError

_FILE = Path("~/.ray/auth_token")


def check_reach(address: str, *, is_private: bool) -> None:
    """Refuse a cluster of other machines that asks for no token: who reaches its ports can run code there.

    Args:
        address: As --address takes it.
        is_private: Whether nobody else reaches its network, as --private-network says.

    Raises:
        UnsafeError: If there is no token here, or Ray is told to do without.
    """
    host = _host(address)
    if is_private or not host or _is_loopback(host):
        return
    mode = os.environ.get("RAY_AUTH_MODE", "token").lower()
    if mode == "token" and has_token():
        return
    why = f"RAY_AUTH_MODE is {mode!r}" if mode != "token" else "there is no token on this machine"
    raise UnsafeError(
        f"--address {address}: {why}, and a cluster that asks for none runs what anybody on its network sends; start it "
        f"with RAY_AUTH_MODE=token and copy its token to {_FILE} (docs/cluster.md), or give --private-network if "
        "nobody else reaches that network"
    )


def has_token() -> bool:
    """Whether Ray finds a token here."""
    if os.environ.get("RAY_AUTH_TOKEN", "").strip():
        return True
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or _FILE.expanduser())
    try:
        return bool(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return False


def make_token() -> None:
    """Make the token that Ray, which makes it for all to read, would make at its first start on this machine.

    Where the home folder cannot be written to, it is this process's alone, which its workers inherit.
    """
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token" or has_token():
        return
    path, token = _FILE.expanduser(), secrets.token_hex(32)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        os.environ["RAY_AUTH_TOKEN"] = token
        return
    with os.fdopen(file, "w", encoding="utf-8") as whole:
        os.fchmod(whole.fileno(), 0o600)
        whole.write(token)


def token_check() -> Check:
    """Whether others on this machine can read Ray's token."""
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or _FILE.expanduser())
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return Check(
            name="token", mark="ok", found="none yet; a sweep makes one for its owner alone"
        )
    if mode & 0o077:
        return Check(
            name="token",
            mark="warning",
            found=f"others on this machine can read {path} (mode {mode:o}), and run code by it where Ray runs",
            remedy=f"chmod 600 {path}",
        )
    return Check(name="token", mark="ok", found=f"{path} is its owner's alone")


def _host(address: str) -> str:
    """The host of an address; empty of a Ray that is started here, or where none can be found."""
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", "") or _current()
    if address in ("", "local"):
        return ""
    return address.rpartition("://")[2].partition("/")[0].rpartition(":")[0].strip("[]") or address


def _current() -> str:
    """The address of the cluster that this machine is part of, as Ray notes it."""
    try:
        folder = Path(os.environ.get("RAY_TMPDIR") or "/tmp")  # noqa: S108 - where Ray notes it
        return (folder / "ray" / "ray_current_cluster").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"

"""Data sets on the Hugging Face hub: which commit is meant, and the files of one split of it."""

import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from trainables.data.columns import excerpt
from trainables.data.hub_layout import CARD, Layout, layout_of, split_files
from trainables.errors import DataError, UnreachedError, UsageError
from trainables.whole_file import whole_file

TIMEOUT_S = 3
OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_NAME = r"[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*"
_ID = re.compile(rf"({_NAME})(?::([\w.+ -]+))?(?:@([\w.+/-]+))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
# What the hub's client raises, by name: which of its HTTP libraries it stands on differs by release.
_REASONS: Mapping[str, str] = {
    "GatedRepoError": "is gated: accept its terms at {page}, then log in (hf auth login, or HF_TOKEN)",
    "DisabledRepoError": "has been disabled by the hub: see {page}",
    "RevisionNotFoundError": "has no revision {revision}: {page} lists its branches, tags and commits",
    "RepositoryNotFoundError": "is not on the hub, or private: check the name (no file or folder here "
    "bears it either); for a private one log in (hf auth login, or HF_TOKEN)",
    "RemoteEntryNotFoundError": "lacks a file that it lists: try again",
    "FileMetadataError": "was asked for, and what answered is no hub: check HF_ENDPOINT and the proxy",
    "ProxyError": "cannot be asked for, as the proxy refuses: check HTTPS_PROXY and HTTP_PROXY",
    "TimeoutException": "was asked for, and the hub did not answer in time: try again",
    "TransportError": "was not fetched whole, as the connection failed: check network and proxy; the "
    "same command goes on from there",
}
_STATUS: Mapping[int, str] = {
    401: "is not given without a valid token: check the name, and log in (hf auth login, or HF_TOKEN)",
    403: "is not given to this login: its token may not read {page}",
    429: "is refused for now, as too much was asked of the hub: wait, or log in (hf auth login)",
}


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A data set on the hub.

    Attributes:
        repo: owner/name.
        revision: A commit, whole or short, a branch or a tag; main where none is asked for.
        config: Its subset, or empty for the only one.
    """

    repo: str
    revision: str = "main"
    config: str = ""

    @property
    def source(self) -> str:
        """As one writes it: owner/name[:config][@revision]."""
        config = f":{self.config}" if self.config else ""
        revision = "" if self.revision == "main" else f"@{self.revision}"
        return f"{self.repo}{config}{revision}"


@dataclass(frozen=True, kw_only=True)
class HubCommit:
    """A data set at one commit of the hub.

    Attributes:
        hub: What it is; its revision is a whole commit.
        layout: Its splits and their files.
        notes: How the commit was found, a sentence each.
    """

    hub: Hub
    layout: Layout
    notes: tuple[str, ...] = ()


def hub_of(text: str) -> Hub | None:
    """The data set that owner/name[:config][@revision] means; None if it is not so written."""
    found = _ID.fullmatch(text)
    if not found or "--" in found[1] or ".." in text:  # which no name or branch on the hub has
        return None
    return Hub(repo=found[1], config=found[2] or "", revision=found[3] or "main")


def offline_by() -> str:
    """The environment variable that says the hub must not be asked; empty if none does."""
    on = ("1", "TRUE", "YES", "ON")
    return next((name for name in OFFLINE if os.environ.get(name, "").upper() in on), "")


def is_reachable() -> bool:
    """Whether the hub answers within 3 s; assumed where there is a proxy between.

    The hub's own client tries five times, for half a minute, before it says no.

    Raises:
        UsageError: If HF_ENDPOINT is no address.
    """
    host, port = _address()
    if any(os.environ.get(name) for name in PROXIES):
        return True
    try:
        socket.create_connection((host, port), timeout=TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _address() -> tuple[str, int]:
    """Host and port of the hub."""
    given = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        endpoint = urlsplit(given)
        host, port = endpoint.hostname, endpoint.port
    except ValueError:  # brackets that do not close, a port that is none
        host, port = None, None
    if not host or endpoint.scheme not in ("http", "https"):
        raise UsageError(
            f"the environment variable HF_ENDPOINT is {excerpt(given)}; give http:// or https:// and a "
            "host, or unset it"
        )
    return host, port or (80 if endpoint.scheme == "http" else 443)


def look_up(hub: Hub, *, pinned: str = "") -> HubCommit:
    """The commit that is meant, with its splits. Only its card is fetched.

    Args:
        hub: What is asked for.
        pinned: The commit that an earlier plan of the same run recorded, or empty.

    Raises:
        DataError: If the hub cannot be reached and has left no copy here, or does not give it.
        UsageError: If the config is not known, or several are and none is named.
    """
    if pinned:
        commit = pinned
        notes = [f"commit {commit} is used, which this run's plan.json names; {hub.revision} was not "
                 "looked up again"] if hub.revision != commit else []  # fmt: skip
    elif _COMMIT.fullmatch(hub.revision):
        commit, notes = hub.revision, []
    else:
        why = why_not()
        commit, note = _commit_here(hub, why) if why else _commit_there(hub)
        notes = [note]
    exact = replace(hub, revision=commit)
    paths, note = _paths(exact)
    card = (
        _fetched(exact, CARD).read_text(encoding="utf-8", errors="replace") if CARD in paths else ""
    )
    layout = layout_of(paths, card, hub.config, hub.repo)
    exact = replace(exact, config=layout.config or hub.config)
    return HubCommit(hub=exact, layout=layout, notes=(*notes, *filter(None, [note]), *layout.notes))


def split_paths(found: HubCommit, split: str) -> list[Path]:
    """The files of one split on this machine, fetched where they are not yet; no other split is.

    No code from the hub is run: files are fetched as they are, and read by our readers.

    Raises:
        DataError: If a file is not given, or is of a kind that is not read.
    """
    return [_fetched(found.hub, path) for path in split_files(found.layout, split, found.hub.repo)]


def why_not() -> str:
    """Why the hub is not asked; empty if it can be."""
    if name := offline_by():
        return f"offline mode is on ({name})"
    return "" if is_reachable() else "the Hugging Face hub cannot be reached"


def _folder(hub: Hub) -> Path:
    """Where the hub's client keeps a data set; its refs/ and snapshots/ are as its guide says."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"datasets--{hub.repo.replace('/', '--')}"


def _commit_there(hub: Hub) -> tuple[str, str]:
    """The commit a revision is at, asked of the hub, and a sentence on it."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    with _refusals(hub):
        commit = HfApi().dataset_info(hub.repo, revision=hub.revision, timeout=10).sha or ""
        # By its revision, so that the client records where that was, for times without network.
        with suppress(RemoteEntryNotFoundError):
            hf_hub_download(hub.repo, CARD, repo_type="dataset", revision=hub.revision)
    if not _COMMIT.fullmatch(commit):
        raise DataError(f"{hub.repo}: the hub names {excerpt(commit)} as commit of {hub.revision}")
    day = datetime.now(UTC).date().isoformat()
    return commit, (
        f"{hub.revision} was at commit {commit} when it was looked up on {day}, and is pinned for "
        "this run"
    )


def _commit_here(hub: Hub, why: str) -> tuple[str, str]:
    """The commit a revision was at when it was last fetched, and a sentence on it."""
    recorded = _folder(hub) / "refs" / hub.revision
    if recorded.is_file():
        commit = recorded.read_text(encoding="utf-8").strip()
        day = datetime.fromtimestamp(recorded.stat().st_mtime, UTC).date().isoformat()
        known = f"where {hub.revision} was when that was recorded here on {day}"
    else:
        snapshots = [path.name for path in (_folder(hub) / "snapshots").glob("*")]
        like = [
            name for name in snapshots if hub.revision == "main" or name.startswith(hub.revision)
        ]
        if len(like) != 1:
            raise _absent(hub, f"{why}, and no copy of {hub.revision} is known here")
        commit, known = like[0], "the only one here"
    return commit, f"{why}: the copy of commit {commit} is used, {known}"


def _paths(hub: Hub) -> tuple[list[str], str]:
    """Every file of a commit, and a sentence where that is not sure."""
    from huggingface_hub import HfApi, constants

    kept = Path(constants.HF_ASSETS_CACHE) / "prune-envelope" / "listings" / _folder(hub).name
    listing = kept / f"{hub.revision}.json"
    if listing.is_file():  # a commit never changes
        return list(json.loads(listing.read_text(encoding="utf-8"))), ""
    if why := why_not():
        snapshot = _folder(hub) / "snapshots" / hub.revision
        files = sorted(path for path in snapshot.rglob("*") if path.is_file())
        if not files:
            raise _absent(hub, f"{why}, and no copy of it is here")
        note = "what files it has was taken from the copy here, which may lack some"
        return [path.relative_to(snapshot).as_posix() for path in files], note
    with _refusals(hub):
        paths = HfApi().list_repo_files(hub.repo, repo_type="dataset", revision=hub.revision)
        kept.mkdir(parents=True, exist_ok=True)
        with whole_file(listing) as draft:
            draft.write_text(json.dumps(paths), encoding="utf-8")
    return paths, ""


def _fetched(hub: Hub, path: str) -> Path:
    """One file of a commit on this machine."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    here = try_to_load_from_cache(hub.repo, path, repo_type="dataset", revision=hub.revision)
    if isinstance(here, str):
        return Path(here)
    if why := why_not():
        raise _absent(hub, f"{why}, and its {path} is not among what was fetched before")
    with _refusals(hub):
        return Path(hf_hub_download(hub.repo, path, repo_type="dataset", revision=hub.revision))


def _absent(hub: Hub, what: str) -> UnreachedError:
    return UnreachedError(
        f"{hub.source} is no file or folder here, {what}; give --data-dir DIR with "
        "NAME/train.parquet and NAME/test.parquet in it, or the path of a file"
    )


@contextmanager
def _refusals(hub: Hub) -> Iterator[None]:
    """Turn what the hub's client raises into one line; wrap nothing but its calls by this."""
    from huggingface_hub import constants

    try:
        yield
    except Exception as error:  # the client raises a family of its own, HTTP's and OS errors
        page = f"{constants.ENDPOINT}/datasets/{hub.repo}"
        reason = _reason(error).format(page=page, revision=excerpt(hub.revision))
        if any((_folder(hub) / "snapshots").glob("*")):
            reason += "; HF_HUB_OFFLINE=1 uses what was fetched before"
        raise DataError(f"{hub.source} {reason}") from error


def _reason(error: Exception) -> str:
    """What an error of the hub's client means for a person."""
    chain = [error]
    while isinstance(cause := chain[-1].__cause__, Exception):
        chain.append(cause)  # a file is not found in the cache because the hub was not reached
    kinds = [kind.__name__ for one in reversed(chain) for kind in type(one).__mro__]
    if known := next((kind for kind in kinds if kind in _REASONS), ""):
        return _REASONS[known]
    statuses = [getattr(getattr(one, "response", None), "status_code", 0) for one in chain]
    if status := next(filter(None, statuses), 0):
        remedy = "try again later" if status >= 500 else "check HF_ENDPOINT"
        return _STATUS.get(status, f"was asked for, and the hub answered {status}: {remedy}")
    if isinstance(error, OSError) and error.errno:
        return f"was not stored at {error.filename}: {error.strerror}; HF_HOME names another folder"
    told = excerpt(f"{type(error).__name__}: {error}")
    return "was not fetched: " + told.replace("{", "{{").replace("}", "}}")

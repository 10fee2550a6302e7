"""Where on the Hugging Face hub a pruned data set is to go, and whether it may."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from trainables.data.columns import excerpt
from trainables.data.hub import is_reachable, offline_by
from trainables.errors import EnvelopeError, UnavailableError, UsageError
from trainables.written_numbers import many

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import DatasetInfo

# Seconds without a byte from the hub after which it counts as gone; its client alone waits for ever.
TIMEOUT_S = 60.0
RECORD = "prune.json"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9]|[._-](?![._-]))*(?<![.-])"
_NAME = re.compile(rf"{_PART}/{_PART}", re.ASCII)
_LONGEST = 96
# Every repository is made with it.
_MADE_BY_HUB = {".gitattributes"}
# What the hub's client raises, by name: which of its HTTP libraries it stands on differs by release.
_REASONS: Mapping[str, str] = {
    "RepositoryNotFoundError": "there is none that this login may write to: check the name and the token",
    "DisabledRepoError": "it has been disabled by the hub",
    "ProxyError": "the proxy refuses: check HTTPS_PROXY and HTTP_PROXY",
    "TimeoutException": "the hub did not answer in time: try again later",
    "JSONDecodeError": "what answered is no hub, or one out of order: try again later, check HF_ENDPOINT",
    "TransportError": "the connection failed: check network and proxy",
}
_STATUS: Mapping[int, str] = {
    401: "the token is not valid: log in again (hf auth login, or HF_TOKEN)",
    402: "the hub asks for payment: its owner's storage is full",
    403: "this login may not write there: check OWNER, or take a token that may write",
    409: "something else has changed it at the same time: try again",
    413: "a file is larger than the hub takes",
    429: "too much was asked of the hub for now: wait and try again",
}


@dataclass(frozen=True, kw_only=True)
class HubTarget:
    """Where on the hub a pruned data set goes.

    Attributes:
        repo: OWNER/NAME of a data set.
        is_public: Whether all may read it.
        create_pr: Whether it is proposed to what is there, as a pull request.
    """

    repo: str
    is_public: bool = False
    create_pr: bool = False


def check_target(target: HubTarget, *, licensed: str, list_sha: str) -> None:
    """Refuse what could only fail at the end; nothing is made or sent.

    Args:
        target: Where it is to go.
        licensed: The licence that the card names; empty where it names none.
        list_sha: Which rows stay, as `PruneRecord.list_sha` has it.

    Raises:
        UsageError: If the name is none, the card names no licence, or what is there is public, or other.
        UnavailableError: If the hub cannot be asked, or this login may not write.
    """
    if not _NAME.fullmatch(target.repo) or len(target.repo) > _LONGEST:
        raise UsageError(
            f"--push-to-hub {excerpt(target.repo)}: write OWNER/NAME, each of letters, digits and single "
            f"- . _ between them, {_LONGEST} characters at most"
        )
    if not licensed:
        raise UsageError(
            f"--push-to-hub {target.repo}: neither --license nor a card beside the data names a licence; "
            "give it as the hub writes it, such as --license cc-by-4.0, or --license other"
        )
    if by := offline_by():
        raise UnavailableError(f"--push-to-hub {target.repo}: offline mode is on; unset {by}")
    if not is_reachable():
        raise UnavailableError(
            f"--push-to-hub {target.repo}: the Hugging Face hub cannot be reached; check network, proxy and "
            "HF_ENDPOINT, or leave --push-to-hub out"
        )
    with refusals(target):
        api = hub_client(target)
        _check_login(api.whoami(), target)
        existing(api, target, list_sha)


def hub_client(target: HubTarget) -> "HfApi":
    """The hub's client, for whoever is logged in, with an end to its patience."""
    from huggingface_hub import HfApi, get_session, get_token

    if not get_token():
        raise UnavailableError(
            f"--push-to-hub {target.repo}: nobody is logged in here; run hf auth login, or set HF_TOKEN"
        )
    get_session().timeout = TIMEOUT_S
    return HfApi()


def _check_login(login: Mapping[str, Any], target: HubTarget) -> None:
    """Refuse a token that may only read, or, where a token may all, an owner who is somebody else."""
    role = login.get("auth", {}).get("accessToken", {}).get("role", "")
    owner = target.repo.partition("/")[0]
    names = [str(login.get("name", "")), *(str(one.get("name")) for one in login.get("orgs", ()))]
    if role == "read":
        raise UnavailableError(
            f"--push-to-hub {target.repo}: the token of {names[0]} may only read; take one that may write"
        )
    if role == "write" and owner not in names and not target.create_pr:
        raise UsageError(
            f"--push-to-hub {target.repo}: the login here is {names[0]}, which writes as "
            f"{', '.join(names)} and not as {owner}"
        )


def existing(api: "HfApi", target: HubTarget, list_sha: str) -> "DatasetInfo | None":
    """What is there; None where nothing is.

    Raises:
        UsageError: If it is public and that was not asked for, or holds something else.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = api.dataset_info(target.repo)
    except RepositoryNotFoundError:
        if target.create_pr:
            raise UsageError(
                f"--push-to-hub {target.repo}: there is no such data set to propose anything to; leave "
                "--create-pr out to make it"
            ) from None
        return None
    if not (info.private or target.is_public):
        raise UsageError(
            f"--push-to-hub {target.repo}: it is public there, so all could read what is pushed; add "
            "--public if they may, or name another"
        )
    held = {one.rfilename for one in info.siblings or ()} - _MADE_BY_HUB
    if (
        held
        and not target.create_pr
        and str(held_record(api, info).get("list_sha", "")) != list_sha
    ):
        raise UsageError(
            f"--push-to-hub {target.repo}: it holds {many(len(held), 'file')}, and not this "
            "list of rows; add --create-pr to propose it there, or name another"
        )
    return info


def held_record(api: "HfApi", info: "DatasetInfo") -> dict[str, Any]:
    """The prune.json that is there; empty where there is none that can be read."""
    if RECORD not in (one.rfilename for one in info.siblings or ()):
        return {}
    with TemporaryDirectory() as folder:
        at = api.hf_hub_download(
            info.id, RECORD, repo_type="dataset", revision=info.sha, local_dir=folder
        )
        try:
            found = json.loads(Path(at).read_text(encoding="utf-8"))
        except ValueError:
            return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def refusals(target: HubTarget, out: Path | None = None) -> Iterator[None]:
    """Turn what the hub's client raises into one line; wrap nothing but its calls by this."""
    try:
        yield
    except EnvelopeError:
        raise
    except Exception as error:  # the client raises a family of its own, HTTP's and OS errors
        told = f"--push-to-hub {target.repo}: not pushed, as {_reason(error)}"
        raise UnavailableError(f"{told}{how_to_go_on(target, out)}") from error


def how_to_go_on(target: HubTarget, out: Path | None) -> str:
    """The end of a line on what failed: the command that sends a folder; nothing where there is none."""
    if out is None:
        return ""
    words = ["hf", "upload", target.repo, str(out), ".", "--repo-type", "dataset"]
    words += ["--create-pr"] if target.create_pr else [] if target.is_public else ["--private"]
    return f"; {out} is whole: {shlex.join(words)} sends it later"


def _reason(error: Exception) -> str:
    """What an error of the hub's client means for a person."""
    chain = [error]
    while isinstance(cause := chain[-1].__cause__, Exception):
        chain.append(cause)
    kinds = [kind.__name__ for one in chain for kind in type(one).__mro__]
    statuses = [getattr(getattr(one, "response", None), "status_code", 0) for one in chain]
    status = next(filter(None, statuses), 0)
    if status in _STATUS:
        return _STATUS[status]
    if known := next((kind for kind in kinds if kind in _REASONS), ""):
        return _REASONS[known]
    if status >= 500:
        return f"the hub answered {status}: try again later"
    told = excerpt(" ".join(str(error).split()))
    return f"the hub said {told}" if status else f"{type(error).__name__}: {told}"

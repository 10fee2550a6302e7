"""A pruned data set to the Hugging Face hub: its own files and no other, in one commit."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.pruned_files import PruneRecord
from orchestrator.pruning.hub_target import (
    RECORD,
    HubTarget,
    existing,
    held_record,
    how_to_go_on,
    hub_client,
    refusals,
)
from trainables.data.rewriting_images import LISTED
from trainables.errors import DataError, UnavailableError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import DatasetInfo, RepoFile

_BESIDE = ("kept.parquet", "removed.parquet", RECORD, "README.md")


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What has been sent.

    Attributes:
        url: Where it is to be read.
        is_public: Whether all may read it there.
    """

    url: str
    is_public: bool


def push(out: Path, record: PruneRecord, target: HubTarget) -> Pushed:
    """Send the files of a pruned data set, and no other, in one commit; what arrived is compared.

    Args:
        out: Its folder; stays as it is, whatever happens.
        record: What its prune.json holds.
        target: Where it is to go.

    Raises:
        DataError: If a file has changed since it was written.
        UsageError: As `check_target`.
        UnavailableError: Likewise, or if the hub refuses, fails or does not answer; says how to go on.
    """
    images = _images(out, record)
    paths = [*(file.path for file in record.files), *images, *_BESIDE]
    _check_files(out, record, images)
    with refusals(target, out):
        api = hub_client(target)
        there = existing(api, target, record.list_sha)
        if there is None:
            api.create_repo(target.repo, repo_type="dataset", private=not target.is_public)
            there = existing(api, target, record.list_sha)  # an owner may rule what is private
        assert there is not None, "made a moment ago"
        url = _commit(api, out, paths, record, target, _stale(api, there, paths, target))
        return Pushed(url=url, is_public=not there.private)


def _stale(api: "HfApi", info: "DatasetInfo", paths: Sequence[str], target: HubTarget) -> list[str]:
    """Data files that an earlier push of the same list left there, and that this one has not."""
    held = {one.rfilename for one in info.siblings or ()}
    if target.create_pr:
        return []
    files = held_record(api, info).get("files")
    named = {str(one.get("path")) for one in files if isinstance(one, dict)} if files else set()
    return sorted((named & held) - set(paths))


def _images(out: Path, record: PruneRecord) -> dict[str, str]:
    """The sha256 of each image of a folder of images, by its path, as its lists have it."""
    found: dict[str, str] = {}
    for file in record.files:
        if file.path.endswith(LISTED):
            listed = (out / file.path).read_text(encoding="utf-8")
            parent = file.path.rpartition("/")[0]
            pairs = (line.split("  ", 1) for line in listed.splitlines())
            found |= {f"{parent}/{path}": sha for sha, path in pairs}
    return found


def _check_files(out: Path, record: PruneRecord, images: Mapping[str, str]) -> None:
    """Send nothing but what was made."""
    made = {**images} | {file.path: file.sha256 for file in record.files}
    made |= {"kept.parquet": record.kept_sha256, "removed.parquet": record.removed_sha256}
    for path, sha in made.items():
        with (out / path).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha:
                raise DataError(
                    f"{out / path}: changed since it was written; nothing was sent: make it anew in "
                    "another folder"
                )


def _commit(
    api: "HfApi",
    out: Path,
    paths: Sequence[str],
    record: PruneRecord,
    target: HubTarget,
    stale: Sequence[str],
) -> str:
    """One commit of all files; where it is to be read."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, constants

    sent: list[Any] = [CommitOperationAdd(path, out / path) for path in paths]
    sent += [CommitOperationDelete(path) for path in stale]
    made = api.create_commit(
        target.repo,
        sent,
        repo_type="dataset",
        commit_message=f"{record.n_kept:,} of {record.n_train:,} training rows stay, list {record.hash}",
        create_pr=target.create_pr,
    )
    _check_arrived(api, out, paths, target, made.oid)
    return made.pr_url or f"{constants.ENDPOINT}/datasets/{target.repo}"


def _check_arrived(
    api: "HfApi", out: Path, paths: Sequence[str], target: HubTarget, commit: str
) -> None:
    """A hub's list of files to leave out, or a torn upload, is told and not taken for success."""
    from huggingface_hub.hf_api import RepoFile

    tree = api.list_repo_tree(target.repo, repo_type="dataset", revision=commit, recursive=True)
    found = {one.path: one for one in tree if isinstance(one, RepoFile)}
    for path in paths:
        if path not in found:
            raise UnavailableError(
                f"--push-to-hub {target.repo}: the commit was made, and {path} is not in it: a .gitignore "
                f"there leaves it out; take that away{how_to_go_on(target, out)}"
            )
        if not _is_same(found[path], out / path):
            raise UnavailableError(
                f"--push-to-hub {target.repo}: the commit was made, and {path} is another file "
                f"there{how_to_go_on(target, out)}"
            )


def _is_same(there: "RepoFile", path: Path) -> bool:
    """By the name that the hub has for a file's content, which is git's for a small one."""
    if there.lfs:
        with path.open("rb") as file:
            return bool(there.lfs.sha256 == hashlib.file_digest(file, "sha256").hexdigest())
    content = path.read_bytes()
    named = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
    return bool(there.blob_id == named.hexdigest())

"""Data sets from the Hugging Face hub, at a pinned revision, or a clear word at once why not."""

import os
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import pyarrow as pa

from trainables.data.columns import excerpt
from trainables.errors import DataError, UsageError

TIMEOUT_S = 3
OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A data set on the hub.

    Attributes:
        repo: owner/name.
        revision: The commit, 40 hexadecimal digits: a branch could change under a sweep.
        config: Its subset, or empty for the only one.
    """

    repo: str
    revision: str
    config: str = ""

    def __post_init__(self) -> None:
        """Refuse a revision that could move."""
        if not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise UsageError(
                f"{self.repo}: revision {excerpt(self.revision)} is not a commit; give its 40 "
                f"hexadecimal digits, as in {self.repo}@0123..., from the data set's "
                "'Files and versions' page"
            )


def is_offline() -> bool:
    """Whether the hub must not be asked (an environment variable says so)."""
    return any(os.environ.get(name, "").upper() in ("1", "TRUE", "YES", "ON") for name in OFFLINE)


def is_reachable() -> bool:
    """Whether the hub answers within 3 s; assumed where there is a proxy between.

    The hub's own client tries five times, for half a minute, before it says no.
    """
    if any(os.environ.get(name) for name in PROXIES):
        return True
    endpoint = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    port = endpoint.port or (80 if endpoint.scheme == "http" else 443)
    try:
        socket.create_connection((endpoint.hostname or "", port), timeout=TIMEOUT_S).close()
    except OSError:
        return False
    return True


def fetch(hub: Hub, name: str) -> dict[str, pa.Table]:
    """All splits of a data set on the hub, by the hub's own split names.

    No code from the hub is run: the datasets library, from 4.0 on, has no way to.

    Args:
        hub: What to fetch.
        name: What the person asked for, for messages.

    Raises:
        DataError: If the hub cannot be reached, or has no such data set.
    """
    folder = name if "/" not in name else "NAME"
    remedy = (
        f"give --data-dir DIR with {folder}/train.parquet and {folder}/test.parquet in it, or the "
        "path of a .parquet, .csv or .jsonl file"
    )
    if not is_offline() and not is_reachable():
        raise DataError(
            f"data set {name!r} is not in a local folder and the Hugging Face hub cannot be "
            f"reached; {remedy}. If it was fetched before: HF_HUB_OFFLINE=1 uses that copy"
        )
    import datasets

    try:
        found = datasets.load_dataset(hub.repo, hub.config or None, revision=hub.revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        state = "offline mode is on (HF_HUB_OFFLINE)" if is_offline() else "the hub was asked"
        raise DataError(
            f"data set {name!r}: {hub.repo}@{hub.revision[:12]} was not loaded; {state}: "
            f"{excerpt(str(error))}; {remedy}"
        ) from error
    return {
        split: rows.with_format("arrow")[:].replace_schema_metadata(
            rows.features.arrow_schema.metadata
        )
        for split, rows in found.items()
    }

"""What the card of the data a pruned set was made from says of its licence and its language."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.data.hub import is_reachable, offline_by
from trainables.data.yaml_text import card_values
from trainables.errors import UsageError

CARD = "README.md"
_FRONT = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
# A code of ISO 639, or one of the hub's words such as multilingual.
_LANGUAGE = re.compile(r"[a-z]{2,3}|code|multilingual|other")
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class SourceCard:
    """What is copied from a card.

    Attributes:
        licenses: As the hub writes them; empty where the card names none.
        license_name: What "other" is called.
        license_link: Where that is to be read.
        languages: Codes of ISO 639.
        found: Where the licence was found.
    """

    licenses: tuple[str, ...] = ()
    license_name: str = ""
    license_link: str = ""
    languages: tuple[str, ...] = ()
    found: str = ""


def source_card(data: Path | None, hub_source: str) -> SourceCard:
    """The card of a data set on the hub, or the README.md beside the user's files.

    Args:
        data: The user's file or folder; None where there is none.
        hub_source: owner/name[:config]@commit; empty where it is not from the hub.
    """
    if hub_source:
        return _copied(_of_hub(hub_source), f"the card of {hub_source}")
    if data is None:
        return SourceCard()
    beside = (data if data.is_dir() else data.parent) / CARD
    text = ""
    with suppress(OSError):
        text = beside.read_text(encoding="utf-8", errors="replace")
    return _copied(text, f"{CARD} beside the data")


def licensed(asked: str, about: SourceCard) -> SourceCard:
    """The licence that is asked for in place of that of the source.

    Raises:
        UsageError: If it is not so written.
    """
    if not asked:
        return about
    if not _LICENSE.fullmatch(asked):
        raise UsageError(
            f"--license {asked!r}: write its short name, as the hub has it, such as cc-by-4.0, mit or other"
        )
    return SourceCard(licenses=(asked,), languages=about.languages)


def _of_hub(hub_source: str) -> str:
    """The card of a commit, from what was fetched when it was read, else from the hub; empty for none."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    name, _, commit = hub_source.rpartition("@")
    repo = name.partition(":")[0]
    here = try_to_load_from_cache(repo, CARD, repo_type="dataset", revision=commit)
    if not isinstance(here, str):
        if offline_by() or not is_reachable():
            return ""
        try:
            here = hf_hub_download(repo, CARD, repo_type="dataset", revision=commit)
        except (
            Exception
        ):  # the client raises a family of its own; a card that is not to be had says nothing
            return ""
    return Path(here).read_text(encoding="utf-8", errors="replace")


def _copied(card: str, found: str) -> SourceCard:
    front = _FRONT.match(card)
    about: Any = {}
    with suppress(UsageError):
        about = card_values(front[1]) if front else {}
    if not isinstance(about, Mapping):
        return SourceCard()
    licenses = [one for one in _texts(about.get("license")) if _LICENSE.fullmatch(one)]
    return SourceCard(
        licenses=tuple(licenses),
        license_name=_text(about.get("license_name")) if licenses else "",
        license_link=_text(about.get("license_link")) if licenses else "",
        languages=tuple(one for one in _texts(about.get("language")) if _LANGUAGE.fullmatch(one)),
        found=found if licenses else "",
    )


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""

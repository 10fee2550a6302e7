"""Where a page and the tables beside it may be written: over what the same runs' page wrote before, and no other file."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from trainables.errors import UnsafeError, UsageError
from trainables.own_folders import kind_of, refuse_links_in, root_of

# What stands beside every page.
BESIDE = ("trials.parquet", "envelope.csv", "contrasts.csv", "verdicts.json")


def page_place(out: Path, runs: Sequence[Path], name: str) -> Path:
    """Where a page is written: as it was asked for, the links that lead to its folder followed.

    Args:
        out: As it was asked for.
        runs: Folders of the runs that it is of.
        name: What the runs are called together.

    Raises:
        UsageError: If the page or a table beside it would take the place of another's file.
        UnsafeError: If a link would be written through.
    """
    if os.path.islink(out):  # noqa: PTH114 - of a name that is too long, too
        raise UnsafeError(f"{out} is a link, and nothing is written through it; name another page")
    folder = Path(os.path.realpath(out.parent))
    page = folder / out.name
    if page.is_dir() or out.name in BESIDE:
        raise UsageError(f"--out {out}: name a page, such as {page.with_name('page.html')}")
    own = [Path(os.path.realpath(run)) for run in runs]
    home = next((one for one in (folder, *folder.parents) if one in own or _is_ours(one)), None)
    if home is not None and home not in own:
        raise UsageError(
            f"--out {out} is in {home}, the folder of another {kind_of(home)}, whose files would be written over; "
            "name a page elsewhere"
        )
    if home == folder and len({*own}) > 1:
        raise UsageError(
            f"--out {out} is in {home}, the folder of one of these runs, whose own tables would be written over by those "
            "of all; name a page in another folder"
        )
    if home is not None:
        refuse_links_in(home)
    _check_free(page, name, is_run=home == folder and bool(kind_of(folder)), read=home == folder)
    return page if page != out.absolute() else out


def _is_ours(folder: Path) -> bool:
    return root_of(folder / "any") == folder or bool(folder.is_dir() and kind_of(folder))


def _check_free(page: Path, name: str, *, is_run: bool, read: bool) -> None:
    """Refuse to write over what no page of these runs wrote."""
    if page.exists() and not _is_page(page) and not (is_run and page.name == "report.html"):
        raise UsageError(f"{page} is there and is no page of prune-envelope; name another by --out")
    others = [one for one in BESIDE if (page.parent / one).exists()]
    others = [one for one in others if not (read and one == "trials.parquet")]
    if others and not is_run and _told(page.with_name("verdicts.json")) != name:
        raise UsageError(
            f"{page.with_name(others[0])} is there and is not of {name}; the tables beside the page would "
            "be written over it: name a page in another folder by --out"
        )


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return b" \xc2\xb7 prune-envelope</title>" in file.read(10_000)


def _told(path: Path) -> str | None:
    """Of which runs a verdicts.json is."""
    with suppress(OSError, ValueError, AttributeError):
        return str(json.loads(path.read_text(encoding="utf-8")).get("run"))
    return None

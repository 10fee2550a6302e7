"""What is refused of a store before anything is scheduled: one that is too full, or that can only be read."""

import shutil
from pathlib import Path
from tempfile import TemporaryFile

from orchestrator.store.atomic import READ_ONLY, StoreError


def check_writable(root: Path, many: int) -> None:
    """Refuse a store that can only be read, where work is left that is to be kept in it.

    Args:
        root: Its folder, there or not.
        many: Pieces of work that are left.

    Raises:
        StoreError: If nothing can be written there.
    """
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    try:
        with TemporaryFile(dir=there):
            pass
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        raise StoreError(
            f"{root} cannot be written to ({error.strerror}), and {many:,} pieces of work are left that it "
            "lacks: make it writable, or give another --cache; what it holds is served as it is"
        ) from error


def check_room(root: Path, needed_bytes: int) -> None:
    """Refuse what the disk cannot hold, before hours are spent.

    Args:
        root: Folder of the store, there or not.
        needed_bytes: What a sweep will write into it.

    Raises:
        StoreError: If the disk is too full.
    """
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if needed_bytes > free:
        raise StoreError(
            f"{root} has {free / 1e9:.1f} GB free, this sweep needs about "
            f"{needed_bytes / 1e9:.1f} GB for its warm-ups; give --cache DIR on a larger disk, or free "
            "some: prune-envelope cache gc --keep 5GB"
        )

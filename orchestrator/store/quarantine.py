"""Where files of a store go that are not what was written: out of the way, for a person to look at."""

import logging
import uuid
from pathlib import Path

from orchestrator.store.atomic import make_folder

logger = logging.getLogger(__name__)


def put_in_quarantine(root: Path, path: Path, fault: str) -> None:
    """Move a file of a store aside, with a warning.

    Args:
        root: The store.
        path: The file.
        fault: What is wrong with it, in a word.
    """
    target = root / "quarantine" / f"{path.name}.{fault}.{uuid.uuid4().hex[:8]}"
    logger.warning("%s is not used: %s; moving it to %s", path, fault, target)
    try:
        make_folder(target.parent)
        path.rename(target)
    except OSError as error:  # full or read-only: it counts as absent all the same
        logger.warning("%s stays where it is: %s", path, error)

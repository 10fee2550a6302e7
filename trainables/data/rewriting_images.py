"""The images that stay of a folder of images, in a folder of the same kind."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from trainables.data.parts import ImageFiles
from trainables.errors import DataError

# Of a file that lists images with the sha256 of each, as `sha256sum --check` reads it.
LISTED = ".sha256"
LINKED = (
    "its images are the very files of the original where the disk allows it (hard links): do not change one in "
    "place, as both would change"
)


def write_images(files: ImageFiles, rows: Iterable[int], folder: Path, *, name: str) -> Path:
    """Put images into a folder a class, each as a hard link where the disk allows it, else as a copy.

    Args:
        files: Of the split, in order.
        rows: Which of them.
        folder: Where to make the split's folder.
        name: What the split is called.

    Returns:
        The list of what was written, beside the split's folder.

    Raises:
        DataError: If a file is not there any more, or cannot be written.
    """
    lines = []
    for row in rows:
        original = files.root / files.names[row]
        path = folder / name / Path(*Path(files.names[row]).parts[-2:])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _put(original.resolve(), path)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(
                f"{original}: cannot be put to {path.parent} ({error.strerror}); see that it is still there, and that "
                "the disk has room"
            ) from error
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    listed = folder / f"{name}{LISTED}"
    listed.write_text("".join(lines), encoding="utf-8")
    return listed


def _put(original: Path, path: Path) -> None:
    with suppress(OSError):  # another disk, or one without links
        os.link(original, path)
        return
    shutil.copyfile(original, path)

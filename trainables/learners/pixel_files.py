"""A data set's pixels in one file that all workers map; of very many images, what is known of them alone."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.cache import Cache, put_there
from trainables.data.dataset import Dataset
from trainables.data.dataset_file import read
from trainables.keys import canonical, key_of
from trainables.learners.pixels import Frame, blocks, common_size, mean_and_spread, read_images
from trainables.spec import TrialSpec

# Pixels of more bytes than this are not decoded ahead: 50,000 images of 224 x 224 are 7.5 GB.
MOST_AHEAD = 8 * 10**9
# Images whose sides are all alike and up to this are read as they are, those of others brought to it.
SIDE = 64
# The least that three halvings leave something of.
_LEAST, _ENLARGED = 16, 32
# Images that mean and spread of the colours are taken of: 2,000 of CIFAR-10 give them to .003.
_LOOKED_AT = 2_000
_LAYOUT = 1


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """The images of a data set, each as height x width x 3 bytes.

    Attributes:
        dataset: Theirs.
        frame: What they are brought to.
        ahead: Decoded, by split, shape (n, height, width, 3); None where each batch is decoded by itself.
    """

    dataset: Dataset
    frame: Frame
    ahead: Mapping[str, NDArray[np.uint8]] | None

    def rows(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Some of a split's, shape (b, height, width, 3); raises as `read_images`."""
        if self.ahead is None:
            return read_images(self.dataset, split, rows, self.frame)
        return np.ascontiguousarray(self.ahead[split][self.places(split, rows)])

    def places(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where some rows of a split are in what is decoded ahead: a subset's are its whole's."""
        if split == "train" and self.dataset.part_of:
            return self.dataset.part_of.rows[rows]
        return rows

    def colours(self, fitted_on: NDArray[np.bool_] | None) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of red, green and blue in [0, 1].

        Args:
            fitted_on: The training rows that decide them, shape (n,), evenly drawn where they are many;
                all without it.
        """
        n = len(self.dataset.train)
        rows = np.arange(n) if fitted_on is None else np.flatnonzero(fitted_on)
        places = np.linspace(0, len(rows) - 1, min(len(rows), _LOOKED_AT)).astype(np.int64)
        return mean_and_spread(self.rows("train", rows[places]))


def cached_pixels(
    spec: TrialSpec, dataset: Dataset, cache: Cache, frame: Frame | None = None
) -> Pixels:
    """The pixels of a data set, decoded once for all models that look at images in the same way.

    Those of a subset are its whole's.

    Args:
        spec: The trial.
        dataset: Its data.
        cache: Where they are kept.
        frame: What they are brought to; None for what suits the data.
    """
    part_of = dataset.part_of
    sha = part_of.sha if part_of else spec.data_sha
    about = {"layout": _LAYOUT, "data": sha, "frame": asdict(frame) if frame else "own"}

    def write(path: Path) -> None:
        what = "the data set that a subset is of"
        whole = read(put_there(cache, "data", sha, what)) if part_of else dataset
        write_pixels(whole, frame or own_frame(whole), path)

    return map_pixels(cache.get("pixels", key_of(about), write, about=about), dataset)


def own_frame(dataset: Dataset) -> Frame:
    """What images are brought to where no model asks for a size: their own, if it is one and small."""
    size = common_size(dataset, SIDE)
    if size is None:
        return Frame(height=SIDE, width=SIDE, shorter=SIDE)
    if min(size) < _LEAST:
        return Frame(height=_ENLARGED, width=_ENLARGED, shorter=_ENLARGED)
    return Frame(height=size[0], width=size[1])


def write_pixels(dataset: Dataset, frame: Frame, path: Path) -> None:
    """Write the decoded images, split behind split, and behind them as JSON what they are."""
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    is_ahead = sum(sizes.values()) * frame.size <= MOST_AHEAD
    with path.open("wb") as file:
        if is_ahead:
            for _, images in blocks(dataset, frame):
                file.write(images.tobytes())
        about = {"frame": asdict(frame), "sizes": list(sizes.items()), "ahead": is_ahead}
        end = canonical(about)
        file.write(end + len(end).to_bytes(8, "little"))


def map_pixels(path: Path, dataset: Dataset) -> Pixels:
    """Map the file that `write_pixels` wrote of a data set or its whole; nothing is copied."""
    with path.open("rb") as file:
        file.seek(-8, 2)
        length = int.from_bytes(file.read(8), "little")
        file.seek(-8 - length, 2)
        about: dict[str, Any] = json.loads(file.read(length))
    frame, ahead, start = Frame(**about["frame"]), {}, 0
    if about["ahead"]:
        for name, n in about["sizes"]:
            ahead[name] = _mapped(path, start, n, frame)
            start += n * frame.size
    return Pixels(
        dataset=dataset,
        frame=frame,
        ahead=ahead if about["ahead"] else None,
    )


def _mapped(path: Path, start: int, n: int, frame: Frame) -> NDArray[np.uint8]:
    shape = (n, frame.height, frame.width, 3)
    return np.memmap(path, dtype=np.uint8, mode="r", offset=start, shape=shape)

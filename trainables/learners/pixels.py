"""Images as pixels: decoded once a data set, or batch by batch where all of them would be too many."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data.columns import excerpt
from trainables.data.dataset import Dataset, Split
from trainables.errors import DataError
from trainables.progress import tell

# What is opened; others run programs (EPS) or are read by one library alone.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
# Of one image as its header has it: a few kilobytes can unpack to gigabytes.
MAX_PIXELS = 2**26
# Images that are decoded at once; bounds what is in memory.
_BLOCK = 512
# Of a split, looked at before anything is planned.
_SAMPLE = 100
BILINEAR = 2  # of Pillow
_ORIENTATION = 0x0112  # of EXIF: above 4 the sides change places


@dataclass(frozen=True, kw_only=True)
class Frame:
    """To what images are brought, so that they fit into one batch.

    Attributes:
        height: In pixels.
        width: The same.
        shorter: The shorter side is brought to so many pixels and the middle cut out; 0 to bring both
            sides to height and width, whatever the shape.
        resample: Pillow's number of how pixels are weighed.
    """

    height: int
    width: int
    shorter: int = 0
    resample: int = BILINEAR

    @property
    def size(self) -> int:
        """Bytes of one image."""
        return self.height * self.width * 3


def read_images(
    dataset: Dataset, split: str, rows: NDArray[np.int64], frame: Frame
) -> NDArray[np.uint8]:
    """Some images of a split, decoded, shape (b, height, width, 3).

    Raises:
        DataError: If one of them is torn, or is none.
    """
    import torch

    found = np.empty((len(rows), frame.height, frame.width, 3), dtype=np.uint8)
    of = dataset.splits[split]

    def put(place: int) -> None:
        found[place] = _read_row(dataset.name, split, of, int(rows[place]), frame)

    threads = torch.get_num_threads()
    if threads == 1 or len(rows) == 1:
        for place in range(len(rows)):
            put(place)
        return found
    with ThreadPoolExecutor(threads) as pool:  # decoding lets others run
        list(pool.map(put, range(len(rows))))
    return found


def _read_row(name: str, split: str, of: Split, row: int, frame: Frame) -> NDArray[np.uint8]:
    with _named(name, split, of, row):
        return decoded(of.inputs[row].as_buffer(), frame)


@contextmanager
def _named(name: str, split: str, of: Split, row: int) -> Iterator[None]:
    """Say of which row an image cannot be read."""
    try:
        yield
    except Exception as error:  # each format has errors of its own
        why = " ".join(str(error).split()) or type(error).__name__
        if "cannot identify image file" in why:
            why = f"it is none of {', '.join(FORMATS)}"
        raise DataError(
            f"{name}: the image of {split} row {row} (id {excerpt(of.ids[row])}) cannot be read: "
            f"{excerpt(why)}; save it anew as PNG or JPEG, or remove the row"
        ) from error


def decoded(encoded: Any, frame: Frame) -> NDArray[np.uint8]:
    """An image as red, green and blue, shape (height, width, 3).

    Grey, palettes, transparency, 16 bits and the turn that a camera notes are brought to that; of an
    animation the first picture.

    Raises:
        Exception: Of many kinds, if it is torn.
    """
    image = _as_rgb(_opened(encoded))
    height, width = frame.height, frame.width
    if frame.shorter:
        # Rounded as the processors of transformers do, so that pretrained models see what they know.
        least = min(image.size)
        scaled = [int(frame.shorter * side / least) for side in image.size]
        if tuple(scaled) != image.size:
            image = image.resize(tuple(scaled), frame.resample)
        left, top = (scaled[0] - width) // 2, (scaled[1] - height) // 2
        image = image.crop((left, top, left + width, top + height))
    elif image.size != (width, height):
        image = image.resize((width, height), frame.resample)
    return np.asarray(image)


def _opened(encoded: Any) -> Any:
    from PIL import Image

    too_large = ValueError(f"more than {MAX_PIXELS:,} pixels, the most that is read of one")
    try:
        image = Image.open(io.BytesIO(encoded), formats=FORMATS)
    except Image.DecompressionBombError as error:  # a limit of Pillow's own
        raise too_large from error
    if image.width * image.height > MAX_PIXELS:
        raise too_large
    return image


def _as_rgb(image: Any) -> Any:
    from PIL import Image, ImageOps

    if image.getexif():
        image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("pixels of floating point numbers, whose range is not known")
    if image.mode.startswith("I"):
        # 16 bits: Pillow itself would take all above 255 for white.
        values = np.asarray(image).astype(np.int64)
        image = Image.fromarray(np.clip(values >> 8, 0, 255).astype(np.uint8))
    return image if image.mode == "RGB" else image.convert("RGB")


def common_size(dataset: Dataset, most: int) -> tuple[int, int] | None:
    """Height and width, where all images of a data set have the same and neither is above `most`."""
    found: tuple[int, int] | None = None
    for name, split in dataset.splits.items():
        for row in range(len(split)):
            with _named(dataset.name, name, split, row):
                image = _opened(split.inputs[row].as_buffer())
                width, height = image.size
                if image.getexif().get(_ORIENTATION, 1) > 4:
                    width, height = height, width
            if max(height, width) > most or (found and found != (height, width)):
                return None
            found = (height, width)
    return found


def blocks(dataset: Dataset, frame: Frame) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """All images, split by split, decoded block by block."""
    for name, split in dataset.splits.items():
        for start in range(0, len(split), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(split)))
            yield name, read_images(dataset, name, rows, frame)
            tell(f"decoding {name}", int(rows[-1]) + 1, len(split))


def look_at_images(dataset: Dataset) -> None:
    """Decode some images of each split, evenly drawn, to see that they can be read.

    Raises:
        DataError: If one of them cannot.
    """
    frame = Frame(height=32, width=32)
    for name, split in dataset.splits.items():
        rows = np.unique(np.linspace(0, len(split) - 1, min(len(split), _SAMPLE)).astype(np.int64))
        read_images(dataset, name, rows, frame)


def mean_and_spread(images: NDArray[np.uint8]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of red, green and blue, in [0, 1], of images (n, height, width, 3)."""
    mean, square = np.zeros(3), np.zeros(3)
    for image in images:
        scaled = image.reshape(-1, 3).astype(np.float64) / 255
        mean += scaled.mean(0)
        square += (scaled**2).mean(0)
    mean /= len(images)
    spread = np.sqrt(np.maximum(square / len(images) - mean**2, 0))
    # Images of one colour have no spread to divide by.
    return mean.tolist(), np.where(spread > 1e-6, spread, 1.0).tolist()

"""Small pictures of encoded images, as a page shows them: nothing of the file but what is seen."""

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

# Pixels of the longer side, and of an image that is opened at all: a small file may say that it is huge.
LONGEST_SIDE, _MOST_PIXELS = 64, 100_000_000
_QUALITY = 85
_SUFFIX = {"PNG": "png", "JPEG": "jpeg"}


def thumbnail(encoded: bytes) -> str:
    """An image as a small picture in a data URI, encoded anew: no place, camera or name of the file is in it.

    Args:
        encoded: The bytes of an image file, of anybody.

    Returns:
        PNG or JPEG, whichever is smaller, of at most 64 pixels a side; empty where the bytes cannot be read
        as an image.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(encoded)) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return ""
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is read at a fraction
            upright = ImageOps.exif_transpose(opened)
            small = _in_colour(upright)
    # Decoders raise errors of many kinds on bytes that are torn or made to harm.
    except Exception:
        return ""
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    written = {form: _written(small, form) for form in _SUFFIX}
    form = min(written, key=lambda one: len(written[one]))
    return f"data:image/{_SUFFIX[form]};base64,{base64.b64encode(written[form]).decode()}"


def _in_colour(image: "Image") -> "Image":
    """An image of three colours of a byte each: what can be seen through lies on white, deep greys are scaled."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        grey = np.nan_to_num(np.asarray(image, dtype=np.float64))
        low, high = float(grey.min()), float(grey.max())
        scaled = 255 * (grey - low) / (high - low) if high > low else np.zeros_like(grey)
        image = Image.fromarray(scaled.round().astype(np.uint8))
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image.convert("RGB")


def _written(image: "Image", form: str) -> bytes:
    file = io.BytesIO()
    bare = image.copy()
    bare.info = {}
    bare.save(file, form, optimize=True, **({"quality": _QUALITY} if form == "JPEG" else {}))
    return file.getvalue()

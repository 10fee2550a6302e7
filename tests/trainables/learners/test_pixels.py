"""Images become pixels: of every kind, within bounds, the same ahead of time and batch by batch."""

import io
import zlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from tests.image_sets import encoded, image_set, image_spec, image_split, with_images
from trainables.data.dataset import PartOf
from trainables.data.dataset_file import read, read_names, write
from trainables.errors import DataError
from trainables.learners import pixel_files
from trainables.learners.pixel_files import cached_pixels, own_frame
from trainables.learners.pixels import Frame, decoded, look_at_images, read_images

FRAME = Frame(height=16, width=16)
GREEN = np.full((16, 16, 3), (10, 200, 30), dtype=np.uint8)


def _palette():
    return encoded(Image.fromarray(GREEN).convert("P", palette=Image.Palette.ADAPTIVE), "GIF")


@pytest.mark.parametrize(
    "file",
    [
        encoded(GREEN),
        encoded(GREEN, "BMP"),
        encoded(GREEN, "WEBP", lossless=True),
        encoded(GREEN, "TIFF"),
        encoded(Image.fromarray(GREEN).convert("RGBA")),
        _palette(),
    ],
    ids=["png", "bmp", "webp", "tiff", "rgba", "palette"],
)
def test_images_of_every_kind_become_red_green_and_blue(file):
    assert np.abs(decoded(file, FRAME).astype(int) - GREEN).max() <= 2


@pytest.mark.parametrize("kind", ["L", "LA", "1", "I;16"])
def test_a_grey_image_has_three_equal_colours(kind):
    grey = Image.fromarray(np.full((16, 16), 51400, dtype=np.uint16))
    picture = (
        grey
        if kind == "I;16"
        else Image.new(kind, (16, 16), 1 if kind == "1" else 200)
        if kind != "LA"
        else Image.new("LA", (16, 16), (200, 9))
    )
    seen = decoded(encoded(picture), FRAME)
    assert np.ptp(seen) == 0
    assert seen[0, 0, 0] == (255 if kind == "1" else 200)


def test_an_image_is_turned_as_its_camera_says():
    pixels = np.zeros((16, 16, 3), dtype=np.uint8)
    pixels[0] = 255
    turned = Image.fromarray(pixels)
    exif = turned.getexif()
    exif[0x0112] = 6
    assert (decoded(encoded(turned, exif=exif), FRAME)[:, -1] == 255).all()


def test_the_middle_of_an_image_is_kept_in_its_proportions():
    wide = np.zeros((16, 48, 3), dtype=np.uint8)
    wide[:, 16:32] = 255
    assert (decoded(encoded(wide), replace(FRAME, shorter=16)) == 255).all()


def _torn():
    return encoded(np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8))[:300]


def _bomb():
    """A PNG of a few kilobytes whose header promises 30,000 x 30,000 pixels."""

    def chunk(kind, content):
        return (
            len(content).to_bytes(4, "big")
            + kind
            + content
            + zlib.crc32(kind + content).to_bytes(4, "big")
        )

    head = (30_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6)))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (_torn(), "truncated|broken"),
        (_bomb(), "more than 67,108,864 pixels"),
        (b"not an image", "none of JPEG, PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "none of JPEG, PNG"),
        (encoded(Image.new("F", (16, 16)), "TIFF"), "floating point"),
    ],
    ids=["torn", "bomb", "text", "postscript", "floats"],
)
def test_an_image_that_cannot_be_read_is_told_by_data_set_split_row_and_id(file, why):
    dataset = with_images(image_set(), [encoded(GREEN), file])
    with pytest.raises(DataError, match=rf"made: the image of train row 1 \(id 101\) .*({why})"):
        look_at_images(dataset)


def test_images_of_one_small_size_are_read_as_they_are():
    assert own_frame(image_set(side=20)) == Frame(height=20, width=20)


def test_images_of_several_sizes_are_brought_to_one():
    mixed = with_images(image_set(), [encoded(np.zeros((30, 20, 3), dtype=np.uint8))])
    assert own_frame(mixed) == Frame(height=64, width=64, shorter=64)


def test_tiny_images_are_enlarged():
    assert own_frame(image_set(side=8)) == Frame(height=32, width=32, shorter=32)


def test_images_decoded_batch_by_batch_are_those_decoded_ahead(cache, tmp_path, monkeypatch):
    dataset = image_set(side=20)
    spec, rows = image_spec(dataset, cache), np.array([5, 0, 17])
    ahead = cached_pixels(spec, dataset, cache)
    monkeypatch.setattr(pixel_files, "MOST_AHEAD", 0)
    (tmp_path / "other").mkdir()
    late = cached_pixels(spec, dataset, type(cache)(tmp_path / "other"))
    assert ahead.ahead
    assert late.ahead is None
    assert (ahead.rows("test", rows) == late.rows("test", rows)).all()
    assert ahead.colours(None) == late.colours(None)


def test_mean_and_spread_are_those_of_the_pixels_of_the_rows_asked_for(cache):
    dataset, some = image_set(), np.arange(48) % 3 == 1
    pixels = cached_pixels(image_spec(dataset, cache), dataset, cache)
    every = read_images(dataset, "train", np.flatnonzero(some), FRAME).reshape(-1, 3) / 255
    assert np.allclose(pixels.colours(some), [every.mean(0), every.std(0)])


def test_pixels_lie_as_bytes_in_one_file(cache):
    dataset = image_set()
    spec = image_spec(dataset, cache)
    cached_pixels(spec, dataset, cache)
    (path,) = cache.root.glob("pixels-*")
    assert 0 < path.stat().st_size - (48 + 24 + 12) * 16 * 16 * 3 < 400


def test_a_subset_has_its_wholes_pixels(cache):
    whole = image_set()
    rows = np.array([3, 7, 20, 41])
    part = image_set(train=whole.train.take(rows), part_of=PartOf(sha=whole.sha, rows=rows))
    image_spec(whole, cache)
    of_whole = cached_pixels(image_spec(whole, cache), whole, cache)
    of_part = cached_pixels(image_spec(part, cache), part, cache)
    assert (of_part.rows("train", np.arange(4)) == of_whole.rows("train", rows)).all()
    assert cache.made["pixels"] == 1


def test_a_file_of_images_is_mapped_and_gives_the_same_data_set(tmp_path):
    dataset = image_set()
    write(dataset, tmp_path / "data")
    before = pa.total_allocated_bytes()
    again = read(tmp_path / "data")
    inputs = again.train.inputs
    assert again.sha == dataset.sha
    assert pa.total_allocated_bytes() - before < 0.2 * inputs.nbytes


def test_names_of_rows_are_read_from_a_file_of_images(tmp_path):
    write(image_set(), tmp_path / "data")
    names = read_names(tmp_path / "data")
    assert names.ids.to_pylist() == list(range(100, 148))
    assert names.labels.to_pylist()[:3] == ["red", "green", "blue"]


def test_an_animation_is_its_first_picture():
    later = Image.new("RGB", (16, 16), "white")
    file = io.BytesIO()
    Image.fromarray(GREEN).save(file, "GIF", save_all=True, append_images=[later])
    assert np.abs(decoded(file.getvalue(), FRAME).astype(int) - GREEN).max() <= 8


def test_rows_of_a_split_are_read_in_the_order_asked_for():
    split = image_split(9, seed=0)
    dataset = image_set(train=split)
    one, other = (read_images(dataset, "train", np.array(rows), FRAME) for rows in ([2, 5], [5, 2]))
    assert (one == other[::-1]).all()

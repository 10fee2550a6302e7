"""Small pictures of images: what is seen of them, and nothing else of their files."""

import base64
import io
import re

import numpy as np
import pytest

import trainables.data.thumbnails as module
from trainables.data.thumbnails import thumbnail

Image = pytest.importorskip("PIL.Image")


def encoded(image, form="png", **settings):
    image.save(file := io.BytesIO(), form, **settings)
    return file.getvalue()


def opened(uri):
    assert re.fullmatch(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}", uri)
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


@pytest.mark.parametrize(
    ("size", "small"), [((300, 150), (64, 32)), ((32, 32), (32, 32)), ((1, 900), (1, 64))]
)
def test_a_picture_has_at_most_64_pixels_a_side_and_keeps_its_shape(size, small):
    assert opened(thumbnail(encoded(Image.new("RGB", size, "red")))).size == small


def test_nothing_of_the_file_but_what_is_seen_is_in_it():
    exif = Image.Exif()
    exif[0x010F], exif[0x010E] = "SecretCamera", "SecretPlace"
    photo = Image.effect_noise((200, 200), 90).convert("RGB")
    file = encoded(photo, "jpeg", exif=exif, comment=b"SecretComment", icc_profile=b"SecretProfile")
    small = opened(thumbnail(file))
    small.load()
    assert file.count(b"Secret") == 4
    assert b"Secret" not in base64.b64decode(thumbnail(file).partition(",")[2])
    assert not small.getexif() and not {"comment", "icc_profile"} & set(small.info)


def test_a_photo_that_lies_on_its_side_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(thumbnail(encoded(Image.new("RGB", (60, 20)), "jpeg", exif=exif))).size == (
        20,
        60,
    )


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "webp"])
def test_a_file_that_is_torn_has_no_picture(form):
    whole = encoded(Image.effect_noise((64, 64), 90), form)
    assert thumbnail(whole) and thumbnail(b"") == thumbnail(whole[:20]) == ""


def test_a_file_that_says_it_is_huge_is_not_opened(monkeypatch):
    monkeypatch.setattr(module, "_MOST_PIXELS", 99)
    assert thumbnail(encoded(Image.new("L", (10, 10)))) == ""


def test_what_can_be_seen_through_lies_on_white():
    see_through = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert opened(thumbnail(encoded(see_through))).convert("RGB").getpixel((1, 1)) == (
        255,
        255,
        255,
    )


def test_greys_of_two_bytes_are_told_apart():
    deep = Image.fromarray(np.linspace(1000, 3000, 64 * 64).reshape(64, 64).astype(np.uint16))
    seen = np.asarray(opened(thumbnail(encoded(deep))).convert("L"))
    assert seen.min() < 10 and seen.max() > 245


def test_an_image_has_one_picture():
    image = encoded(Image.effect_noise((90, 90), 90))
    assert thumbnail(image) == thumbnail(image)

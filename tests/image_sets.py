"""Small data sets of images, made."""

import io

import numpy as np
import pyarrow as pa

from trainables.data.dataset import Dataset, Split
from trainables.data.dataset_file import write
from trainables.learners import LEARNERS
from trainables.spec import TrialSpec
from trainables.training_settings import Training


def encoded(pixels, kind="PNG", **options):
    """An array (height, width, 3), or a picture of Pillow's, as a file's bytes."""
    from PIL import Image

    picture = Image.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def image_split(n, side=16, seed=0):
    """Noise in which one of three colours, the class, is a little brighter in one half."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    pixels = rng.integers(0, 190, (n, side, side, 3))
    for row, label in enumerate(labels):
        pixels[row, : side // 2, :, label] += 40
    files = [encoded(one.astype(np.uint8)) for one in pixels]
    return Split(inputs=pa.array(files, pa.large_binary()), labels=labels, ids=np.arange(n) + 100)


def image_set(n=48, side=16, **fields):
    """Such images with a test and a validation split."""
    parts = {
        "train": image_split(n, side),
        "test": image_split(24, side, seed=1),
        "validation": image_split(12, side, seed=2),
    }
    classes = ("red", "green", "blue")
    return Dataset(name="made", kind="image", class_names=classes, **{**parts, **fields})


def with_images(dataset, files, at=None):
    """The same data set with these files as its first training images, or one of them at some rows."""
    inputs = dataset.train.inputs.to_pylist()
    places = range(len(files)) if at is None else at
    for place, row in enumerate(places):
        inputs[row] = files[place % len(files)]
    train = Split(
        inputs=pa.array(inputs, pa.large_binary()),
        labels=dataset.train.labels,
        ids=dataset.train.ids,
    )
    return image_set(train=train, test=dataset.test, validation=dataset.validation)


def image_spec(dataset, cache, *, model="image", sha="image", **fields):
    """A full-data run on a data set, which is put into the cache."""
    cache.get("data", dataset.sha, lambda path: write(dataset, path))
    training = Training(
        epochs=4, batch_size=16, lr=1e-2, max_length=LEARNERS["image"].training.max_length
    )
    usual = {"seed": 3, "training": training}
    return TrialSpec(
        dataset=dataset.name, data_sha=dataset.sha, model=model, model_sha=sha, learner="image",
        **{**usual, **fields},
    )  # fmt: skip

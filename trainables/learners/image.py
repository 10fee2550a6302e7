"""Classifiers of images: a small residual network from random weights, and those of Hugging Face."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.cache import Cache
from trainables.data.dataset import Dataset
from trainables.environment import device
from trainables.errors import UsageError
from trainables.learners.image_checkpoint import read_image_checkpoint
from trainables.learners.model_config import be_quiet, load_config
from trainables.learners.network import ClassNetwork
from trainables.learners.pixel_files import Pixels, cached_pixels
from trainables.learners.pretrained import BUILT_IN, opened
from trainables.learners.resident import resident, sent
from trainables.learners.text import in_memory, quick_on_processors, seeded, with_new_head
from trainables.progress import tell_stage
from trainables.result import Phase
from trainables.spec import TrialSpec


class ImageNetwork(ClassNetwork):
    """A classifier over a data set's pixels.

    Args:
        module: An `image_models.ImageModel`.
        pixels: Of all splits.
        fitted: What taking mean and spread of the data's own colours took.
    """

    def __init__(self, module: Any, pixels: Pixels, fitted: Phase | None = None) -> None:
        from trainables.learners.image_models import last_linear

        self.module = module.to(device())
        self.lengths: Mapping[str, NDArray[np.int64]] = {
            name: np.ones(len(split), dtype=np.int64)
            for name, split in pixels.dataset.splits.items()
        }
        self.fitted = fitted or Phase()
        self.patches = max(1, pixels.frame.height * pixels.frame.width // 16**2)
        self._pixels = pixels
        ahead = pixels.ahead or {}
        self._there = resident({name: {"pixels": of} for name, of in ahead.items()})
        self._classifier = last_linear(self.module)

    def width(self, split: str, rows: NDArray[np.int64]) -> int:
        """1: all images of a data set have one size."""
        return 1

    def batch(self, split: str, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Images as bytes, shape (b, 3, height, width)."""
        if self._there is None:
            # Moved as bytes: a quarter of what floats are.
            images = sent(self._pixels.rows(split, rows))
        else:
            images = self._there[split]["pixels"][sent(self._pixels.places(split, rows))]
        return {"pixels": images.permute(0, 3, 1, 2)}

    def forward(self, batch: dict[str, Any], *, embed: bool = False) -> tuple[Any, Any]:
        """Logits (b, c), and what enters the classifier (b, d) if asked for."""
        if not embed:
            return self.module(batch["pixels"]), None
        from trainables.learners.image_models import with_entering

        return with_entering(self._classifier, lambda: self.module(batch["pixels"]))


def open_image(
    spec: TrialSpec,
    dataset: Dataset,
    cache: Cache,
    *,
    fitted_on: NDArray[np.bool_] | None = None,
) -> ImageNetwork:
    """A network with all its weights, or of a pretrained one its head, drawn from the spec's seed.

    The small network sees colours by their mean and spread over the training rows that it is fitted to.
    """
    if dataset.kind != "image":
        raise UsageError(
            f"{dataset.name} holds {dataset.kind}s; learner {spec.learner} reads images"
        )
    tell_stage("loading the images")
    classes = max(1, len(dataset.class_names))
    if spec.model in BUILT_IN:
        from trainables.learners.image_models import ImageModel, SmallResNet

        pixels = cached_pixels(spec, dataset, cache)
        body = seeded(spec, partial(SmallResNet, classes))
        started = time.perf_counter()
        mean, spread = pixels.colours(fitted_on)
        fitted = Phase(seconds=time.perf_counter() - started)
        return ImageNetwork(ImageModel(body, mean, spread), pixels, fitted)
    return _pretrained(spec, dataset, cache, classes)


def _pretrained(spec: TrialSpec, dataset: Dataset, cache: Cache, classes: int) -> ImageNetwork:
    from transformers import AutoModelForImageClassification

    from trainables.learners.image_models import ImageModel

    be_quiet()
    with opened(spec.model, spec.model_sha) as folder:
        eyes = read_image_checkpoint(folder)
        config = load_config(folder)
        config.num_labels = classes
        load = partial(
            AutoModelForImageClassification.from_pretrained,
            folder,
            config=config,
            use_safetensors=True,
            dtype="float32",
            ignore_mismatched_sizes=True,
            local_files_only=True,
            trust_remote_code=False,
        )
        body = quick_on_processors(in_memory(seeded(spec, lambda: with_new_head(load()))))
    pixels = cached_pixels(spec, dataset, cache, eyes.frame)
    return ImageNetwork(ImageModel(body, eyes.mean, eyes.spread, is_bgr=eyes.is_bgr), pixels)

"""A pretrained image classifier's folder: told by its settings, and how it wants to see images."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from pathlib import Path
from typing import Any

from trainables.data.columns import excerpt
from trainables.data.unchanged import file_stamp
from trainables.errors import DataError, UsageError
from trainables.learners.checkpoint import PROCESSOR, read_json
from trainables.learners.encoder import skeleton
from trainables.learners.model_config import be_quiet, in_one_line, load_config
from trainables.learners.pixels import BILINEAR, Frame

# Sides that an image may be brought to: a batch of larger ones fits into no memory.
_SIDES = range(8, 1025)


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """How a pretrained network sees images.

    Attributes:
        frame: What they are brought to.
        mean: Of red, green and blue in [0, 1], taken from them.
        spread: What they are divided by after that.
        is_bgr: Whether it was made for blue, green and red.
    """

    frame: Frame
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    is_bgr: bool = False


def read_image_checkpoint(folder: Path) -> Eyes:
    """Read a folder's settings, hold them against its weights, and put one grey image through it.

    Args:
        folder: Looked at by `checkpoint.check_files`.

    Raises:
        DataError: If its files do not belong together.
        UsageError: If it is no classifier of images.
    """
    config, processor = folder / "config.json", folder / PROCESSOR
    return _read(folder, file_stamp(config), file_stamp(processor) if processor.exists() else None)


@lru_cache(maxsize=4)
def _read(folder: Path, *_: Any) -> Eyes:
    import transformers as hf

    be_quiet()
    config = load_config(folder)
    classifiers = hf.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING
    if type(config) not in classifiers:
        raise _unfit(folder, config, "transformers has no image classifier of it")
    found = classifiers[type(config)]
    kind = found[0] if isinstance(found, tuple) else found
    eyes = _eyes(folder, config)
    network = skeleton(folder, config, kind).eval()
    if "pixel_values" not in signature(network.forward).parameters:
        raise _unfit(folder, config, "it takes no pixels")
    _look_through(folder, config, network, eyes.frame)
    return eyes


def _unfit(folder: Path, config: Any, why: str) -> UsageError:
    return UsageError(
        f"{folder} is of type {config.model_type}: {why}; use an image classifier such as ResNet, ViT, "
        "ConvNeXt, Swin or EfficientNet"
    )


def _look_through(folder: Path, config: Any, network: Any, frame: Frame) -> None:
    """Refuse a network that cannot take such an image, or ends in no linear layer."""
    import torch

    from trainables.learners.image_models import last_linear, with_entering

    grey = torch.full((1, 3, frame.height, frame.width), 0.5)
    try:
        with torch.inference_mode():
            out, entering = with_entering(
                last_linear(network), lambda: network(pixel_values=grey).logits
            )
    except Exception as error:  # each type of model is run by code of its own
        raise _unfit(
            folder, config,
            f"no image of {frame.height} x {frame.width} goes through it ({in_one_line(error)})",
        ) from error  # fmt: skip
    if out.ndim != 2 or entering.ndim != 2 or out.shape[1] != config.num_labels:
        raise _unfit(folder, config, "it does not end in one linear layer of its classes")


def _eyes(folder: Path, config: Any) -> Eyes:
    path = folder / PROCESSOR
    if not path.exists():
        raise DataError(
            f"{folder} holds no {PROCESSOR}, which says what size and colours the model sees images in; "
            "copy it from the model's source, or save it by image_processor.save_pretrained"
        )
    told = read_json(path)
    scale = (
        float(told.get("rescale_factor", 1 / 255)) * 255 if told.get("do_rescale", True) else 255.0
    )
    mean: tuple[float, ...] = (0.0,) * 3
    spread: tuple[float, ...] = (1.0,) * 3
    if told.get("do_normalize", True):
        mean, spread = (_colours(path, told, name) for name in ("image_mean", "image_std"))
        if told.get("include_top"):  # EfficientNet's: divided by it twice
            spread = tuple(one * one for one in spread)
    return Eyes(
        frame=_frame(path, told, config),
        mean=tuple(one / scale for one in mean),
        spread=tuple(one / scale for one in spread),
        is_bgr=bool(told.get("do_flip_channel_order")),
    )


def _colours(path: Path, told: Mapping[str, Any], name: str) -> tuple[float, ...]:
    values = told.get(name)
    is_fit = isinstance(values, list) and len(values) == 3
    if not is_fit or not all(isinstance(one, int | float) for one in values or ()):
        raise DataError(
            f"{path}: {name} is {excerpt(values)}; it must be three numbers, of red, green and blue"
        )
    if name == "image_std" and not all(one > 0 for one in values or ()):
        raise DataError(f"{path}: {name} is {excerpt(values)}; each must be above 0")
    return tuple(float(one) for one in values or ())


def _frame(path: Path, told: Mapping[str, Any], config: Any) -> Frame:
    """The size that a processor of transformers would bring images to."""
    size, crop = told.get("size"), told.get("crop_size")
    resample = told.get("resample", BILINEAR)
    size = {"shortest_edge": size} if isinstance(size, int) and told.get("do_center_crop") else size
    if not told.get("do_resize", True) or size is None:
        size = crop if crop is not None else getattr(config, "image_size", None)
    size = {"height": size, "width": size} if isinstance(size, int) else size
    crop = {"height": crop, "width": crop} if isinstance(crop, int) else crop
    if not isinstance(size, Mapping):
        raise DataError(f"{path}: size is {excerpt(size)}; it must give height and width")
    edge = size.get("shortest_edge")
    if edge is None:
        shape, shorter = (size.get("height"), size.get("width")), 0
    elif "crop_pct" in told:
        # ConvNeXt's: small ones are cut out of a larger image, large ones are the whole.
        shorter = int(edge / told["crop_pct"]) if edge < 384 else 0
        shape = (edge, edge)
    else:
        cut = crop if told.get("do_center_crop") and isinstance(crop, Mapping) else {}
        shape, shorter = (cut.get("height", edge), cut.get("width", edge)), edge
    if not all(isinstance(side, int) and side in _SIDES for side in (*shape, shorter or _SIDES[0])):
        raise DataError(
            f"{path}: size is {excerpt(dict(size))}; sides of {_SIDES[0]} to {_SIDES[-1]} pixels are read"
        )
    height, width = (int(side) for side in shape if isinstance(side, int))
    # What is cut out cannot be larger than what it is cut from.
    return Frame(
        height=height,
        width=width,
        shorter=max(shorter, height, width) if shorter else 0,
        resample=int(resample),
    )

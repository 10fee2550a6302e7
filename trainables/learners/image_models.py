"""Networks that look at images: a small one from random weights, and what stands before any of them."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from trainables.learners.resident import sent

# A view may lie so far beside the middle: 4 of the 32 pixels of CIFAR, as is usual there.
_MARGIN = 1 / 8


class RandomView(nn.Module):
    """Each image moved by some pixels and mirrored by chance, while a model is in training.

    It draws from torch's own generator, as dropout does: what it draws at a step depends on seed, epoch
    and step alone. What is moved in from outside is the image mirrored at its edge.
    """

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Images of shape (b, 3, height, width), any dtype; as they are in evaluation."""
        if not self.training:
            return pixels
        b, _, height, width = pixels.shape
        down, right = (self._moves(b, side) for side in (height, width))
        mirrored = torch.rand(b) < 0.5
        rows = _inside(torch.arange(height) + down[:, None], height)
        columns = _inside(torch.arange(width) + right[:, None], width)
        columns = torch.where(mirrored[:, None], columns.flip(1), columns)
        which = torch.arange(b, device=pixels.device)[:, None, None]
        # Of channels last, which stay so.
        rows, columns = sent(rows[:, :, None].numpy()), sent(columns[:, None, :].numpy())
        moved = pixels.permute(0, 2, 3, 1)[which, rows, columns]
        return moved.permute(0, 3, 1, 2)

    @staticmethod
    def _moves(b: int, side: int) -> torch.Tensor:
        margin = max(1, round(side * _MARGIN))
        # Drawn on the processor, so that an accelerator sees the same images.
        return torch.randint(-margin, margin + 1, (b,))


def _inside(places: torch.Tensor, side: int) -> torch.Tensor:
    """Places mirrored at both edges into [0, side)."""
    return (side - 1) - ((side - 1) - places.abs()).abs()


class ImageModel(nn.Module):
    """A classifier of pixels: views in training, then colours on one scale, then the network.

    Args:
        body: What gives logits of images of floats, shape (b, 3, height, width).
        mean: Of red, green and blue as pixels in [0, 1].
        spread: What they are divided by.
        is_bgr: Whether the body was made for blue, green and red.
    """

    def __init__(
        self,
        body: nn.Module,
        mean: Sequence[float],
        spread: Sequence[float],
        *,
        is_bgr: bool = False,
    ) -> None:
        super().__init__()
        self.view = RandomView()
        self.body = body
        self._is_bgr = is_bgr
        # Known from data and model: no part of what is trained and saved.
        for name, values in (("mean", mean), ("spread", spread)):
            scaled = torch.tensor(values, dtype=torch.float32)[None, :, None, None] * 255
            self.register_buffer(f"_{name}", scaled, persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits (b, c) of images as bytes, shape (b, 3, height, width)."""
        seen: Any = (self.view(pixels).float() - self._mean) / self._spread
        out = self.body(seen.flip(1) if self._is_bgr else seen)
        logits: torch.Tensor = getattr(out, "logits", out)
        return logits


class SmallResNet(nn.Module):
    """A residual network of the CIFAR kind: a convolution and two blocks of two, each halving the size.

    Args:
        classes: Number of classes.
        widths: Channels of the convolution and of the blocks.

    References:
        He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385,
        section 4.2. Theirs keeps the size at first, and has three blocks of 16 to 64 channels: on 3,000
        images of CIFAR-10 that comes to 45% right in the time that this one takes to 56%.
    """

    def __init__(self, classes: int, widths: tuple[int, ...] = (24, 48, 96)) -> None:
        super().__init__()
        blocks = [_Block(before, after) for before, after in pairwise(widths)]
        self.blocks = nn.Sequential(*_convolution(3, widths[0], stride=2), nn.ReLU(), *blocks)
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits, shape (b, c)."""
        # A mean and no pooling layer: the backward pass of those has no deterministic kernel on CUDA.
        logits: torch.Tensor = self.classifier(self.blocks(images).mean((2, 3)))
        return logits


class _Block(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            *_convolution(before, after, stride=2), nn.ReLU(), *_convolution(after, after)
        )
        self.short = nn.Sequential(*_convolution(before, after, stride=2, side=1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.inner(images) + self.short(images))


def _convolution(before: int, after: int, *, stride: int = 1, side: int = 3) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, side, stride, padding=side // 2, bias=False)
    return [convolution, nn.BatchNorm2d(after)]


def random_views(module: nn.Module) -> list[RandomView]:
    """The layers of a module that draw views of images."""
    return [layer for layer in module.modules() if isinstance(layer, RandomView)]


def last_linear(module: nn.Module) -> nn.Linear:
    """The last linear layer: of a network of images its classifier."""
    return [layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1]


def with_entering(layer: nn.Module, run: Callable[[], Any]) -> tuple[Any, torch.Tensor]:
    """What a call gives, and what went into one of its layers, shape (b, d)."""
    entering: list[Any] = []
    hook = layer.register_forward_pre_hook(lambda _, inputs: entering.append(inputs[0]))
    try:
        given = run()
    finally:
        hook.remove()
    return given, entering[-1]

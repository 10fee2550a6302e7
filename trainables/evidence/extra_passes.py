"""What takes passes of its own over the training set: with dropout on, of altered inputs, by gradients."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainables.environment import draw_from
from trainables.errors import UsageError
from trainables.evidence.forward_passes import Alter, classifier, collect
from trainables.keys import seed_for
from trainables.learners.masks import masks_with_holes
from trainables.progress import tell
from trainables.result import Phase

if TYPE_CHECKING:
    from trainables.training.learner import Learner


def dropout_probs(learner: "Learner", *, passes: int = 10) -> tuple[NDArray[np.float32], Phase]:
    """Probabilities of the training set in several passes with dropout on, shape (n, p, c)."""
    import torch

    module = learner.network.module.eval()
    dropouts = [m for m in module.modules() if isinstance(m, torch.nn.Dropout) and m.p > 0]
    if not dropouts:
        raise UsageError(f"{type(module).__name__} has no dropout to leave on; use another signal")
    for layer in dropouts:
        layer.train()
    return _several(learner, "dropout", passes, lambda batch: batch)


def view_probs(
    learner: "Learner", *, views: int = 5, share: float = 0.15
) -> tuple[NDArray[np.float32], Phase]:
    """Probabilities of the training set as it is seen otherwise, shape (n, u, c).

    Of texts word pieces are left out at random; images are moved and mirrored as in training.

    Args:
        learner: The learner, of texts or images.
        views: Passes, each with other pieces left out or other moves.
        share: Of texts the chance of each piece but the first, which some encoders classify by, to go.
    """
    import torch

    from trainables.learners.image_models import random_views

    if not 0 < share < 1:
        raise UsageError(f"share is {share:g}; each word piece is left out with a chance in (0, 1)")

    def drop(batch: dict[str, Any]) -> dict[str, Any]:
        if "attention_mask" not in batch:
            raise UsageError("this learner reads no word pieces that could be left out")
        mask = batch["attention_mask"]
        stays = torch.rand(mask.shape, device=mask.device) >= share
        stays[:, 0] = True
        return {**batch, "attention_mask": mask * stays}

    moving = random_views(learner.network.module.eval())
    for layer in moving:
        layer.train()
    with masks_with_holes():
        return _several(learner, "view", views, (lambda batch: batch) if moving else drop)


def _several(
    learner: "Learner", stage: str, count: int, change: Alter
) -> tuple[NDArray[np.float32], Phase]:
    if count < 2:
        raise UsageError(f"{count} passes; how predictions vary shows from 2 on")
    found, used = [], Phase()
    for number in range(count):
        batch_number = iter(range(1 << 30))

        def alter(
            batch: dict[str, Any], number: int = number, batch_number: Any = batch_number
        ) -> dict[str, Any]:
            draw_from(seed_for(learner.seed, stage, number, next(batch_number)))
            return change(batch)

        arrays, took = collect(learner, ("probs",), alter=alter)
        found.append(arrays["probs"])
        used += took
    return np.stack(found, axis=1), used


def gradient_norms(learner: "Learner") -> tuple[NDArray[np.float32], Phase]:
    """L2 norm of each training row's gradient of the loss over all weights, shape (n,).

    Row by row, so for small learners only.
    """
    import torch

    module = learner.network.module.eval()
    norms = np.empty(len(learner.network.lengths["train"]), dtype=np.float32)
    used = Phase()
    for row in range(len(norms)):
        rows, started = np.array([row]), time.perf_counter()
        logits = learner.network.forward(learner.network.batch("train", rows))[0].float()
        torch.nn.functional.cross_entropy(logits, learner.labels[row : row + 1]).backward()  # type: ignore[no-untyped-call]
        grads = [p.grad.square().sum() for p in module.parameters() if p.grad is not None]
        norms[row] = torch.stack(grads).sum().sqrt().item()
        module.zero_grad(set_to_none=True)
        # A step of training in cost; see analysis.cost.
        used += learner.work("train", rows, time.perf_counter() - started)
        tell("gradients of train", row + 1, len(norms))
    return norms, used


def moments(learner: "Learner") -> tuple[NDArray[np.float32], Phase]:
    """AdamW's running mean and mean square of the classifier's gradient, shape (c, 2, h + 1)."""
    layer = classifier(learner.network.module)
    kinds = []
    for kind in ("exp_avg", "exp_avg_sq"):
        parts = [learner.moment(layer.weight, kind), learner.moment(layer.bias, kind)[:, None]]
        kinds.append(np.concatenate(parts, axis=1))
    return np.stack(kinds, axis=1).astype(np.float32), Phase()

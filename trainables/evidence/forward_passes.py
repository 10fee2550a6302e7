"""What a learner gives without being trained: one pass over a split, or several."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays
from trainables.energy import EnergyMeter, device_counter
from trainables.environment import autocast, draw_from
from trainables.errors import UsageError
from trainables.keys import seed_for
from trainables.progress import tell
from trainables.result import Phase

if TYPE_CHECKING:
    from trainables.training.learner import Learner

_BATCH = 256
# What a pass over a split is for, to who waits for it.
_STAGES = {"train": "looking at train", "test": "testing"}

Alter = Callable[[dict[str, Any]], dict[str, Any]]
Chosen = range | NDArray[np.int64]


def batches(
    learner: "Learner",
    split: str,
    *,
    names: tuple[str, ...] = (),
    alter: Alter | None = None,
    rows: Chosen | None = None,
) -> Iterator[tuple[NDArray[np.int64], dict[str, Any], Phase]]:
    """One pass over a split, in batches of similar length, with the module in its present mode.

    Args:
        learner: The learner.
        split: Its name.
        names: What to give beside the logits: embeddings (b, d), probs (b, c), features (b, h), the
            classifier's input.
        alter: Changes each batch beforehand.
        rows: Which of the split, ascending; all without it.

    Yields:
        Their rows (b,), tensors by name on the host, float32, and what the batch took.
    """
    import torch

    network, embed = learner.network, "embeddings" in names
    entering: list[Any] = []
    hook = classifier(network.module).register_forward_pre_hook(
        lambda _, inputs: entering.append(inputs[0])
    )
    lengths = network.lengths[split]
    wanted = np.arange(len(lengths)) if rows is None else np.asarray(rows, dtype=np.int64)
    by_length = wanted[np.argsort(lengths[wanted], kind="stable")]
    meter = EnergyMeter(device_counter()).start()
    try:
        for start in range(0, len(by_length), _BATCH):
            here, started = by_length[start : start + _BATCH], time.perf_counter()
            batch = network.batch(split, here)
            with torch.inference_mode(), autocast(learner.training.precision):
                logits, embeddings = network.forward(alter(batch) if alter else batch, embed=embed)
            logits = logits.float()
            out = {
                "logits": logits,
                "probs": torch.softmax(logits, 1),
                "embeddings": embeddings,
                "features": entering.pop(),
            }
            # Brought to the host inside the measured time: an accelerator is waited for here.
            seen = {name: out[name].float().cpu() for name in ("logits", *names)}
            took = time.perf_counter() - started
            tell(_STAGES.get(split, split), start + len(here), len(by_length))
            yield here, seen, learner.work(split, here, took, joules=meter.lap())
    finally:
        hook.remove()


def classifier(module: Any) -> Any:
    """The last linear layer of a classifier.

    Raises:
        ValueError: If it has none.
    """
    import torch

    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
    if not layers:
        raise UsageError(f"{type(module).__name__} has no linear layer to take as its classifier")
    return layers[-1]


def collect(
    learner: "Learner",
    names: tuple[str, ...],
    split: str = "train",
    *,
    alter: Alter | None = None,
    rows: Chosen | None = None,
) -> tuple[Arrays, Phase]:
    """Arrays over a split from one pass, row for row.

    Args:
        learner: The learner.
        names: Of embeddings (n, d), probs (n, c) and features (n, h).
        split: Its name.
        alter: Changes each batch beforehand; without it the module is put in evaluation mode.
        rows: Which of the split; all without it.
    """
    if alter is None:
        learner.network.module.eval()
    parts: dict[str, list[Any]] = {name: [] for name in names}
    order, used = [], Phase()
    for here, seen, took in batches(learner, split, names=names, alter=alter, rows=rows):
        for name in names:
            parts[name].append(seen[name].numpy())
        order.append(here)
        used += took
    back = np.argsort(np.concatenate(order), kind="stable")
    return {name: np.concatenate(part)[back] for name, part in parts.items()}, used


def predict(
    learner: "Learner", split: str, rows: Chosen | None = None
) -> tuple[NDArray[np.int64], Phase]:
    """Predicted classes of a split or of some of its rows, ascending, and what it took."""
    predicted, _, used = predict_with_confidence(learner, split, rows)
    return predicted, used


def predict_with_loss(
    learner: "Learner", labels: NDArray[np.int64], *, classes: int = 0
) -> tuple[Arrays, Phase]:
    """What a learner says of the test set, and what it took.

    Args:
        learner: The learner.
        labels: The test set's, shape (n,).
        classes: How many probabilities to give of each row; 0 to leave them out.

    Returns:
        predicted: classes, (n,); confidence: the probability of each, (n,); loss: the negative log
        probability of the label, in nats, (n,); probs: of each class, (n, classes), where asked for.
    """
    n = len(labels)
    found: Arrays = {
        "predicted": np.empty(n, dtype=np.int64),
        "confidence": np.empty(n, dtype=np.float32),
        "loss": np.empty(n, dtype=np.float32),
    }
    if classes:
        found["probs"] = np.empty((n, classes), dtype=np.float32)
    used = Phase()
    learner.network.module.eval()
    for here, seen, took in batches(learner, "test"):
        logits = seen["logits"]
        found["predicted"][here] = logits.argmax(1).numpy()
        if classes:
            found["probs"][here] = logits.softmax(1).numpy()
        found["confidence"][here] = logits.softmax(1).amax(1).numpy()
        every = logits.log_softmax(1).numpy()
        found["loss"][here] = -every[np.arange(len(here)), labels[here]]
        used += took
    return found, used


def predict_with_confidence(
    learner: "Learner", split: str, rows: Chosen | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32], Phase]:
    """Predicted classes, the probability that the learner gives each, and what it took; as `predict`."""
    n = len(learner.network.lengths[split])
    predicted, confidence = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.float32)
    used = Phase()
    learner.network.module.eval()
    for here, seen, took in batches(learner, split, rows=rows):
        predicted[here] = seen["logits"].argmax(1).numpy()
        confidence[here] = seen["logits"].softmax(1).amax(1).numpy()
        used += took
    chosen = slice(None) if rows is None else np.asarray(rows)
    return predicted[chosen], confidence[chosen], used


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
    """Probabilities of the training set with word pieces left out at random, shape (n, u, c).

    Args:
        learner: The learner, of text.
        views: Passes, each with other pieces left out.
        share: Chance of each piece but the first, which some encoders classify by, to go.
    """
    import torch

    if not 0 < share < 1:
        raise UsageError(f"share is {share:g}; each word piece is left out with a chance in (0, 1)")

    def drop(batch: dict[str, Any]) -> dict[str, Any]:
        if "attention_mask" not in batch:
            raise UsageError("this learner reads no word pieces that could be left out")
        mask = batch["attention_mask"]
        stays = torch.rand(mask.shape, device=mask.device) >= share
        stays[:, 0] = True
        return {**batch, "attention_mask": mask * stays}

    learner.network.module.eval()
    return _several(learner, "view", views, drop)


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

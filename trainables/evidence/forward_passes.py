"""What a learner gives without being trained: one pass over a split, or several."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays
from trainables.energy import EnergyMeter, device_counter
from trainables.errors import UsageError
from trainables.evidence.label_losses import losses_of_labels
from trainables.learners.passes import one_pass
from trainables.progress import tell
from trainables.result import Phase

if TYPE_CHECKING:
    from trainables.learners.network import Network
    from trainables.training.learner import Learner

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
    labels: NDArray[np.int64] | None = None,
) -> Iterator[tuple[NDArray[np.int64], dict[str, Any], Phase]]:
    """One pass over a split, in batches of similar length, with the module in its present mode.

    Args:
        learner: The learner.
        split: Its name.
        names: What to give: embeddings (b, d); row_losses (b,), nats; of classes logits (b, c), probs (b, c)
            and features (b, h), the classifier's input; scored_pieces (b,), over how many predictions a
            row's loss is summed: of classes 1.
        alter: Changes each batch beforehand.
        rows: Which of the split, ascending; all without it.
        labels: Classes of the whole split, shape (n,), for row_losses of classes.

    Yields:
        Their rows (b,), tensors by name on the host, float32, and what the batch took.
    """
    network = learner.network
    n, done = len(network.lengths[split]), 0
    wanted = np.arange(n) if rows is None else np.asarray(rows, dtype=np.int64)
    meter, started = EnergyMeter(device_counter()).start(), time.perf_counter()
    with _entering_classifier(network, names) as entering:

        def look(here: NDArray[np.int64]) -> dict[str, Any]:
            batch = network.batch(split, here)
            logits, embeddings = network.forward(
                alter(batch) if alter else batch, embed="embeddings" in names
            )
            out = {"logits": logits.float(), "embeddings": embeddings}
            if "features" in names:
                out["features"] = entering.pop()
            if network.predicts == "pieces":
                out["row_losses"], out["scored_pieces"] = network.losses(out["logits"], batch, None)
            else:
                out |= _of_classes(out["logits"], names)
            return {name: out[name] for name in names}

        for here, seen in one_pass(network, split, wanted, look, learner.training.precision):
            if "row_losses" in names and labels is not None and network.predicts == "classes":
                seen["row_losses"] = _losses(seen["row_losses"], labels[here])
            # One batch after the other, the next one's beginning included: in sum all that the pass took.
            took = time.perf_counter() - started
            done += len(here)
            tell(_STAGES.get(split, split), done, len(wanted))
            yield here, seen, learner.work(split, here, took, joules=meter.lap())
            started = time.perf_counter()


def _of_classes(logits: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Probabilities, that each row is of one prediction, and what its loss is computed from on the host."""
    import torch

    probs = torch.softmax(logits, 1) if {"probs", "row_losses"} & {*names} else None
    return {"probs": probs, "row_losses": probs, "scored_pieces": torch.ones(len(logits))}


def _losses(probs: Any, labels: NDArray[np.int64]) -> Any:
    import torch

    return torch.from_numpy(losses_of_labels(probs.numpy(), labels))


@contextmanager
def _entering_classifier(network: "Network", names: tuple[str, ...]) -> Iterator[list[Any]]:
    """What goes into a classifier, pass by pass, where it is asked for."""
    entering: list[Any] = []
    if "features" not in names:
        yield entering
        return
    hook = classifier(network.module).register_forward_pre_hook(
        lambda _, inputs: entering.append(inputs[0])
    )
    try:
        yield entering
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
    labels: NDArray[np.int64] | None = None,
) -> tuple[Arrays, Phase]:
    """Arrays over a split from one pass, row for row.

    Args:
        learner: The learner.
        names: As `batches`, n rows each.
        split: Its name.
        alter: Changes each batch beforehand; without it the module is put in evaluation mode.
        rows: Which of the split; all without it.
        labels: As `batches`.
    """
    if alter is None:
        learner.network.module.eval()
    parts: dict[str, list[Any]] = {name: [] for name in names}
    order, used = [], Phase()
    for here, seen, took in batches(
        learner, split, names=names, alter=alter, rows=rows, labels=labels
    ):
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
    for here, seen, took in batches(learner, "test", names=("logits",)):
        log_probs = seen["logits"].log_softmax(1)
        # Of logits, as `predict` has it: two that differ may have one logarithm of their probability.
        found["predicted"][here] = seen["logits"].argmax(1).numpy()
        found["confidence"][here] = log_probs.amax(1).exp().numpy()
        if classes:
            found["probs"][here] = log_probs.exp().numpy()
        found["loss"][here] = -log_probs.numpy()[np.arange(len(here)), labels[here]]
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
    for here, seen, took in batches(learner, split, names=("logits",), rows=rows):
        predicted[here] = seen["logits"].argmax(1).numpy()
        confidence[here] = seen["logits"].softmax(1).amax(1).numpy()
        used += took
    chosen = slice(None) if rows is None else np.asarray(rows)
    return predicted[chosen], confidence[chosen], used

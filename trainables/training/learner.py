"""The training loop: a learner follows its schedule, records visits, and can be saved and resumed."""

import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from trainables.arrays import Arrays
from trainables.energy import EnergyMeter, device_counter
from trainables.environment import autocast, device, draw_from
from trainables.errors import DataError
from trainables.keys import seed_for
from trainables.learners.resident import sent
from trainables.progress import tell
from trainables.result import Phase
from trainables.training.schedule import Schedule, Step, learning_rate
from trainables.training.tensor_files import write_tensors
from trainables.training_settings import Training
from trainables.written_numbers import first_few

if TYPE_CHECKING:
    from trainables.learners.network import Network

# Steps between readings of what they showed, such as whether the loss is finite. Each waits for the
# accelerator: of nothing else in a step does the host.
_CHECK_EVERY = 50


class Learner:
    """A network in training.

    Args:
        network: At its initial weights.
        labels: Of the training set, shape (n,).
        training: How it is trained.
        seed: The spec's.

    Attributes:
        labels: Of the training set, on the device.
        steps: Optimizer steps done, those before a fork included.
        used: What they took, and fitting to the data before the first.
    """

    def __init__(
        self, network: "Network", labels: NDArray[np.int64], training: Training, seed: int
    ) -> None:
        self.network, self.training, self.seed = network, training, seed
        self.steps, self.used = 0, network.fitted
        self._meter = EnergyMeter(device_counter())
        self.labels = torch.tensor(labels, device=device())
        named = list(network.module.named_parameters())
        self._names = {parameter: name for name, parameter in named}
        decayed = [p for _, p in named if p.ndim > 1]
        others = [p for _, p in named if p.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": training.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=training.lr, fused=True)
        self._seen: dict[str, list[NDArray[np.float32]]] = {}
        self._unchecked: list[tuple[Step, dict[str, Any]]] = []

    @property
    def threads(self) -> int:
        """Threads this process computes with."""
        threads: int = torch.get_num_threads()
        return threads

    @property
    def parameters(self) -> int:
        """Trained parameters outside embedding tables: the P of the FLOP model."""
        module = self.network.module
        layers = {m.weight for m in module.modules() if isinstance(m, torch.nn.Linear)}
        tables = [m.weight for m in module.modules() if isinstance(m, torch.nn.Embedding)]
        # One that is the last layer, too, is multiplied with as that.
        tables = [table for table in tables if table not in layers]
        every = sum(int(p.numel()) for p in module.parameters())
        return every - sum(int(table.numel()) for table in tables)

    def train(self, schedule: Schedule, until: int | None = None) -> Iterator[int]:
        """Follow a schedule, from the steps this learner has done, to step `until` or its end.

        Yields the number of steps done after each, so that the caller may save in between.

        Raises:
            FloatingPointError: If a loss is not finite, naming epoch, step and rows.
        """
        ahead = islice(
            schedule.steps(),
            self.steps - schedule.fork,
            None if until is None else until - schedule.fork,
        )
        self._meter.start()
        for step in ahead:
            started = time.perf_counter()
            self._step(step, schedule.later_seed)
            self.steps += 1
            epoch, epochs = step.epoch + 1, max(step.epoch + 1, schedule.epochs)
            tell("training", epoch, epochs, unit="epoch", share=step.progress)
            if self.steps % _CHECK_EVERY == 0:
                self._check()
            took = time.perf_counter() - started
            joules = self._meter.lap(at_once=False)
            self.used += self.work("train", step.rows, took, joules=joules)
            yield self.steps
        # Waits for an accelerator, and so belongs to the time it took.
        started = time.perf_counter()
        self._check()
        took = time.perf_counter() - started
        self.used += Phase(seconds=took, joules=self._meter.lap())
        self._meter = EnergyMeter(device_counter())

    def _step(self, step: Step, seed: int) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(step.progress, self.training)
        self.network.module.train()
        # Keyed by epoch and position, not by history: see seed_for.
        draw_from(seed_for(seed, "step", step.epoch, step.position))
        labels = self.labels[sent(step.rows)]
        batch = self.network.batch("train", step.rows)
        with autocast(self.training.precision):
            logits = self.network.forward(batch)[0].float()
        losses, pieces = self.network.losses(logits, batch, labels)
        weighed = losses
        if step.weights is not None:
            weighed = losses * sent(step.weights)
        # Of pieces the ratio of two sums, so that each piece counts alike.
        loss = weighed.mean() if pieces is None else weighed.sum() / pieces.sum().clamp(min=1)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.module.parameters(), self.training.clip_norm)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        # What this visit showed of its samples: the logits are at hand anyway.
        if pieces is None:
            seen = {"losses": losses, **_margins(logits, labels)}
        else:
            seen = {"losses": losses / pieces.clamp(min=1)}
        seen = {"loss": loss[None], **seen}
        self._unchecked.append((step, {name: values.detach() for name, values in seen.items()}))

    def _check(self) -> None:
        """Bring to the host what the steps since the last time have shown, in one copy."""
        shown, self._unchecked = self._unchecked, []
        if not shown:
            return
        values = torch.cat([one for _, seen in shown for one in seen.values()]).cpu().numpy()
        start = 0
        for step, seen in shown:
            for name, one in seen.items():
                here, start = values[start : start + len(one)], start + len(one)
                if name != "loss":
                    self._keep_visit(name, step, here)
                elif not math.isfinite(here[0]):
                    raise FloatingPointError(
                        f"the loss is {here[0]} at epoch {step.epoch}, step {step.position}, training "
                        f"rows {first_few(step.rows.tolist())}; lower the learning rate or look at these rows"
                    )

    def _catch_up(self) -> None:
        """As `_check`, between steps: an accelerator is waited for, and that is part of what they took."""
        if self._unchecked:
            started = time.perf_counter()
            self._check()
            took = time.perf_counter() - started
            self.used += Phase(seconds=took, joules=self._meter.lap(at_once=False))

    def _keep_visit(self, name: str, step: Step, values: NDArray[np.float32]) -> None:
        epochs = self._seen.setdefault(name, [])
        while len(epochs) <= step.epoch:
            epochs.append(np.full(len(self.labels), np.nan, dtype=np.float32))
        epochs[step.epoch][step.rows] = values

    def work(
        self, split: str, rows: NDArray[np.int64], seconds: float, *, joules: float | None = None
    ) -> Phase:
        """One batch, as it is counted."""
        tokens = int(self.network.lengths[split][rows].sum())
        padded = self.network.width(split, rows) * len(rows)
        return Phase(
            seconds=seconds, steps=1, examples=len(rows), tokens=tokens, padded_tokens=padded,
            joules=joules,
        )  # fmt: skip

    def visits(self) -> Arrays:
        """Loss at each training visit, of classes margin and correctness, too, shape (n, t); nan if not seen.

        Of pieces the loss is the mean of the row's.
        """
        self._catch_up()
        return {name: np.stack(epochs, axis=1) for name, epochs in self._seen.items()}

    def last_losses(self, epoch: int) -> NDArray[np.float32]:
        """Each row's loss at its last visit before an epoch, shape (n,); nan where it had none."""
        self._catch_up()
        last = np.full(len(self.labels), np.nan, dtype=np.float32)
        for losses in self._seen.get("losses", [])[:epoch]:
            last = np.where(np.isnan(losses), last, losses)
        return last

    def moment(self, parameter: Any, kind: str) -> NDArray[np.float32]:
        """One of AdamW's running moments of a parameter: exp_avg or exp_avg_sq."""
        moment: NDArray[np.float32] = self._optimizer.state[parameter][kind].cpu().numpy()
        return moment

    def weights_sha(self) -> str:
        """The sha256 of all weights, by name."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.network.module.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def save(self, path: Path, *, timed: bool = True) -> dict[str, Any]:
        """Write `state` as one safetensors file; what was used so far, seconds included."""
        write_tensors(path, *self.state(timed=timed))
        return {"used": asdict(self.used)}

    def state(self, *, timed: bool = True) -> tuple[dict[str, Any], str]:
        """Weights, optimizer state and visits by name, as they are at present, and steps done.

        Args:
            timed: Give the seconds used; without them equal learners give equal bytes.
        """
        self._catch_up()
        state = {f"weights.{k}": v for k, v in _own_tensors(self.network.module).items()}
        for parameter, moments in self._optimizer.state.items():
            state |= {f"{m}.{self._names[parameter]}": v for m, v in moments.items()}
        state |= {f"visits.{k}": torch.from_numpy(np.stack(v)) for k, v in self._seen.items()}
        # What the steps since the last reading took is in the file, too.
        self.used += Phase(joules=self._meter.lap())
        used = self.used if timed else replace(self.used, seconds=0.0, joules=None)
        return state, json.dumps({"steps": self.steps, "used": asdict(used)}, sort_keys=True)

    def load(self, path: Path) -> None:
        """Resume from what `save` wrote.

        Raises:
            ValueError: If the file is of another network.
        """
        with safe_open(path, framework="pt", device=device()) as file:
            facts = json.loads(file.metadata()["learner"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        by_kind: dict[str, dict[str, Any]] = {}
        for name, tensor in state.items():
            kind, _, rest = name.partition(".")
            by_kind.setdefault(kind, {})[rest] = tensor
        try:
            weights, module = by_kind.pop("weights"), self.network.module
            tied = {**module.state_dict(), **weights}.keys() - _own_tensors(module).keys()
            module.load_state_dict(weights, strict=not tied)
        except (KeyError, RuntimeError) as error:
            raise DataError(f"{path} is not a checkpoint of this network: {error}") from error
        visits = by_kind.pop("visits", {})
        self._seen, self._unchecked = {k: [*v.cpu().numpy()] for k, v in visits.items()}, []
        for parameter, name in self._names.items():
            moments = {kind: tensors[name] for kind, tensors in by_kind.items() if name in tensors}
            if moments:
                self._optimizer.state[parameter] = moments
        self.steps, self.used = facts["steps"], Phase(**facts["used"])


def _own_tensors(module: Any) -> dict[str, Any]:
    """A module's tensors by name, each once: a last layer may be the table of word pieces."""
    first = {(t.data_ptr(), t.shape): name for name, t in reversed(module.state_dict().items())}
    return {
        name: tensor
        for name, tensor in module.state_dict().items()
        if not tensor.numel() or first[tensor.data_ptr(), tensor.shape] == name
    }


def _margins(logits: Any, labels: Any) -> dict[str, Any]:
    """How far the label leads all other classes, and whether it does, shape (b,) each."""
    chosen = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], -math.inf).amax(1)
    return {"margins": chosen - others, "correct": (chosen > others).float()}

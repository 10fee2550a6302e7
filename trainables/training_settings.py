"""How a learner is trained, and which other run may score the rows for it."""

import math
from dataclasses import dataclass, field, replace

from trainables.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a learner is trained; every field changes the result.

    Attributes:
        epochs: Passes over the data that the full-data run makes.
        batch_size: Samples a step.
        lr: Peak learning rate of AdamW.
        lr_warmup: Share of the run in which the learning rate rises linearly, in [0, 1).
        weight_decay: AdamW's, on matrices only.
        clip_norm: Largest gradient norm.
        max_length: Word pieces a text is cut to.
        precision: "fp32", or "bf16" for autocast.
    """

    epochs: int = 3
    batch_size: int = 32
    lr: float = 5e-5
    lr_warmup: float = 0.06
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    max_length: int = 128
    precision: str = "fp32"

    def __post_init__(self) -> None:
        """Refuse settings no run could use."""
        for name in ("epochs", "batch_size", "lr", "clip_norm", "max_length"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be above 0")
        if not 0 <= self.lr_warmup < 1:
            raise UsageError(f"lr_warmup is {self.lr_warmup}; it is a share of the run, in [0, 1)")
        if not 0 <= self.weight_decay < math.inf:
            raise UsageError(f"weight_decay is {self.weight_decay}; it must be 0 or more")
        if self.precision not in ("fp32", "bf16"):
            raise UsageError(f"precision is {self.precision!r}; use 'fp32' or 'bf16'")

    def with_as_many_steps(self, n: int, whole: int) -> "Training":
        """A training by which n rows take as many optimizer steps as `whole` rows by this one, to half an epoch."""
        steps = self.epochs * -(-whole // self.batch_size)
        return replace(self, epochs=max(1, round(steps / -(-n // self.batch_size))))


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """The full-data run that scores the rows in place of the trial's own learner.

    Attributes:
        learner: Row of LEARNERS.
        model: Hub id, folder, or the name of a built-in; not in any key.
        model_sha: Content of the model.
        training: How it is trained.
    """

    learner: str
    model: str
    model_sha: str
    training: Training = field(default_factory=Training)

"""What a finished trial gives back: one row, and what each phase of it used; a training's curve."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainables.spec import TrialSpec

# Removed rows that a final model is asked about: shares of them are then known to 2 points.
MOST_LOOKED_AT = 2_000
# What a phase counts whatever device it is on.
_COUNTED = ("seconds", "steps", "examples", "tokens", "padded_tokens")
PHASES = ("embedding", "warmup", "scoring", "training", "evaluation")


def packed_by_class(flags: NDArray[np.bool_], labels: NDArray[np.int64]) -> bytes:
    """One bit a test sample, as `TrialResult.correct` holds them: both are read side by side.

    Args:
        flags: Of each test sample, shape (n,), in the test set's order.
        labels: Shape (n,).
    """
    return np.packbits(flags[np.argsort(labels, kind="stable")]).tobytes()


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What one phase of a trial used, as measured.

    Attributes:
        seconds: Wall time.
        steps: Optimizer steps, or batches where nothing is trained.
        examples: Samples processed, repeats counted.
        tokens: Word pieces of those samples, padding left out; 0 where there are none.
        padded_tokens: Word pieces computed on, padding included.
        joules: Energy by the counter of the device itself; None where none was read, or not of all of it.
    """

    seconds: float = 0.0
    steps: int = 0
    examples: int = 0
    tokens: int = 0
    padded_tokens: int = 0
    joules: float | None = None

    def __add__(self, other: "Phase") -> "Phase":
        """Both phases together; energy that was not read of one is not known of both."""
        if _NOTHING in (self, other):
            return other if self == _NOTHING else self
        both = self.joules is not None and other.joules is not None
        counts = {k: getattr(self, k) + getattr(other, k) for k in _COUNTED}
        return Phase(**counts, joules=(self.joules or 0) + (other.joules or 0) if both else None)

    def __sub__(self, other: "Phase") -> "Phase":
        """What came after other, an earlier reading of the same count."""
        if other == _NOTHING:
            return self
        both = self.joules is not None and other.joules is not None
        counts = {k: getattr(self, k) - getattr(other, k) for k in _COUNTED}
        return Phase(**counts, joules=(self.joules or 0) - (other.joules or 0) if both else None)


_NOTHING = Phase()
# What a phase is made of, by names of its steps: one name in two trials is one step, made once.
Steps = Mapping[str, Phase]


def steps_of(facts: Mapping[str, Any], key: str) -> Steps:
    """What a kept file is made of; one step, by the file's key, where a store of before does not say."""
    if "steps" in facts:
        return _phases(facts["steps"])
    used = facts["used"]
    return {key: Phase(**used) if "seconds" in used else total(_phases(used))}


def _phases(used: Mapping[str, Any]) -> Steps:
    return {step: Phase(**phase) for step, phase in used.items()}


def total(steps: Steps) -> Phase:
    """All steps of a phase together."""
    return sum(steps.values(), _NOTHING)


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """One row: a trial's spec and everything measured of it.

    Attributes:
        spec: The trial.
        status: "ok", or "failed" with `error`.
        error: One line: what went wrong.
        accuracy: Share of the test set predicted right after the last epoch, in [0, 1].
        recall: Per class, in [0, 1]; nan where the test set has no sample of it. Shape (c,).
        correct: One bit a test sample, the first class's first and each class's in the test set's
            order, packed big-endian first (numpy.packbits), n_test bits.
        n_test: Test samples.
        outcome: Columns of its outcome, the table of what it says of each test sample; empty in rows
            of a release that kept none.
        test_counts: Of them those of each class, shape (c,).
        class_names: Shape (c,).
        class_counts: Training samples per class, shape (c,).
        kept_counts: Of them, those kept, shape (c,).
        phases: What warm-up, scoring, training and evaluation used; of what trials share, each
            row shows all that its trial rests on, also where another trial made it.
        scoring_steps: What scoring is made of: passes over the data, neighbours, runs on subsets, the signal
            itself. Trials share a step that has one name in both rows. Empty in rows that do not say.
        parameters: Trained parameters without embeddings (P_ne of the FLOP model).
        weights_sha: sha256 of the final weights.
        kept_sha: sha256 of the kept rows.
        twins_lost: Share of the removed samples whose nearest neighbour was removed too, or None.
        removed_sure_other: Share of the removed rows (of MOST_LOOKED_AT of them, where there are more) for
            which the final model, which never saw them, is sure of another class than their label's: as
            sure as of the better half of the test rows that it gets right. None where it saw them, or
            none were removed.
        test_sure_other: The same share of the test rows.
        neighbours_recall: Share of a sample's true neighbours that an approximate search found.
        found: Where the data's truth is known: share of the removed rows that truly are spare
            copies ("duplicates") or wrongly labelled ("wrong_labels"), and "..._recall".
        environment: Versions, device and threads; trials of one cell agree on it.
        warnings: What a reader of this row must know, one sentence each.
        finished: ISO time, UTC; it and `host` say nothing about the result.
        host: Machine.
    """

    spec: TrialSpec
    status: Literal["ok", "failed"] = "ok"
    error: str = ""
    accuracy: float | None = None
    recall: tuple[float, ...] = ()
    correct: bytes = b""
    n_test: int = 0
    outcome: tuple[str, ...] = ()
    test_counts: tuple[int, ...] = ()
    class_names: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    kept_counts: tuple[int, ...] = ()
    phases: Mapping[str, Phase] = field(default_factory=dict)
    scoring_steps: Steps = field(default_factory=dict)
    parameters: int = 0
    weights_sha: str = ""
    kept_sha: str = ""
    twins_lost: float | None = None
    removed_sure_other: float | None = None
    test_sure_other: float | None = None
    neighbours_recall: float | None = None
    found: Mapping[str, float] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    finished: str = ""
    host: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether the trial ended with a result."""
        return self.status == "ok"


@dataclass(frozen=True, kw_only=True)
class TrainingCurve:
    """A run on most of the training rows, looked at on the others as it went on.

    Attributes:
        spec: The full-data run whose training it shows.
        epochs: Passes done at each look, ascending, the run's end last; shape (m,), empty where its
            loss was not finite.
        right: Of each look and held-out row whether it was predicted right, packed big-endian
            first (numpy.packbits), m times n_held bits.
        n_held: Rows held out, the same for every training of a data set.
        n_train: Rows trained on.
        used: Training and looks.
        error: Why there is no curve, or empty.
    """

    spec: TrialSpec
    epochs: tuple[float, ...] = ()
    right: bytes = b""
    n_held: int = 0
    n_train: int = 0
    used: Phase = field(default_factory=Phase)
    error: str = ""

    def bits(self) -> NDArray[np.bool_]:
        """Whether each held-out row was predicted right at each look, shape (m, n_held)."""
        shape = (len(self.epochs), self.n_held)
        bits = np.unpackbits(np.frombuffer(self.right, dtype=np.uint8), count=shape[0] * shape[1])
        return bits.reshape(shape).astype(bool)

    def accuracies(self) -> tuple[float, ...]:
        """Accuracy on the held-out rows at each look, in [0, 1]; empty without held-out rows."""
        return tuple(self.bits().mean(axis=1).tolist()) if self.n_held else ()

"""LEARNERS: what can be trained. A new learner is one function and one row of this table."""

from collections.abc import Callable
from dataclasses import dataclass

from trainables.cache import Cache
from trainables.data.dataset import Dataset
from trainables.learners.linear import open_linear
from trainables.learners.network import Network
from trainables.learners.text import open_text, open_tiny
from trainables.spec import Training, TrialSpec


@dataclass(frozen=True, kw_only=True)
class LearnerSpec:
    """A learner that can be named in a spec: a row of LEARNERS.

    Attributes:
        open: Gives the network at its initial weights for a spec; the seed decides them.
        about: One line.
        training: How it is trained unless asked otherwise.
        lacks: Evidence it cannot give.
    """

    open: Callable[[TrialSpec, Dataset, Cache], Network]
    about: str
    training: Training
    lacks: tuple[str, ...] = ()


LEARNERS: dict[str, LearnerSpec] = {
    "text": LearnerSpec(
        open=open_text,
        about="A pretrained Hugging Face encoder with a classification head, all of it trained.",
        training=Training(epochs=3, batch_size=32, lr=5e-5, max_length=128),
    ),
    "tiny": LearnerSpec(
        open=open_tiny,
        about="A two-layer DistilBERT from random weights with word pieces of the data's own.",
        training=Training(epochs=2, batch_size=16, lr=1e-3, lr_warmup=0.1, max_length=64),
    ),
    "linear": LearnerSpec(
        open=open_linear,
        about="A logistic head on frozen embeddings: of an encoder, or of weighted word pieces.",
        training=Training(epochs=10, batch_size=64, lr=1e-2, weight_decay=1e-4, max_length=128),
        # No dropout to leave on, and its word pieces are embedded once and for all.
        lacks=("dropout_probs", "view_probs"),
    ),
}

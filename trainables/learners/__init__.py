"""LEARNERS: what can be trained. A new learner is one function and one row of this table."""

from collections.abc import Callable
from dataclasses import dataclass

from trainables.cache import Cache
from trainables.learners.image import open_image
from trainables.learners.linear import embedding_used, open_linear
from trainables.learners.network import Opener
from trainables.learners.text import open_text, open_tiny
from trainables.result import Phase
from trainables.spec import TrialSpec
from trainables.training_settings import Training


@dataclass(frozen=True, kw_only=True)
class LearnerSpec:
    """A learner that can be named in a spec: a row of LEARNERS.

    Attributes:
        open: Gives the network at its initial weights for a spec.
        about: One line.
        training: How it is trained unless asked otherwise.
        decay_rows: Training rows up to which its weight decay is that of `training`; with more it falls
            as one over their number, so that decay over a pass stays what it is. 0: never.
        weight_decays: Those that a search for its training tries, in place of that of `training`.
        metric: What its trials are judged by unless asked otherwise.
        lacks: Evidence it cannot give.
        reads: Kinds of data sets that it can be trained on.
        trains_encoder: Whether its embeddings change as it is trained, and so have seen labels.
        embedding_used: What was done to the data before its first step, where that is worth counting.
    """

    open: Opener
    about: str
    training: Training
    decay_rows: int = 0
    weight_decays: tuple[float, ...] = (0.01, 0.1)
    metric: str = "accuracy"
    lacks: tuple[str, ...] = ()
    reads: tuple[str, ...] = ("text",)
    trains_encoder: bool = True
    embedding_used: Callable[[TrialSpec, Cache], Phase] | None = None

    def decay_for(self, n_train: int) -> float:
        """Its weight decay for so many training rows, unless asked otherwise.

        References:
            Wang and Aitchison, "How to set AdamW's weight decay as you scale model and dataset size",
            2025: what stays the same from one size to another is the decay over an epoch.
        """
        if not self.decay_rows or n_train <= self.decay_rows:
            return self.training.weight_decay
        return float(f"{self.training.weight_decay * self.decay_rows / n_train:.3g}")


LEARNERS: dict[str, LearnerSpec] = {
    "text": LearnerSpec(
        open=open_text,
        about="A pretrained Hugging Face encoder with a classification head, all of it trained.",
        training=Training(epochs=3, batch_size=32, lr=5e-5, max_length=128),
    ),
    "tiny": LearnerSpec(
        open=open_tiny,
        about="A two-layer DistilBERT from random weights with word pieces of the data's own.",
        training=Training(epochs=8, batch_size=16, lr=1e-3, lr_warmup=0.1, max_length=64),
    ),
    "linear": LearnerSpec(
        open=open_linear,
        about="A logistic head on frozen embeddings: of an encoder, or of weighted word pieces.",
        training=Training(epochs=20, batch_size=64, lr=1e-2, weight_decay=1.0, max_length=128),
        decay_rows=8_000,
        weight_decays=(1.0, 0.1, 3.0),
        # No dropout to leave on, and its word pieces are embedded once and for all.
        lacks=("dropout_probs", "view_probs"),
        trains_encoder=False,
        embedding_used=embedding_used,
    ),
    "image": LearnerSpec(
        open=open_image,
        about="A small residual network from random weights, or a Hugging Face image classifier.",
        # Of the small network on 3,000 images of CIFAR-10, all 10,000 to test on: .576 to .586 right
        # (seeds 1 to 3); on 8,000 .675 and .679. Half and twice the rate, batches of 32 and 128, decay .1: each 1 to 2 points
        # less of one seed at 12 epochs.
        training=Training(epochs=15, batch_size=64, lr=1e-2, lr_warmup=0.1),
        lacks=("dropout_probs",),
        reads=("image",),
    ),
}

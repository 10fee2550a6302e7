"""LEARNERS: what can be trained. A new learner is one function and one row of this table."""

from collections.abc import Callable
from dataclasses import dataclass

from trainables.cache import Cache
from trainables.learners.causal_lm import open_causal_lm
from trainables.learners.image import open_image
from trainables.learners.linear import embedding_used, open_linear
from trainables.learners.network import Opener
from trainables.learners.text import open_text, open_tiny
from trainables.result import Phase
from trainables.spec import TrialSpec
from trainables.training_settings import Training

# What one prediction a row does not have: of it a mean is the same as a sum.
_OF_PIECES = ("scored_pieces",)
# What needs classes, or the one layer that tells them apart.
_OF_CLASSES = (
    "labels", "validation_labels", "losses", "margins", "correct", "probs", "features", "validation_probs",
    "validation_features", "dropout_probs", "view_probs", "gradient_norms", "moments", "class_neighbours",
    "cross_probs", "class_recall", "head_models", "member_probs", "member_features", "checkpoints",
    "subset_models",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LearnerSpec:
    """A learner that can be named in a spec: a row of LEARNERS.

    Attributes:
        open: Gives the network at its initial weights for a spec.
        about: One line.
        training: How it is trained unless asked otherwise.
        fine_tuning: The same for weights that come in files, where random ones need another.
        decay_rows: Training rows up to which its weight decay is that of `training`; with more it falls
            as one over their number, so that decay over a pass stays what it is. 0: never.
        weight_decays: Those that a search for its training tries, in place of that of `training`.
        metric: What its trials are judged by unless asked otherwise.
        leaves: Columns that its trials leave of each test row, full-data runs at least.
        learns_classes: Whether it learns the classes of rows; else what is in the rows themselves.
        lacks: Evidence it cannot give.
        reads: Kinds of data sets that it can be trained on.
        trains_encoder: Whether its embeddings change as it is trained, and so have seen labels.
        embedding_used: What embedding a split took, given a spec, the cache and its name; where that is worth counting.
    """

    open: Opener
    about: str
    training: Training
    fine_tuning: Training | None = None
    decay_rows: int = 0
    weight_decays: tuple[float, ...] = (0.01, 0.1)
    metric: str = "accuracy"
    leaves: tuple[str, ...] = ("predicted", "loss", "probs")
    learns_classes: bool = True
    lacks: tuple[str, ...] = ()
    reads: tuple[str, ...] = ("text",)
    trains_encoder: bool = True
    embedding_used: Callable[[TrialSpec, Cache, str], Phase] | None = None

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
        lacks=_OF_PIECES,
    ),
    "tiny": LearnerSpec(
        open=open_tiny,
        about="A two-layer DistilBERT from random weights with word pieces of the data's own.",
        training=Training(epochs=8, batch_size=16, lr=1e-3, lr_warmup=0.1, max_length=64),
        lacks=_OF_PIECES,
    ),
    "linear": LearnerSpec(
        open=open_linear,
        about="A logistic head on frozen embeddings: of an encoder, or of weighted word pieces.",
        training=Training(epochs=20, batch_size=64, lr=1e-2, weight_decay=1.0, max_length=128),
        decay_rows=8_000,
        weight_decays=(1.0, 0.1, 3.0),
        # No dropout to leave on, and its word pieces are embedded once and for all.
        lacks=("dropout_probs", "view_probs", *_OF_PIECES),
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
        # What the scripts of transformers tune by, with a warm-up.
        fine_tuning=Training(epochs=5, batch_size=32, lr=5e-5, lr_warmup=0.1),
        lacks=("dropout_probs", *_OF_PIECES),
        reads=("image",),
    ),
    "causal_lm": LearnerSpec(
        open=open_causal_lm,
        about="A language model that says each word piece from those before it, all of it trained.",
        # Loss a piece of 500 texts of ag_news after 2,000 (8.34 before, seed 0): 5.51; by lr 1e-3 5.72, by 4e-3 5.75;
        # by 8 epochs 5.24, for twice the time.
        training=Training(epochs=4, batch_size=16, lr=2e-3, lr_warmup=0.1, max_length=128),
        # What the scripts of transformers tune by, with a warm-up.
        fine_tuning=Training(epochs=3, batch_size=8, lr=5e-5, lr_warmup=0.1, max_length=512),
        metric="token_loss",
        leaves=("loss", "weight", "reference"),
        learns_classes=False,
        lacks=_OF_CLASSES,
        reads=("text", "messages"),
    ),
}

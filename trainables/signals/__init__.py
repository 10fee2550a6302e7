"""SIGNALS: what each row is worth. A new signal is one function and one row of this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainables.docstrings import about, source
from trainables.evidence.requirements import EVIDENCE, parameters, rests_on
from trainables.signals.control import given, random
from trainables.signals.coresets import K_CENTRE_ROWS, facility_location, k_centre
from trainables.signals.difficulty import el2n, el2n_ensemble, grand, grand_ensemble, grand_full
from trainables.signals.dynamics import (
    aum,
    confidence,
    correctness,
    forgetting,
    never_learnt,
    variability,
)
from trainables.signals.graph import d2
from trainables.signals.influence import less, tracin, tracin_self, trak
from trainables.signals.informativeness import infomax
from trainables.signals.labels import knn_shapley, label_quality
from trainables.signals.memorization import influence, mem_head, memorization
from trainables.signals.prototypes import (
    d4,
    moderate,
    ssl_prototypes,
    supervised_prototypes,
)
from trainables.signals.redundancy import (
    keep_one,
    redundancy,
    redundancy_within_class,
    semdedup,
)
from trainables.signals.stability import (
    stability_over_visits,
    stability_under_dropout,
    stability_under_token_dropout,
)
from trainables.signals.trajectories import cld, delta_loss, dual
from trainables.signals.uncertainty import (
    entropy,
    least_confidence,
    loss,
    margin,
    perplexity,
)
from trainables.signals.words import length, tfidf
from trainables.signals.zcore import zcore
from trainables.spec import Setting

LabelRoute = Literal["yes", "through predictions", "through embeddings", "not known", "no"]
# What only a head that was trained on labels can say.
_PREDICTIONS = {
    "probs",
    "features",
    "dropout_probs",
    "view_probs",
    "member_probs",
    "member_features",
}
HardEnd = Literal["low", "high", ""]


@dataclass(frozen=True)
class Signal:
    """A signal by name: its function, what it costs and from when on it can be used.

    Attributes:
        score: The function. Its positional parameters name the evidence it needs, its
            keyword-only ones are its settings; it returns float32 scores of shape (n,), higher
            is more worth keeping.
        cost: What it adds to a run, in forward passes over the training set (F) and more.
        min_epochs: Epochs of warm-up from which on it means what its source says; warned below.
        needs_epochs: Epochs below which it has no data yet; refused.
        more_visits_than: A setting that every row must be seen more often than, beside that; "" for none.
        least_models: Whole models below which its order is mostly chance; warned below.
        both_ways: Whether papers disagree which end to keep.
        affordable: Whether it costs a small part of a run, and so is in the grid `signals`.
        selector: How its source cuts.
        is_set: Whether a row's score rests on which other rows go, so that the scores of several
            seeds have no meaningful mean: of two copies each seed lets another one go.
        hard_end: Which end of the scores holds the hardest rows: near the boundary of classes, likely
            mislabelled, or harmful. "" where the scores say nothing of that, or have such rows elsewhere
            than at one end; of scores that nobody knows, such as `given`, it is "" as well.
        most_rows: Training rows above which it would take so long that it is refused; 0 is no bound.
        columns: More that is said of each row, kept beside its score: functions like `score`.
    """

    score: Callable[..., NDArray[np.float32]]
    cost: str = field(kw_only=True)
    min_epochs: float = field(default=0.0, kw_only=True)
    needs_epochs: float = field(default=0.0, kw_only=True)
    more_visits_than: str = field(default="", kw_only=True)
    least_models: int = field(default=0, kw_only=True)
    both_ways: bool = field(default=False, kw_only=True)
    affordable: bool = field(default=True, kw_only=True)
    selector: str = field(default="global", kw_only=True)
    is_set: bool = field(default=False, kw_only=True)
    hard_end: HardEnd = field(default="", kw_only=True)
    most_rows: int = field(default=0, kw_only=True)
    columns: Mapping[str, Callable[..., NDArray[Any]]] = field(default_factory=dict, kw_only=True)

    @property
    def about(self) -> str:
        """One line."""
        return about(self.score)

    @property
    def source(self) -> str:
        """Where the idea is from."""
        return source(self.score)

    @property
    def needs(self) -> tuple[str, ...]:
        """The evidence it asks for."""
        return parameters(self.score)[0]

    def epochs_for(self, settings: Mapping[str, Setting]) -> float:
        """Epochs of warm-up below which it has no data with some settings; those left out are its own."""
        if not self.more_visits_than:
            return self.needs_epochs
        chosen = {**parameters(self.score)[1], **settings}
        return max(self.needs_epochs, int(chosen[self.more_visits_than]) + 1)

    @property
    def needs_labels(self) -> bool:
        """Whether it cannot be had without labels, itself or through its evidence."""
        return any(EVIDENCE[name].needs_labels for name in self.needs)

    @property
    def labels_by(self) -> LabelRoute:
        """How labels reach its scores: it looks at them, or at what was trained on them, or not at all."""
        if self.needs_labels:
            return "yes"
        under = rests_on(self.score)
        if "given_scores" in under:
            return "not known"
        if under & _PREDICTIONS:
            return "through predictions"
        return "through embeddings" if "embeddings" in under else "no"

    @property
    def is_held_out(self) -> bool:
        """Whether it asks heads that did not see the row, on embeddings that may have."""
        return bool(rests_on(self.score) & {"cross_probs", "head_models"})


SIGNALS: dict[str, Signal] = {
    "random": Signal(random, cost="0"),
    "given": Signal(given, cost="0", both_ways=True, affordable=False, is_set=True),
    "redundancy": Signal(redundancy, cost="1 F + kNN"),
    "redundancy_within_class": Signal(redundancy_within_class, cost="1 F + kNN"),
    "keep_one": Signal(keep_one, cost="1 F + kNN", is_set=True),
    "semdedup": Signal(semdedup, cost="1 F + k-means", is_set=True),
    "d4": Signal(d4, cost="1 F + 2 k-means", is_set=True),
    "zcore": Signal(zcore, cost="1 F + 50 planes a row", is_set=True),
    "k_centre": Signal(
        k_centre,
        cost=f"1 F + all pairs of at most {K_CENTRE_ROWS:,} rows",
        is_set=True,
        most_rows=K_CENTRE_ROWS,
    ),
    "facility_location": Signal(facility_location, cost="1 F + kNN", is_set=True),
    "ssl_prototypes": Signal(ssl_prototypes, cost="1 F + k-means", both_ways=True, hard_end="high"),
    "supervised_prototypes": Signal(
        supervised_prototypes, cost="1 F", both_ways=True, hard_end="high"
    ),
    "moderate": Signal(moderate, cost="1 F"),
    "d2": Signal(d2, cost="1 F + kNN", min_epochs=1, is_set=True),
    "infomax": Signal(infomax, cost="1 F + kNN", min_epochs=1, is_set=True, hard_end="high"),
    "el2n": Signal(el2n, cost="1 F", min_epochs=1, both_ways=True, hard_end="high"),
    "el2n_ensemble": Signal(
        el2n_ensemble,
        cost="5 warm-ups + 5 F",
        min_epochs=1,
        both_ways=True,
        affordable=False,
        hard_end="high",
    ),
    "grand": Signal(grand, cost="1 F", min_epochs=1, both_ways=True, hard_end="high"),
    "grand_ensemble": Signal(
        grand_ensemble,
        cost="5 warm-ups + 5 F",
        min_epochs=1,
        both_ways=True,
        affordable=False,
        hard_end="high",
    ),
    "grand_full": Signal(
        grand_full,
        cost="3 F, row by row",
        min_epochs=1,
        both_ways=True,
        affordable=False,
        hard_end="high",
    ),
    "loss": Signal(loss, cost="1 F", both_ways=True, hard_end="high"),
    "perplexity": Signal(perplexity, cost="1 F", both_ways=True, hard_end="high"),
    "delta_loss": Signal(delta_loss, cost="2 F", both_ways=True),
    "entropy": Signal(entropy, cost="1 F", both_ways=True, hard_end="high"),
    "margin": Signal(margin, cost="1 F", both_ways=True, hard_end="high"),
    "least_confidence": Signal(least_confidence, cost="1 F", both_ways=True, hard_end="high"),
    "forgetting": Signal(
        forgetting,
        cost="0",
        min_epochs=3,
        needs_epochs=2,
        both_ways=True,
        columns={"never_learnt": never_learnt},
        hard_end="high",
    ),
    "aum": Signal(aum, cost="0", min_epochs=2, needs_epochs=1, both_ways=True, hard_end="low"),
    "confidence": Signal(
        confidence, cost="0", min_epochs=3, needs_epochs=1, both_ways=True, hard_end="high"
    ),
    # What is learnt at once and what is never learnt both vary least.
    "variability": Signal(variability, cost="0", min_epochs=3, needs_epochs=2, both_ways=True),
    "correctness": Signal(
        correctness, cost="0", min_epochs=3, needs_epochs=1, both_ways=True, hard_end="high"
    ),
    "stability_over_visits": Signal(
        stability_over_visits,
        cost="0",
        min_epochs=3,
        needs_epochs=3,
        more_visits_than="window",
        both_ways=True,
    ),
    "dual": Signal(
        dual,
        cost="0",
        min_epochs=4,
        needs_epochs=3,
        more_visits_than="window",
        selector="beta",
        hard_end="high",
    ),
    "stability_under_dropout": Signal(
        stability_under_dropout, cost="10 F", both_ways=True, hard_end="high"
    ),
    "stability_under_token_dropout": Signal(
        stability_under_token_dropout, cost="6 F", both_ways=True, hard_end="high"
    ),
    "tracin": Signal(tracin, cost="6 F", hard_end="low"),
    "tracin_self": Signal(tracin_self, cost="6 F", both_ways=True, hard_end="low"),
    "less": Signal(less, cost="6 F", hard_end="low"),
    "cld": Signal(cld, cost="7 F", min_epochs=1, selector="stratified", hard_end="low"),
    "trak": Signal(trak, cost="1 F + regression", hard_end="low"),
    "label_quality": Signal(label_quality, cost="1 F + 5 heads", hard_end="low"),
    "knn_shapley": Signal(knn_shapley, cost="1 F + kNN of 100", hard_end="low"),
    "mem_head": Signal(mem_head, cost="1 F + 200 heads", both_ways=True, hard_end="high"),
    "memorization": Signal(
        memorization,
        cost="200 runs of 70%",
        least_models=200,
        both_ways=True,
        affordable=False,
        hard_end="high",
    ),
    "influence": Signal(
        influence,
        cost="4,000 runs of 70%",
        least_models=4000,
        both_ways=True,
        affordable=False,
        hard_end="high",
    ),
    "tfidf": Signal(tfidf, cost="0", both_ways=True),
    "length": Signal(length, cost="0", both_ways=True),
}

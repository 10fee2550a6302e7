"""EVIDENCE: what signals and selectors can ask for by name, and how each piece of it is made.

A new piece is one function and one row of the table; all else follows from the row.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

from trainables.errors import UsageError
from trainables.evidence import marked_losses
from trainables.evidence.ensembles import (
    SubsetModels,
    checkpoints,
    members,
    put_checkpoints_together,
    put_subset_models_together,
    stacked,
    subset_models,
)
from trainables.evidence.extra_passes import dropout_probs, gradient_norms, moments, view_probs
from trainables.evidence.linear_probes import class_recall, cross_probs, head_models
from trainables.evidence.static import (
    same_draws,
    training_draws,
    training_labels,
    training_texts,
    validation_classes,
)
from trainables.neighbours.exact import (
    Neighbours,
    class_neighbours,
    far_neighbours,
    neighbours,
)
from trainables.neighbours.ivf import far_ivf_neighbours, far_recall, ivf_neighbours, recall
from trainables.neighbours.kmeans import Clusters, centroids, clusters
from trainables.spec import Setting

Settings = Mapping[str, Setting]
Source = Literal[
    "static", "given", "visits", "pass", "validation pass", "slices", "extra passes", "derived",
    "other runs", "answers",
]  # fmt: skip

SHARD = "shard"  # the rows that a piece made shard by shard is wanted of
# What a selector or a piece made shard by shard is called with beside evidence.
_BESIDE_EVIDENCE = ("scores", "rate", "ties", "hardness", SHARD)


@dataclass(frozen=True, kw_only=True)
class Approximation:
    """What may take the place of a piece of evidence.

    Attributes:
        setting: It does where this setting is above 0.
        piece: Its own row of EVIDENCE.
        recall: The piece that says what share of the exact one it found.
    """

    setting: str
    piece: str
    recall: str


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One row of EVIDENCE: how a piece of evidence is made, of what, and how it is kept.

    Attributes:
        source: What gives it.
            static: `make(dataset, spec)`, without any learner; not kept.
            given: a file of the user's own, which the sweep put into the cache.
            visits: training itself: one column an epoch begun, nan where a row was not yet seen.
            pass: one forward pass of the warmed-up learner over the training set.
            validation pass: the same over the validation split.
            slices: the array `of`, read slice by slice: for what need not hold all of it at once.
            extra passes: `make(learner, **options)` gives the array and what it took.
            derived: `make(**evidence, **options)`, from the evidence that its parameters name.
            other runs: `make(specs, found)` puts together what `of` says of the `runs`.
            answers: what the finished trial gets right; no signal of that trial can ask for it.
        make: See there. Keyword-only parameters are its options. What takes a `shard` is made for
            each shard by itself.
        of: The evidence it is put together from, where `make` does not say so.
        runs: The trials that it is put together from, given the spec that asks and the options.
        uses_labels: Whether making it looks at labels, but for those it is handed as evidence.
        result: The dataclass that `make` gives; an array without it.
        kept_as: The file it shares with others; its own name without it.
        approximation: What takes its place where a setting asks for it.
    """

    source: Source
    make: Callable[..., Any] | None = None
    of: tuple[str, ...] = ()
    runs: Callable[..., Any] | None = None
    uses_labels: bool = False
    result: type | None = None
    kept_as: str = ""
    approximation: Approximation | None = None

    @cached_property
    def options(self) -> Settings:
        """Its options with their defaults, those of what it rests on included."""
        if self.source == "derived":
            return settings_of(self.maker)
        function = self.runs or self.make
        return _keyword_only(function) if function else {}

    @cached_property
    def rests_on(self) -> frozenset[str]:
        """Every piece that it may rest on, directly or not, its approximation included."""
        names = set(parameters(self.maker)[0] if self.source == "derived" else self.of)
        names |= {self.approximation.piece} if self.approximation else set()
        return frozenset(names).union(*(EVIDENCE[name].rests_on for name in names))

    @cached_property
    def needs_labels(self) -> bool:
        """Whether it cannot be had without labels, directly or not."""
        return self.uses_labels or any(EVIDENCE[name].uses_labels for name in self.rests_on)

    @cached_property
    def is_sharded(self) -> bool:
        """Whether it is made for each shard of the training set by itself."""
        if self.source == "derived":
            return SHARD in inspect.signature(self.maker).parameters
        return self.source == "pass"

    @property
    def takes_whole_runs(self) -> bool:
        """Whether it is put together from finished trials, rather than from warm-ups."""
        return self.of == ("answers",)

    @property
    def maker(self) -> Callable[..., Any]:
        """The function `make`, of a source that has one."""
        assert self.make is not None, f"{self.source} evidence has no function"
        return self.make


_OF_CHECKPOINTS = ("probs", "features", "validation_probs", "validation_features", "moments")
_NEAR = Approximation(setting="probes", piece="ivf_neighbours", recall="recall")
_FAR = Approximation(setting="probes", piece="far_ivf_neighbours", recall="far_recall")

EVIDENCE: Mapping[str, Piece] = {
    "labels": Piece(source="static", make=training_labels, uses_labels=True),
    "draws": Piece(source="static", make=training_draws),
    "fixed_draws": Piece(source="static", make=same_draws),
    # What draws were called before release 0.2: signals of users may still ask for them so.
    "dice": Piece(source="static", make=training_draws),
    "texts": Piece(source="static", make=training_texts),
    "given_scores": Piece(source="given"),
    "validation_labels": Piece(source="static", make=validation_classes, uses_labels=True),
    "losses": Piece(source="visits", kept_as="visits", uses_labels=True),
    "margins": Piece(source="visits", kept_as="visits", uses_labels=True),
    "correct": Piece(source="visits", kept_as="visits", uses_labels=True),
    "embeddings": Piece(source="pass"),
    "probs": Piece(source="pass"),
    "features": Piece(source="pass"),
    "row_losses": Piece(source="pass", uses_labels=True),
    "scored_pieces": Piece(source="pass"),
    "validation_embeddings": Piece(source="validation pass"),
    "validation_probs": Piece(source="validation pass"),
    "validation_features": Piece(source="validation pass"),
    "validation_row_losses": Piece(source="validation pass", uses_labels=True),
    "vectors": Piece(source="slices", of=("embeddings",)),
    "dropout_probs": Piece(source="extra passes", make=dropout_probs),
    "view_probs": Piece(source="extra passes", make=view_probs),
    "gradient_norms": Piece(source="extra passes", make=gradient_norms, uses_labels=True),
    "moments": Piece(source="extra passes", make=moments, uses_labels=True),
    "centroids": Piece(source="derived", make=centroids),
    "clusters": Piece(source="derived", make=clusters, result=Clusters),
    "neighbours": Piece(source="derived", make=neighbours, result=Neighbours, approximation=_NEAR),
    "ivf_neighbours": Piece(source="derived", make=ivf_neighbours, result=Neighbours),
    "far_neighbours": Piece(
        source="derived", make=far_neighbours, result=Neighbours, approximation=_FAR
    ),
    "far_ivf_neighbours": Piece(source="derived", make=far_ivf_neighbours, result=Neighbours),
    "class_neighbours": Piece(source="derived", make=class_neighbours, result=Neighbours),
    "recall": Piece(source="derived", make=recall),
    "far_recall": Piece(source="derived", make=far_recall),
    "cross_probs": Piece(source="derived", make=cross_probs),
    "class_recall": Piece(source="derived", make=class_recall),
    "head_models": Piece(source="derived", make=head_models, result=SubsetModels),
    "member_probs": Piece(source="other runs", runs=members, of=("probs",), make=stacked),
    "member_features": Piece(source="other runs", runs=members, of=("features",), make=stacked),
    "checkpoints": Piece(
        source="other runs", runs=checkpoints, of=_OF_CHECKPOINTS, make=put_checkpoints_together
    ),
    "marked_losses": Piece(
        source="other runs",
        runs=marked_losses.loss_marks,
        of=("row_losses", "validation_row_losses"),
        make=marked_losses.put_marked_losses_together,
    ),
    "start_losses": Piece(
        source="other runs",
        runs=marked_losses.start_mark,
        of=("row_losses",),
        make=marked_losses.the_one_found,
    ),
    "subset_models": Piece(
        source="other runs", runs=subset_models, of=("answers",), make=put_subset_models_together
    ),
    "answers": Piece(source="answers", uses_labels=True),
}

# Lists of the rows nearest to each, as signals ask for them.
NEIGHBOUR_LISTS = ("class_neighbours", "far_neighbours", "neighbours")


@cache
def parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Setting]]:
    """The evidence a function needs and its own settings with their defaults, by its signature.

    Raises:
        UsageError: If it names evidence that does not exist, or a setting has no default.
    """
    known = [name for name, piece in EVIDENCE.items() if piece.source != "answers"]
    called = getattr(function, "__name__", function)
    settings = _keyword_only(function)
    named = [name for name in inspect.signature(function).parameters if name not in settings]
    names = tuple(name for name in named if name not in _BESIDE_EVIDENCE)
    if unknown := [name for name in names if name not in known]:
        raise UsageError(
            f"{called} asks for {unknown[0]!r}, which is no evidence; there is "
            f"{', '.join(sorted(known))}"
        )
    if bare := [name for name, value in settings.items() if value is inspect.Parameter.empty]:
        raise UsageError(
            f"{called} has a setting {bare[0]!r} without a default; write {bare[0]}=VALUE, as "
            "every trial needs one"
        )
    return names, settings


@cache
def rests_on(function: Callable[..., Any]) -> frozenset[str]:
    """Every piece of evidence that a signal may rest on, directly or not."""
    names = frozenset(parameters(function)[0])
    return names.union(*(EVIDENCE[name].rests_on for name in names))


def of_source(names: Iterable[str], source: Source) -> list[str]:
    """Those of some pieces that a source gives, sorted."""
    return sorted(name for name in names if EVIDENCE[name].source == source)


def settings_of(function: Callable[..., Any]) -> dict[str, Setting]:
    """A signal's settings with their defaults, those of the evidence it rests on included."""
    names, own = parameters(function)
    under: dict[str, Setting] = {}
    for name in names:
        piece = EVIDENCE[name]
        under |= piece.options
        if piece.approximation:
            under |= EVIDENCE[piece.approximation.piece].options
    return {**under, **own}


def options_of(name: str, settings: Settings) -> dict[str, Setting]:
    """A piece of evidence's options as a signal's settings have them."""
    return {option: settings.get(option, value) for option, value in EVIDENCE[name].options.items()}


def variant_of(name: str, settings: Settings) -> str:
    """The piece that settings mean by a name: its approximation, or itself."""
    other = EVIDENCE[name].approximation
    return other.piece if other and settings.get(other.setting, 0) else name


def kept_under(function: Callable[..., Any], settings: Settings) -> tuple[str, ...]:
    """The evidence a function is called with, as settings mean it and as it is kept."""
    pieces = (variant_of(name, settings) for name in parameters(function)[0])
    return tuple(
        EVIDENCE[name].of[0] if EVIDENCE[name].source == "slices" else name for name in pieces
    )


def derived_under(function: Callable[..., Any], settings: Settings) -> list[str]:
    """The derived evidence that a function rests on, what lies below first."""
    found: dict[str, None] = {}
    for name in kept_under(function, settings):
        piece = EVIDENCE[name]
        if piece.source == "derived":
            found |= dict.fromkeys([*derived_under(piece.maker, settings), name])
    return list(found)


def recall_under(function: Callable[..., Any], settings: Settings) -> str:
    """The piece that says how good an approximation is that a function rests on; empty without one."""
    under = set(derived_under(function, settings))
    pieces = (piece.approximation for piece in EVIDENCE.values() if piece.approximation)
    return next((one.recall for one in pieces if one.piece in under), "")


def _keyword_only(function: Callable[..., Any]) -> dict[str, Any]:
    every = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in every if p.kind is inspect.Parameter.KEYWORD_ONLY}

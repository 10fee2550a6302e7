"""What signals and selectors ask for: evidence by name, and what each piece of it rests on."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from trainables.errors import UsageError
from trainables.evidence.ensembles import RELATED, SubsetModels
from trainables.evidence.forward_passes import EXTRA, FORWARD
from trainables.evidence.linear_probes import class_recall, cross_probs, head_models
from trainables.neighbours.exact import Neighbours, class_neighbours, neighbours
from trainables.neighbours.ivf import ivf_neighbours, recall
from trainables.neighbours.kmeans import Clusters, centroids, clusters
from trainables.spec import Setting

Settings = Mapping[str, Setting]

# Known without any learner.
GIVEN = ("labels", "dice", "texts", "validation_labels")
# From one forward pass of the warmed-up learner over a split, in evaluation mode.
VALIDATION = tuple(f"validation_{name}" for name in FORWARD)
# Left by training itself, one column an epoch begun, nan where the sample was not yet seen.
VISITED = ("losses", "margins", "correct")
# What a whole run on a subset gets right: see `trainables.evidence.ensembles.SubsetModels`.
ANSWERS = "answers"
# The embeddings again, but read slice by slice: for what need not hold them all at once.
VECTORS = "vectors"
# Made from other evidence; parameters are named as a signal's are, the result is kept. What takes a
# `shard` is made for each shard by itself.
DERIVED: Mapping[str, tuple[Callable[..., Any], type | None]] = {
    "centroids": (centroids, None),
    "clusters": (clusters, Clusters),
    "neighbours": (neighbours, Neighbours),
    "ivf_neighbours": (ivf_neighbours, Neighbours),
    "class_neighbours": (class_neighbours, Neighbours),
    "recall": (recall, None),
    "cross_probs": (cross_probs, None),
    "class_recall": (class_recall, None),
    "head_models": (head_models, SubsetModels),
}
# Evidence that another takes the place of where a setting is above 0.
APPROXIMATE = {"neighbours": ("probes", "ivf_neighbours")}
APPROXIMATIONS = {other for _, other in APPROXIMATE.values()}
# What cannot be had without labels, directly or not.
LABELLED = {
    "labels", "validation_labels", *VISITED, "class_neighbours", "cross_probs", "head_models",
    "subset_models", "gradient_norms", "moments", "class_recall"
}  # fmt: skip
KNOWN = {
    *GIVEN, *FORWARD, *VALIDATION, *VISITED, *EXTRA, *DERIVED, *RELATED, VECTORS
}  # fmt: skip
# What a selector is handed beside evidence, and evidence that is made by shards.
SHARD = "shard"
HANDED = ("scores", "rate", "ties", SHARD)


def parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Setting]]:
    """The evidence a function needs and its own settings with their defaults, by its signature.

    Raises:
        ValueError: If it names evidence that does not exist.
    """
    names, settings = [], {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            settings[name] = parameter.default
        elif name in HANDED:
            continue
        elif name in KNOWN:
            names.append(name)
        else:
            raise UsageError(
                f"{getattr(function, '__name__', function)} asks for {name!r}, which is no "
                f"evidence; there is {', '.join(sorted(KNOWN))}"
            )
    return tuple(names), settings


def asked(function: Callable[..., Any]) -> set[str]:
    """Every piece of evidence that a signal may rest on, directly or not."""
    found: set[str] = set()
    for name in parameters(function)[0]:
        found |= {name}
        if name == VECTORS:
            found |= {"embeddings"}
        for made in {name, *APPROXIMATE.get(name, ())} & set(DERIVED):
            found |= asked(DERIVED[made][0])
        if name in RELATED:
            found |= set(RELATED[name].asks)
    return found


def settings_of(function: Callable[..., Any]) -> dict[str, Setting]:
    """A signal's settings with their defaults, those of the evidence it rests on included."""
    names, own = parameters(function)
    under: dict[str, Setting] = {}
    for name in names:
        under |= defaults(name)
        if name in APPROXIMATE:
            under |= defaults(APPROXIMATE[name][1])
    return {**under, **own}


def defaults(name: str) -> dict[str, Setting]:
    """The options of a piece of evidence, those of what it rests on included."""
    if name in DERIVED:
        return settings_of(DERIVED[name][0])
    made = EXTRA.get(name) or (RELATED[name].specs if name in RELATED else None)
    keyword = inspect.Parameter.KEYWORD_ONLY
    found = inspect.signature(made).parameters.values() if made else ()
    return {p.name: p.default for p in found if p.kind is keyword}


def chosen(name: str, settings: Settings) -> dict[str, Setting]:
    """A piece of evidence's options as a signal's settings have them."""
    return {option: settings.get(option, value) for option, value in defaults(name).items()}


def meant(name: str, settings: Settings) -> str:
    """The piece of evidence that settings ask for by a name: an approximate one, or itself."""
    option, other = APPROXIMATE.get(name, ("", ""))
    return other if settings.get(option, 0) else name


def is_sharded(name: str) -> bool:
    """Whether a piece of evidence is made for each shard by itself."""
    return name in FORWARD or (
        name in DERIVED and SHARD in inspect.signature(DERIVED[name][0]).parameters
    )


def below(function: Callable[..., Any], settings: Settings) -> tuple[str, ...]:
    """The evidence a function is called with, as settings ask for it and as it is kept."""
    names = (meant(name, settings) for name in parameters(function)[0])
    return tuple("embeddings" if name == VECTORS else name for name in names)


def derived(function: Callable[..., Any], settings: Settings) -> list[str]:
    """The evidence made from other evidence that a function rests on, what lies below first."""
    found: dict[str, None] = {}
    for name in below(function, settings):
        if name in DERIVED:
            found |= dict.fromkeys([*derived(DERIVED[name][0], settings), name])
    return list(found)

"""Evidence: what a warmed-up learner and its data say of each sample, made once and shared."""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays, read_arrays, write_arrays
from trainables.neighbours import nearest, nearest_in_class
from trainables.spec import Phase, Setting, TrialSpec, key_of, seed_for

# Arrays, and what each step of making them took, the evidence under them included.
Made = tuple[Arrays, dict[str, Phase]]

# From one forward pass of the warmed-up learner over the training set, in evaluation mode.
OBSERVED = ("embeddings", "probs")
# Left by training itself, one column an epoch begun, nan where the sample was not yet seen.
VISITED = ("losses", "margins", "correct")
# Known without any learner.
GIVEN = ("labels", "dice")


class Cache(Protocol):
    """Where artifacts are kept: made once, verified, found by kind and key."""

    def has(self, kind: str, key: str) -> bool:
        """Whether an artifact is there."""

    def get(
        self, kind: str, key: str, make: Callable[[Path], object], *, about: Any = None
    ) -> Path:
        """The artifact's file; where there is none, `make` writes it and returns facts of it."""

    def facts(self, kind: str, key: str) -> Mapping[str, Any]:
        """What the `make` of an artifact returned: what may differ from one making to another."""

    def progress(self, key: str) -> Path:
        """A folder for an unfinished trial's own state."""

    def clear_progress(self, key: str) -> None:
        """Forget it."""


class Observer(Protocol):
    """The part of a warmed-up learner that evidence needs."""

    def observe(self, names: tuple[str, ...]) -> tuple[Arrays, Phase]:
        """Arrays of OBSERVED over the training set, and what the pass took."""

    def visits(self) -> Arrays:
        """Arrays of VISITED."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The k nearest other rows of each row.

    Attributes:
        rows: Shape (n, k), nearest first; -1 where there are no more.
        similarity: Their cosine similarity, shape (n, k); nan where there are no more.
    """

    rows: NDArray[np.int32]
    similarity: NDArray[np.float32]


def neighbours(embeddings: NDArray[np.float32], *, k: int = 10) -> Neighbours:
    """The k nearest other rows in all data."""
    rows, similarity = nearest(embeddings, k)
    return Neighbours(rows=rows, similarity=similarity)


def class_neighbours(
    embeddings: NDArray[np.float32], labels: NDArray[np.int64], *, k: int = 10
) -> Neighbours:
    """The k nearest other rows of the same class."""
    rows, similarity = nearest_in_class(embeddings, labels, k)
    return Neighbours(rows=rows, similarity=similarity)


# Made from other evidence; parameters are named as a signal's are.
DERIVED: dict[str, Callable[..., Neighbours]] = {
    "neighbours": neighbours,
    "class_neighbours": class_neighbours,
}


def parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Setting]]:
    """The evidence a function needs and its settings with their defaults, by its signature.

    Raises:
        ValueError: If it names evidence that does not exist.
    """
    known = {*GIVEN, *OBSERVED, *VISITED, *DERIVED}
    names, settings = [], {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            settings[name] = parameter.default
        elif name in known:
            names.append(name)
        else:
            raise ValueError(
                f"{getattr(function, '__name__', function)} asks for {name!r}, which is no "
                f"evidence; there is {', '.join(sorted(known))}"
            )
    return tuple(names), settings


def observed(function: Callable[..., Any]) -> set[str]:
    """The arrays of OBSERVED that a signal rests on, directly or not."""
    found: set[str] = set()
    for name in parameters(function)[0]:
        found |= {name} & set(OBSERVED)
        if name in DERIVED:
            found |= observed(DERIVED[name])
    return found


def dice(ids: NDArray[Any], seed: int, stage: str) -> NDArray[np.float64]:
    """A uniform draw in [0, 1) for each id, shape (n,), whatever the order of the rows."""
    place_in_sorted = np.argsort(np.argsort(ids, kind="stable"), kind="stable")
    draws: NDArray[np.float64] = np.random.default_rng(seed_for(seed, stage)).random(len(ids))
    return draws[place_in_sorted]


class Evidence:
    """The evidence of one warm-up mark.

    Args:
        spec: A trial with that mark.
        given: The arrays of GIVEN.
        cache: Where evidence is kept.
        warm: Opens the learner as it stood at the mark; called only where something is missing.
    """

    def __init__(
        self, spec: TrialSpec, given: Arrays, cache: Cache, warm: Callable[[], Observer]
    ) -> None:
        self._spec, self._given, self._cache, self._warm = spec, given, cache, warm
        self._used: dict[str, Phase] = {}

    @property
    def used(self) -> Phase:
        """What making all evidence handed out so far took, whoever made it."""
        return sum(self._used.values(), Phase())

    def of(self, function: Callable[..., Any], settings: Mapping[str, Setting]) -> dict[str, Any]:
        """The arguments a signal, or evidence made from other evidence, is called with."""
        names, options = parameters(function)
        chosen = {name: settings[name] for name in options if name in settings}
        return {name: self.get(name, settings) for name in names} | chosen

    def get(self, name: str, settings: Mapping[str, Setting]) -> Any:
        """One named piece of evidence."""
        if name in GIVEN:
            return self._given[name]
        if name in OBSERVED:
            return self._read(name, {}, partial(self._observe, name))[name]
        if name in VISITED:
            return self._read("visits", {}, lambda: (self._warm().visits(), {}))[name]
        make = DERIVED[name]
        own = {**parameters(make)[1], **settings}
        options = {option: own[option] for option in parameters(make)[1]}
        return Neighbours(**self._read(name, options, partial(self._derive, name, own)))

    def leave(self, names: tuple[str, ...]) -> None:
        """Keep the visits, and some of OBSERVED from one pass, while the learner is at hand."""
        self.get("losses", {})
        if not names:
            return
        arrays, used = self._warm().observe(names)
        for name in names:
            self._read(name, {}, partial(_both, {name: arrays[name]}, {"pass": used}))

    def _observe(self, name: str) -> Made:
        arrays, used = self._warm().observe((name,))
        return arrays, {"pass": used}

    def _derive(self, name: str, settings: Mapping[str, Setting]) -> Made:
        # An Evidence of its own: what it counts is what this rests on, and nothing else.
        below = Evidence(self._spec, self._given, self._cache, self._warm)
        arguments = below.of(DERIVED[name], settings)
        started = time.perf_counter()
        found = DERIVED[name](**arguments)
        own = Phase(seconds=time.perf_counter() - started)
        arrays: Arrays = {"rows": found.rows, "similarity": found.similarity}
        return arrays, {**below._used, name: own}

    def _read(self, name: str, options: Mapping[str, Setting], make: Callable[[], Made]) -> Arrays:
        about = {"warm_key": self._spec.warm_key, "evidence": name, **options}

        def write(path: Path) -> dict[str, Any]:
            arrays, used = make()
            write_arrays(path, arrays, about)
            return {"used": {step: asdict(phase) for step, phase in used.items()}}

        key = key_of(about)
        arrays, _ = read_arrays(self._cache.get("evidence", key, write, about=about))
        used = self._cache.facts("evidence", key)["used"]
        self._used |= {step: Phase(**phase) for step, phase in used.items()}
        return arrays


def _both(arrays: Arrays, used: dict[str, Phase]) -> Made:
    return arrays, used

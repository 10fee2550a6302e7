"""Evidence: what a warmed-up learner and its data say of each sample, made once and shared."""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays, read_arrays, write_arrays
from trainables.classes import class_recall
from trainables.clusters import Clusters, clusters
from trainables.heads import cross_probs, head_models
from trainables.keys import key_of, seed_for
from trainables.neighbours import Neighbours, class_neighbours, neighbours
from trainables.observation import EXTRA, FORWARD, observe
from trainables.relatives import RELATED, SubsetModels
from trainables.spec import Phase, Setting, TrialSpec

# Arrays, and what each step of making them took, the evidence under them included.
Made = tuple[Arrays, dict[str, Phase]]

# Known without any learner.
GIVEN = ("labels", "dice", "texts", "validation_labels")
# From one forward pass of the warmed-up learner over a split, in evaluation mode.
VALIDATION = tuple(f"validation_{name}" for name in FORWARD)
# Left by training itself, one column an epoch begun, nan where the sample was not yet seen.
VISITED = ("losses", "margins", "correct")
# What a whole run on a subset gets right: see `trainables.relatives.SubsetModels`.
ANSWERS = "answers"


# Made from other evidence; parameters are named as a signal's are, the result is kept.
DERIVED: Mapping[str, tuple[Callable[..., Any], type | None]] = {
    "neighbours": (neighbours, Neighbours),
    "class_neighbours": (class_neighbours, Neighbours),
    "clusters": (clusters, Clusters),
    "cross_probs": (cross_probs, None),
    "class_recall": (class_recall, None),
    "head_models": (head_models, SubsetModels),
}
# What cannot be had without labels, directly or not.
LABELLED = {
    "labels", "validation_labels", *VISITED, "class_neighbours", "cross_probs", "head_models",
    "subset_models", "gradient_norms", "moments", "class_recall"
}  # fmt: skip
KNOWN = {
    *GIVEN, *FORWARD, *VALIDATION, *VISITED, *EXTRA, *DERIVED, *RELATED,
}  # fmt: skip
# What a selector is handed beside evidence.
HANDED = ("scores", "rate", "ties")


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

    def keep_progress(self, key: str) -> None:
        """Let other machines go on with it, too."""

    def clear_progress(self, key: str) -> None:
        """Forget it."""


class Runs(Protocol):
    """The runs behind evidence, and where what they leave is kept."""

    @property
    def cache(self) -> Cache:
        """Where evidence is kept."""

    def given(self, spec: TrialSpec, name: str) -> Any:
        """A piece of GIVEN."""

    def warm(self, spec: TrialSpec) -> Any:
        """The learner as it stood at the spec's mark."""

    def warm_used(self, spec: TrialSpec) -> Phase:
        """What it took to get there."""

    def answers(self, spec: TrialSpec) -> tuple[Arrays, Phase]:
        """What the spec's finished run gets right, and what the run took."""


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
            raise ValueError(
                f"{getattr(function, '__name__', function)} asks for {name!r}, which is no "
                f"evidence; there is {', '.join(sorted(KNOWN))}"
            )
    return tuple(names), settings


def asked(function: Callable[..., Any]) -> set[str]:
    """Every piece of evidence that a signal rests on, directly or not."""
    found: set[str] = set()
    for name in parameters(function)[0]:
        found |= {name}
        if name in DERIVED:
            found |= asked(DERIVED[name][0])
        if name in RELATED:
            found |= set(RELATED[name].asks)
    return found


def settings_of(function: Callable[..., Any]) -> dict[str, Setting]:
    """A signal's settings with their defaults, those of the evidence it rests on included."""
    names, own = parameters(function)
    below: dict[str, Setting] = {}
    for name in names:
        below |= _options(name)
        if name in DERIVED:
            below |= settings_of(DERIVED[name][0])
    return {**below, **own}


def _options(name: str) -> dict[str, Setting]:
    """The options of one piece of evidence itself."""
    if name in DERIVED:
        return parameters(DERIVED[name][0])[1]
    made = EXTRA.get(name) or (RELATED[name].specs if name in RELATED else None)
    keyword = inspect.Parameter.KEYWORD_ONLY
    found = inspect.signature(made).parameters.values() if made else ()
    return {p.name: p.default for p in found if p.kind is keyword}


def dice(ids: NDArray[Any], seed: int, stage: str) -> NDArray[np.float64]:
    """A uniform draw in [0, 1) for each id, shape (n,), whatever the order of the rows."""
    place_in_sorted = np.argsort(np.argsort(ids, kind="stable"), kind="stable")
    draws: NDArray[np.float64] = np.random.default_rng(seed_for(seed, stage)).random(len(ids))
    return draws[place_in_sorted]


class Evidence:
    """The evidence of one run at one warm-up mark.

    Args:
        spec: A trial with that mark.
        runs: The runs behind it.
    """

    def __init__(self, spec: TrialSpec, runs: Runs) -> None:
        self._spec, self._runs = spec, runs
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
        own = _options(name)
        options = {option: settings.get(option, default) for option, default in own.items()}
        if name in GIVEN:
            return self._runs.given(self._spec, name)
        if name in RELATED:
            return self._related(name, options)
        if name in DERIVED:
            return self._derived(name, options, settings)
        if name in VISITED:
            return self._read("visits", {}, lambda: (self._warm().visits(), {}))[name]
        make = self._extra if name in EXTRA else self._finish if name == ANSWERS else self._look
        arrays = self._read(name, options, partial(make, name, options))
        return arrays if name == ANSWERS else arrays[name]

    def leave(self, names: set[str], learner: Any) -> None:
        """Keep the visits, and what one pass over each split gives, while the learner is here."""
        self._read("visits", {}, lambda: (learner.visits(), {}))
        for split, known in (("train", FORWARD), ("validation", VALIDATION)):
            if wanted := sorted(names & set(known)):
                plain = tuple(name.removeprefix("validation_") for name in wanted)
                arrays, used = observe(learner, plain, split)
                for name, bare in zip(wanted, plain, strict=True):
                    made = ({name: arrays[bare]}, {f"{split} pass": used})
                    self._read(name, {}, partial(_itself, made))

    def _warm(self) -> Any:
        return self._runs.warm(self._spec)

    def _look(self, name: str, _: Mapping[str, Setting]) -> Made:
        split = "validation" if name in VALIDATION else "train"
        if split == "validation":
            self.get("validation_labels", {})  # says what to do where there is no such split
        plain = name.removeprefix("validation_")
        arrays, used = observe(self._warm(), (plain,), split)
        return {name: arrays[plain]}, {f"{split} pass": used}

    def _extra(self, name: str, options: Mapping[str, Setting]) -> Made:
        array, used = EXTRA[name](self._warm(), **options)
        return {name: array}, {name: used}

    def _finish(self, *_: Any) -> Made:
        arrays, used = self._runs.answers(self._spec)
        return arrays, {"run": used}

    def _derived(
        self, name: str, options: Mapping[str, Setting], settings: Mapping[str, Setting]
    ) -> Any:
        kind = DERIVED[name][1]
        arrays = self._read(name, options, partial(self._derive, name, settings))
        return kind(**arrays) if kind else arrays["value"]

    def _derive(self, name: str, settings: Mapping[str, Setting]) -> Made:
        # An Evidence of its own: what it counts is what this rests on, and nothing else.
        below = Evidence(self._spec, self._runs)
        arguments = below.of(DERIVED[name][0], settings)
        started = time.perf_counter()
        found = DERIVED[name][0](**arguments)
        own = Phase(seconds=time.perf_counter() - started)
        arrays: Arrays = (
            {f.name: getattr(found, f.name) for f in fields(found)}
            if is_dataclass(found)
            else {"value": found}
        )
        return arrays, {**below._used, name: own}

    def _related(self, name: str, options: Mapping[str, Setting]) -> Any:
        row = RELATED[name]
        specs = row.specs(self._spec, **options)
        found = []
        for place, spec in enumerate(specs):
            other = Evidence(spec, self._runs)
            found.append({wanted: other.get(wanted, {}) for wanted in row.asks})
            used = dict(other._used)
            if not row.whole and spec.run_key != self._spec.run_key:
                used["warm-up"] = self._runs.warm_used(spec)
            # Of the run's own evidence at its own mark no second pass was made.
            name_of = "{}" if spec == self._spec else f"{place} {{}}"
            self._used |= {name_of.format(step): phase for step, phase in used.items()}
        return row.assemble(specs, found)

    def _read(self, name: str, options: Mapping[str, Setting], make: Callable[[], Made]) -> Arrays:
        about = _about(self._spec, name, options)

        def write(path: Path) -> dict[str, Any]:
            arrays, used = make()
            write_arrays(path, arrays, about)
            return {"used": {step: asdict(phase) for step, phase in used.items()}}

        key = key_of(about)
        arrays, _ = read_arrays(self._runs.cache.get("evidence", key, write, about=about))
        used = self._runs.cache.facts("evidence", key)["used"]
        self._used |= {step: Phase(**phase) for step, phase in used.items()}
        return arrays


def evidence_key(spec: TrialSpec, name: str, options: Mapping[str, Setting]) -> str:
    """Names a piece of evidence that is kept."""
    return key_of(_about(spec, name, options))


def _about(spec: TrialSpec, name: str, options: Mapping[str, Setting]) -> dict[str, Any]:
    whose = {"trial": spec.result_key} if name == ANSWERS else {"warm_key": spec.warm_key}
    return {**whose, "evidence": name, **options}


def _itself(made: Made) -> Made:
    return made

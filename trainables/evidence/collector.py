"""Evidence: what a warmed-up learner and its data say of each sample, made once and shared."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from trainables.arrays import Arrays, read_arrays, write_arrays
from trainables.cache import Cache
from trainables.evidence.ensembles import RELATED
from trainables.evidence.forward_passes import EXTRA, FORWARD, observe
from trainables.evidence.requirements import (
    ANSWERS,
    DERIVED,
    GIVEN,
    SHARD,
    VALIDATION,
    VECTORS,
    VISITED,
    Settings,
    chosen,
    is_sharded,
    meant,
    parameters,
)
from trainables.keys import key_of
from trainables.neighbours.vectors import Shards, shards_of
from trainables.result import Phase
from trainables.spec import Setting, TrialSpec

# Arrays, and what each step of making them took, the evidence under them included.
Made = tuple[Arrays, dict[str, Phase]]


class Runs(Protocol):
    """The runs behind evidence, and where what they leave is kept."""

    @property
    def cache(self) -> Cache:
        """Where evidence is kept."""

    @property
    def rows(self) -> int:
        """Rows of the training set."""

    def given(self, spec: TrialSpec, name: str) -> Any:
        """A piece of GIVEN."""

    def warm(self, spec: TrialSpec) -> Any:
        """The learner as it stood at the spec's mark."""

    def warm_used(self, spec: TrialSpec) -> Phase:
        """What it took to get there."""

    def answers(self, spec: TrialSpec) -> tuple[Arrays, Phase]:
        """What the spec's finished run gets right, and what the run took."""


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

    def of(self, function: Callable[..., Any], settings: Settings) -> dict[str, Any]:
        """The arguments a signal, or evidence made from other evidence, is called with."""
        names, options = parameters(function)
        own = {name: settings[name] for name in options if name in settings}
        self._together(names)
        return {name: self.get(name, settings) for name in names} | own

    def get(self, name: str, settings: Settings) -> Any:
        """One named piece of evidence."""
        name = meant(name, settings)
        if name in GIVEN:
            return self._runs.given(self._spec, name)
        if name in RELATED:
            return self._related(name, chosen(name, settings))
        kept_as = "embeddings" if name == VECTORS else name
        paths = [
            self.keep(kept_as, settings, place) for place in shard_numbers(kept_as, self._runs.rows)
        ]
        if kept_as in FORWARD and len(paths) > 1:
            shards = Shards(paths, kept_as, self._runs.rows)
            return shards if name == VECTORS else shards[:]
        arrays = _joined([read_arrays(path)[0] for path in paths])
        if name in DERIVED:
            kind = DERIVED[name][1]
            return kind(**arrays) if kind else arrays["value"]
        return arrays if name == ANSWERS else arrays[kept_as]

    def keep(self, name: str, settings: Settings, place: int | None = None) -> Path:
        """The file of a piece of evidence, or of one shard of it; made if nobody has."""
        make = partial(self._make, name, settings, place)
        return self._write(name, chosen(name, settings), place, make)

    def leave(self, names: set[str], learner: Any) -> None:
        """Keep the visits, and what one pass over each split gives, while the learner is here.

        A training set of several shards is not passed over: that is left to as many workers.
        """
        self._write("visits", {}, None, lambda: (learner.visits(), {}))
        for known in (FORWARD, VALIDATION):
            wanted = sorted(names & set(known))
            if wanted and not (known == FORWARD and len(shards_of(self._runs.rows)) > 1):
                self._pass(wanted, None, learner)

    def gather(self, names: Sequence[str], settings: Settings, place: int | None) -> None:
        """Keep some pieces of one shard: all that one pass gives by one pass."""
        lacking = [name for name in names if name in FORWARD and not self._has(name, place)]
        if lacking:
            self._pass(lacking, place, self._warm())
        for name in names:
            self.keep(name, settings, place)

    def _together(self, names: Sequence[str]) -> None:
        """See by one pass what several would give, whoever asks first."""
        if len(seen := [name for name in names if name in FORWARD]) > 1:
            for place in shard_numbers(seen[0], self._runs.rows):
                self.gather(seen, {}, place)

    def _has(self, name: str, place: int | None) -> bool:
        return self._runs.cache.has("evidence", evidence_key(self._spec, name, {}, place))

    def _warm(self) -> Any:
        return self._runs.warm(self._spec)

    def _make(self, name: str, settings: Settings, place: int | None) -> Made:
        if name in VISITED:
            return self._warm().visits(), {}
        if name in DERIVED:
            return self._derive(name, settings, place)
        if name == ANSWERS:
            arrays, used = self._runs.answers(self._spec)
            return arrays, {"run": used}
        if name in EXTRA:
            array, used = EXTRA[name](self._warm(), **chosen(name, settings))
            return {name: array}, {name: used}
        if name in VALIDATION:
            self.get("validation_labels", {})  # says what to do where there is no such split
        return self._look([name], place, self._warm())

    def _pass(self, names: Sequence[str], place: int | None, learner: Any) -> None:
        arrays, used = self._look(names, place, learner)
        for name in names:
            self._write(name, {}, place, partial(_itself, ({name: arrays[name]}, used)))

    def _look(self, names: Sequence[str], place: int | None, learner: Any) -> Made:
        split = "validation" if names[0] in VALIDATION else "train"
        plain = tuple(name.removeprefix("validation_") for name in names)
        rows = None if place is None else shards_of(self._runs.rows)[place]
        arrays, used = observe(learner, plain, split, rows=rows)
        found = {name: arrays[bare] for name, bare in zip(names, plain, strict=True)}
        return found, {_step(f"{split} pass", place): used}

    def _derive(self, name: str, settings: Settings, place: int | None) -> Made:
        # An Evidence of its own: what it counts is what this rests on, and nothing else.
        below, function = Evidence(self._spec, self._runs), DERIVED[name][0]
        arguments = below.of(function, settings)
        if is_sharded(name):
            everyone = range(self._runs.rows)
            arguments[SHARD] = everyone if place is None else shards_of(len(everyone))[place]
        started = time.perf_counter()
        found = function(**arguments)
        own = Phase(seconds=time.perf_counter() - started)
        arrays: Arrays = (
            {f.name: getattr(found, f.name) for f in fields(found)}
            if is_dataclass(found)
            else {"value": found}
        )
        return arrays, {**below._used, _step(name, place): own}

    def _related(self, name: str, options: Mapping[str, Setting]) -> Any:
        row = RELATED[name]
        specs = row.specs(self._spec, **options)
        found = []
        for number, spec in enumerate(specs):
            other = Evidence(spec, self._runs)
            other._together(row.asks)
            found.append({wanted: other.get(wanted, {}) for wanted in row.asks})
            used = dict(other._used)
            if not row.whole and spec.run_key != self._spec.run_key:
                used["warm-up"] = self._runs.warm_used(spec)
            # Of the run's own evidence at its own mark no second pass was made.
            name_of = "{}" if spec == self._spec else f"{number} {{}}"
            self._used |= {name_of.format(step): phase for step, phase in used.items()}
        return row.assemble(specs, found)

    def _write(
        self, name: str, options: Settings, place: int | None, make: Callable[[], Made]
    ) -> Path:
        about = _about(self._spec, name, options, place)

        def write(path: Path) -> dict[str, Any]:
            arrays, used = make()
            write_arrays(path, arrays, about)
            return {"used": {step: asdict(phase) for step, phase in used.items()}}

        key = key_of(about)
        path = self._runs.cache.get("evidence", key, write, about=about)
        used = self._runs.cache.facts("evidence", key)["used"]
        self._used |= {step: Phase(**phase) for step, phase in used.items()}
        return path


def evidence_key(spec: TrialSpec, name: str, settings: Settings, place: int | None = None) -> str:
    """Names a piece of evidence that is kept, or one shard of it."""
    return key_of(_about(spec, name, chosen(name, settings), place))


def shard_numbers(name: str, n: int) -> Sequence[int | None]:
    """The shards that a piece of evidence of n rows is kept in; None where it is one file."""
    count = len(shards_of(n)) if is_sharded(name) else 1
    return range(count) if count > 1 else [None]


def _about(spec: TrialSpec, name: str, options: Settings, place: int | None) -> dict[str, Any]:
    whose = {"trial": spec.result_key} if name == ANSWERS else {"warm_key": spec.warm_key}
    kept_as = "visits" if name in VISITED else name
    part = {} if place is None else {SHARD: place}
    return {**whose, "evidence": kept_as, **options, **part}


def _joined(parts: Sequence[Arrays]) -> Arrays:
    """The shards of some arrays as one."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _step(name: str, place: int | None) -> str:
    return name if place is None else f"{name} {place}"


def _itself(made: Made) -> Made:
    return made

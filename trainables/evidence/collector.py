"""Evidence of one run at one warm-up mark: made when it is asked for, once, kept and shared."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays, read_arrays, write_arrays
from trainables.cache import Cache, put_there
from trainables.data.dataset import Dataset
from trainables.energy import EnergyMeter, device_counter
from trainables.evidence.forward_passes import collect
from trainables.evidence.requirements import (
    EVIDENCE,
    SHARD,
    Piece,
    Settings,
    of_source,
    options_of,
    parameters,
    variant_of,
)
from trainables.evidence.whose import (
    about_evidence,
    evidence_key,
    frozen_key,
    is_frozen,
    shard_numbers,
    whose,
)
from trainables.keys import key_of
from trainables.learners import LEARNERS
from trainables.neighbours.vectors import Shards, Vectors, shards_of
from trainables.result import Phase, Steps, steps_of, total
from trainables.spec import TrialSpec

if TYPE_CHECKING:
    from trainables.training.learner import Learner

# Arrays, and what each step of making them took, the evidence under them included.
Made = tuple[Arrays, dict[str, Phase]]


class Runs(Protocol):
    """What evidence is made from: the data, warmed-up learners, and the cache that keeps it."""

    @property
    def cache(self) -> Cache:
        """Where evidence is kept."""

    @property
    def dataset(self) -> Dataset:
        """Of all these runs."""

    def new_learner(self, spec: TrialSpec) -> "Learner":
        """The learner at its initial weights."""

    def warm_learner(self, spec: TrialSpec) -> "Learner":
        """The learner at the spec's mark."""

    def warm_up_used(self, spec: TrialSpec) -> Phase:
        """What training to the mark took."""

    def answers(self, spec: TrialSpec) -> tuple[Arrays, Phase]:
        """What the spec's finished run predicts right, and what the run took."""


class Evidence:
    """The evidence of one run at one warm-up mark.

    Args:
        spec: A trial with that mark.
        runs: The runs behind it.
    """

    def __init__(self, spec: TrialSpec, runs: Runs) -> None:
        # Evidence is of the run that scores.
        self._spec, self._runs, self._rows = spec.twin, runs, len(runs.dataset.train)
        self._used: dict[str, Phase] = {}

    @property
    def used(self) -> Phase:
        """What making all evidence handed out so far took, also where another trial made it."""
        return total(self._used)

    @property
    def steps(self) -> Steps:
        """The same step by step; a step has the same name whatever rests on it."""
        return dict(self._used)

    def arguments_of(self, function: Callable[..., Any], settings: Settings) -> dict[str, Any]:
        """The arguments a signal, or evidence made from other evidence, is called with."""
        names, options = parameters(function)
        own = {name: settings[name] for name in options if name in settings}
        self._share_a_pass(names)
        return {name: self.get(name, settings) for name in names} | own

    def get(self, name: str, settings: Settings) -> Any:
        """One named piece of evidence."""
        name = variant_of(name, settings)
        piece = EVIDENCE[name]
        match piece.source:
            case "static":
                found = piece.maker(self._runs.dataset, self._spec)
            case "given":
                found = self._given()
            case "other runs":
                found = self._from_other_runs(piece, options_of(name, settings))
            case "pass":
                found = self._vectors(name)[:]
            case "slices":
                found = self._vectors(piece.of[0])
            case "answers":
                found = self._arrays(name, settings)
            case "derived":
                arrays = self._arrays(name, settings)
                found = piece.result(**arrays) if piece.result else arrays["value"]
            case "visits" | "validation pass" | "extra passes":
                found = self._arrays(name, settings)[name]
        return found

    def _given(self) -> NDArray[np.float32]:
        """The user's own scores, which the sweep put into the cache."""
        what = f"the file of scores of {self._spec.signal}"
        path = put_there(self._runs.cache, "given", self._spec.signal_sha, what)
        found: NDArray[np.float32] = read_arrays(path)[0]["score"]
        return found

    def leave(self, names: Collection[str], learner: "Learner") -> None:
        """Keep the visits, and what one pass over each split gives, while the learner is in memory.

        A training set of several shards is not passed over: that is left to as many workers. Nor is what no
        training moves left here: it waits for no run.
        """
        # One file holds all that is seen at a visit.
        self._keep("losses", {}, None, lambda: (learner.visits(), {}))
        moved = [name for name in names if not is_frozen(self._spec, name)]
        if (seen := of_source(moved, "pass")) and len(shards_of(self._rows)) == 1:
            self._keep_pass(seen, None, learner)
        if seen := of_source(moved, "validation pass"):
            self._keep_pass(seen, None, learner)

    def gather(self, names: Sequence[str], settings: Settings, shard: int | None) -> None:
        """Keep some pieces of one shard: all that one pass gives by one pass."""
        lacking = [name for name in of_source(names, "pass") if not self._has(name, shard)]
        moved = [name for name in lacking if not is_frozen(self._spec, name)]
        if moved:
            self._keep_pass(moved, shard, self._runs.warm_learner(self._spec))
        for name in names:
            self._file(name, settings, shard)

    def _share_a_pass(self, names: Sequence[str]) -> None:
        """Keep by one pass what several pieces need one for."""
        if len(seen := of_source(names, "pass")) > 1:
            for shard in shard_numbers(seen[0], self._rows):
                self.gather(seen, {}, shard)

    def _has(self, name: str, shard: int | None) -> bool:
        return self._runs.cache.has("evidence", evidence_key(self._spec, name, {}, shard))

    def _arrays(self, name: str, settings: Settings) -> Arrays:
        """A piece of evidence as it is kept, its shards put together."""
        shards = shard_numbers(name, self._rows)
        return _joined([read_arrays(self._file(name, settings, i))[0] for i in shards])

    def _vectors(self, name: str) -> Vectors | NDArray[Any]:
        """What a pass gives as an array, or as files that are read slice by slice."""
        paths = [self._file(name, {}, i) for i in shard_numbers(name, self._rows)]
        return Shards(paths, name, self._rows) if len(paths) > 1 else read_arrays(paths[0])[0][name]

    def _file(self, name: str, settings: Settings, shard: int | None) -> Path:
        """The file of a piece of evidence, or of one shard of it; made if it is not there."""
        make = partial(self._make, name, settings, shard)
        return self._keep(name, options_of(name, settings), shard, make)

    def _make(self, name: str, settings: Settings, shard: int | None) -> Made:
        piece = EVIDENCE[name]
        match piece.source:
            case "visits":
                return self._runs.warm_learner(self._spec).visits(), {}
            case "answers":
                arrays, used = self._runs.answers(self._spec)
                return arrays, {self._step("run", name, {}, None): used}
            case "extra passes":
                options = options_of(name, settings)
                array, used = piece.maker(self._runs.warm_learner(self._spec), **options)
                return {name: array}, {self._step(name, name, options, None): used}
            case "derived":
                return self._derive(name, settings, shard)
        if piece.source == "validation pass":
            self.get("validation_labels", {})  # says what to do where there is no such split
        runs = self._runs
        opened = runs.new_learner if is_frozen(self._spec, name) else runs.warm_learner
        return self._pass([name], shard, opened(self._spec))

    def _pass(self, names: Sequence[str], shard: int | None, learner: "Learner") -> Made:
        """What one pass gives of several pieces, all of the same split."""
        split = "validation" if EVIDENCE[names[0]].source == "validation pass" else "train"
        plain = tuple(name.removeprefix("validation_") for name in names)
        rows = None if shard is None else shards_of(self._rows)[shard]
        labels = self._runs.dataset.splits[split].labels
        arrays, used = collect(learner, plain, split, rows=rows, labels=labels)
        found = {name: arrays[bare] for name, bare in zip(names, plain, strict=True)}
        what = f"{split} pass for {', '.join(sorted(plain))}"
        embedding = self._embedding_of_validation() if split == "validation" else {}
        return found, {**embedding, self._step(what, names[0], {}, shard): used}

    def _embedding_of_validation(self) -> dict[str, Phase]:
        """What a frozen encoder took for rows that nothing but a signal asks for."""
        embedding_used = LEARNERS[self._spec.learner].embedding_used
        used = (
            embedding_used(self._spec, self._runs.cache, "validation") if embedding_used else None
        )
        return (
            {f"{frozen_key(self._spec)} embedding validation": used}
            if used and used.seconds
            else {}
        )

    def _keep_pass(self, names: Sequence[str], shard: int | None, learner: "Learner") -> None:
        arrays, used = self._pass(names, shard, learner)
        for name in names:
            self._keep(name, {}, shard, partial(_one_of, arrays, name, used))

    def _derive(self, name: str, settings: Settings, shard: int | None) -> Made:
        # A collector of its own: it counts what this piece rests on, and nothing else.
        below, piece = Evidence(self._spec, self._runs), EVIDENCE[name]
        arguments = below.arguments_of(piece.maker, settings)
        if piece.is_sharded:
            arguments[SHARD] = range(self._rows) if shard is None else shards_of(self._rows)[shard]
        started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
        found = piece.maker(**arguments)
        own = Phase(seconds=time.perf_counter() - started, joules=meter.lap())
        arrays: Arrays = (
            {f.name: getattr(found, f.name) for f in fields(found)}
            if is_dataclass(found)
            else {"value": found}
        )
        step = self._step(name, name, options_of(name, settings), shard)
        return arrays, {**below._used, step: own}

    def _step(self, what: str, name: str, options: Settings, shard: int | None) -> str:
        """Names what was done: by the run and mark it was done for, its settings and its shard."""
        settings = (f"{key}={value}" for key, value in sorted(options.items()))
        part = () if shard is None else (str(shard),)
        return " ".join((whose(self._spec, name)[1], what, *settings, *part))

    def _from_other_runs(self, piece: Piece, options: Settings) -> Any:
        assert piece.runs is not None
        specs = piece.runs(self._spec, **options)
        found = []
        for spec in specs:
            other = Evidence(spec, self._runs)
            other._share_a_pass(piece.of)
            found.append({name: other.get(name, {}) for name in piece.of})
            # Of the run's own evidence at its own mark no second pass was made: the steps have one name.
            self._used |= other._used
            if not piece.takes_whole_runs and spec.run_key != self._spec.run_key:
                self._used[f"{spec.warm_key} warm-up"] = self._runs.warm_up_used(spec)
        return piece.maker(specs, found)

    def _keep(
        self, name: str, options: Settings, shard: int | None, make: Callable[[], Made]
    ) -> Path:
        """The file of what `make` gives, made if it is not there; counts what it took."""
        about = about_evidence(self._spec, name, options, shard)

        def write(path: Path) -> dict[str, Any]:
            arrays, used = make()
            write_arrays(path, arrays, about)
            return {"steps": {step: asdict(phase) for step, phase in used.items()}}

        key = key_of(about)
        path = self._runs.cache.get("evidence", key, write, about=about)
        self._used |= steps_of(self._runs.cache.facts("evidence", key), key)
        return path


def _joined(parts: Sequence[Arrays]) -> Arrays:
    """The shards of some arrays as one."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _one_of(arrays: Arrays, name: str, used: dict[str, Phase]) -> Made:
    return {name: arrays[name]}, used

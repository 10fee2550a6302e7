"""What the runs of one data set share: its data, its cache, warm learners and schedules."""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays
from trainables.cache import Cache, put_there
from trainables.data.dataset import Dataset, uniform_draws
from trainables.data.dataset_file import read
from trainables.data.user_tables import UserTables
from trainables.environment import device
from trainables.evidence.forward_passes import collect
from trainables.learners import LEARNERS
from trainables.outcome import Outcome
from trainables.result import Phase
from trainables.selection.dynamic import POLICIES
from trainables.selection.scoring import Keep, select
from trainables.spec import TrialSpec
from trainables.training.learner import Learner
from trainables.training.saved_states import OneBeside, load_progress, save_progress
from trainables.training.schedule import Schedule, warm_steps

# A killed trial loses at most this much work. It changes no result.
SAVE_EVERY_S = 60.0


@dataclass(frozen=True)
class RunContext:
    """The data set of some runs, and the cache of what they share.

    Attributes:
        dataset: Of all these runs.
        cache: Where artifacts are kept.
    """

    dataset: Dataset
    cache: Cache

    @property
    def all_rows(self) -> Keep:
        """A mask of all training rows."""
        return np.ones(len(self.dataset.train), dtype=bool)

    def new_learner(self, spec: TrialSpec, keep: Keep | None = None) -> Learner:
        """A learner at its initial weights.

        Args:
            spec: The trial.
            keep: The rows that a trial which trains afresh is left with, shape (n,): what is fitted to
                the data before the first step is fitted to these. Without it, to all.
        """
        fitted_on = None if keep is None or keep.all() else keep
        opened = LEARNERS[spec.learner].open
        network = opened(spec, self.dataset, self.cache, fitted_on=fitted_on)
        return Learner(network, self.dataset.train.labels, spec.training, spec.seed)

    def schedule(self, spec: TrialSpec, learner: Learner, keep: Keep) -> Schedule:
        """The steps of the trial: on all data, or on the survivors from the fork on."""
        lengths = learner.network.lengths["train"]
        schedule = Schedule(lengths=lengths, seed=spec.seed, training=spec.training, keep=keep)
        if spec.is_baseline:
            return schedule
        fork = warm_steps(spec.warmup, schedule.full_steps) if spec.protocol == "continue" else 0
        schedule = replace(schedule, fork=fork, budget=spec.budget)
        if spec.kind != "dynamic":
            return replace(schedule, redrawn=spec.kind == "null")
        weigh = partial(POLICIES[spec.signal].weigh, **dict(spec.settings))

        def choose(epoch: int) -> NDArray[np.float32]:
            draws = uniform_draws(self.dataset.train.ids, spec.seed, f"epoch {epoch}")
            done = epoch / spec.training.epochs
            return weigh(learner.last_losses(epoch), draws, spec.rate, done)

        return replace(schedule, choose=choose)

    def train_until(
        self, learner: Learner, schedule: Schedule, key: str, *, until: int | None = None
    ) -> None:
        """Train to step `until` or the end, saving now and then what is unfinished under a key.

        On an accelerator a copy is written while training goes on; it takes three times the weights' memory. On a
        CPU the copy and the thread would take the time that they save.
        """
        folder, kept = self.cache.progress(key), partial(self.cache.keep_progress, key)
        saved = time.monotonic()
        with OneBeside() as thread:
            beside = None if device() == "cpu" else thread
            for _ in learner.train(schedule, until):
                if time.monotonic() - saved > SAVE_EVERY_S:
                    save_progress(learner, folder, beside=beside, then=kept)
                    saved = time.monotonic()

    def warm_learner(self, spec: TrialSpec) -> Learner:
        """The learner of the full-data run at the warm-up mark, trained that far if it is not there."""
        learner = self.new_learner(spec)
        if spec.warmup:
            learner.load(self._warm(spec))
            learner.used = self.warm_up_used(spec)
        return learner

    def warm_up_used(self, spec: TrialSpec) -> Phase:
        """What training to the mark took."""
        if not spec.warmup:
            return Phase()
        self._warm(spec)
        return Phase(**self.cache.facts("warm", spec.warm_key)["used"])

    def _warm(self, spec: TrialSpec) -> Path:
        def write(path: Path) -> dict[str, Any]:
            learner = self.new_learner(spec)
            full = self.schedule(spec.baseline, learner, self.all_rows)
            # Whether steps are left is asked where training goes on; this mark may be the end.
            mark = warm_steps(spec.warmup, full.full_steps, goes_on=False)
            for _ in learner.train(full, mark):
                pass
            return learner.save(path, timed=False)

        about = {"spec": spec.baseline.to_dict()}
        return self.cache.get("warm", spec.warm_key, write, about=about)

    def keep_outcome(self, spec: TrialSpec, outcome: Outcome) -> None:
        """Keep what a finished trial says of the test set; its row, which comes last, speaks of it.

        Probabilities of all classes are large, and kept in a file of their own.
        """
        columns = dict(outcome.columns)
        probs = {"probs": columns.pop("probs")} if "probs" in columns else {}
        for kind, own in (("probs", probs), ("outcome", columns)):
            if own:
                write = partial(Outcome(columns=own).write, of=spec.result_key)
                self.cache.put(kind, spec.result_key, write)

    def answers(self, spec: TrialSpec) -> tuple[Arrays, Phase]:
        """What the finished run of a spec predicts right, and what training and passes took."""
        keep, _ = select(spec, self)
        learner = self.new_learner(spec, keep)
        load_progress(learner, self.cache.progress(spec.result_key))
        self.train_until(learner, self.schedule(spec, learner, keep), spec.result_key)
        used, right = learner.used, {"validation": np.zeros((1, 0), dtype=bool)}
        for name, split in self.dataset.splits.items():
            if name != "test":
                seen, took = collect(learner, ("probs",), name)
                right[name] = (seen["probs"].argmax(axis=1) == split.labels)[None]
                used += took
        self.cache.clear_progress(spec.result_key)
        names = {"correct": "train", "validation_correct": "validation"}
        return {"inside": keep[None], **{new: right[old] for new, old in names.items()}}, used


def load_runs(spec: TrialSpec, cache: Cache) -> RunContext:
    """The runs of a spec's data set, which the sweep put into the cache.

    Raises:
        AbsentError: If it is not there.
    """
    path = put_there(cache, "data", spec.data_sha, f"data set {spec.dataset}")
    return RunContext(read(path), cache)


def load_tables(spec: TrialSpec, cache: Cache) -> UserTables:
    """The user's own columns that a spec names, which the sweep put into the cache.

    Raises:
        AbsentError: If they are not there.
    """
    what = f"the table of columns of {spec.dataset}"
    return UserTables.read(put_there(cache, "columns", spec.columns_sha, what))

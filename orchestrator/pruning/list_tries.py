"""The lists of a run that fresh seeds train on, tried one after another: each at the level that is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from analysis.confirmation import Confirmation
from analysis.methods import condition_of
from analysis.run_files import Plan, load_plan
from analysis.study import Study, read_runs
from orchestrator.planning.confirming import candidates_of, trials_on, unseen_seeds
from orchestrator.planning.plan import Sweep
from orchestrator.pruning.survivors import Survivors
from trainables.arrays import rows_sha
from trainables.spec import TrialSpec

FOLDER = "warrants"


@dataclass(frozen=True, kw_only=True)
class ListTry:
    """Fresh seeds that train on one list of rows: under way, over, or still to be run.

    Attributes:
        folder: Where their rows are: RUN/warrants/HASH, or the run's own.
        plan: What is planned there.
        listed: A trial on the list.
        study: What is there, judged; None where nothing was begun.
    """

    folder: Path
    plan: Plan
    listed: TrialSpec
    study: Study | None = None

    @property
    def seeds(self) -> tuple[int, ...]:
        """The fresh seeds."""
        key = self.listed.survivors_key
        return tuple(s.seed for s in self.plan.specs if s.shares_list and s.survivors_key == key)

    @property
    def earlier(self) -> int:
        """Lists that came before it and did not pass."""
        return self.plan.earlier.get(self.listed.data_sha, 0)

    @property
    def confirmation(self) -> Confirmation | None:
        """What its seeds say."""
        source = condition_of(self.listed).source
        return self.study.confirmed.get(source) if self.study else None

    @property
    def is_over(self) -> bool:
        """Whether every seed has ended with a result."""
        return self.confirmation is not None and self.confirmation.is_over

    @property
    def passes(self) -> bool:
        """Whether the list is shown to lose less than the margin."""
        return self.confirmation is not None and self.confirmation.passes

    def is_of(self, survivors: Survivors) -> bool:
        """Whether its seeds train, in the same way, on exactly these rows, however they came about."""
        if _trained(self.listed) != _trained(survivors.spec):
            return False
        pairs = self.confirmation.row.cell.pairs if self.confirmation else ()
        if pairs:
            return pairs[0].pruned.kept_sha == rows_sha(survivors.keep)
        is_named = self.folder.name.partition("-")[0] == survivors.sha
        return is_named or self.listed.survivors_key == survivors.spec.survivors_key


def tries_of(base: Sweep, sha: str, study: Study) -> list[ListTry]:
    """Every list of a data set that fresh seeds were planned for in a run, in the order of their levels."""
    found = []
    listed = next((s for s in base.specs if s.shares_list and s.data_sha == sha), None)
    if listed is not None:
        found.append(ListTry(folder=base.run.folder, plan=base.plan, listed=listed, study=study))
    for path in (base.run.folder / FOLDER).glob("*/plan.json"):
        plan = load_plan(path.parent)
        specs = plan.specs if plan else ()
        listed = next((s for s in specs if s.shares_list and s.data_sha == sha), None)
        if plan and listed:
            found.append(read_try(ListTry(folder=path.parent, plan=plan, listed=listed), base))
    return sorted(found, key=lambda one: (one.earlier, one.plan.created))


def read_try(one: ListTry, base: Sweep) -> ListTry:
    """A try with what is in its folder, by the names that data set and model have at present."""
    of = next(s for s in base.grid_specs if s.data_sha == one.listed.data_sha)
    specs = tuple(replace(s, dataset=of.dataset, model=of.model) for s in one.plan.specs)
    listed = replace(one.listed, dataset=of.dataset, model=of.model)
    study = read_runs([one.folder], by=base.judging.by)
    return replace(one, plan=replace(one.plan, specs=specs), listed=listed, study=study)


def next_try(base: Sweep, survivors: Survivors, tries: Sequence[ListTry], many: int) -> ListTry:
    """Fresh seeds of a list that are still to be run, at the level that the lists before it leave."""
    spec = survivors.spec
    sha = spec.data_sha
    taken = {s.seed for s in base.specs if s.data_sha == sha}
    taken |= {s.seed for one in tries for s in one.plan.specs if s.data_sha == sha}
    seeds = unseen_seeds(spec, taken, base.is_done, many)
    trials = tuple(trials_on(spec, seeds, control=base.control, rate=_rate_of_lots(survivors)))
    full = dict.fromkeys(one.baseline for one in trials)
    number = sum(one.folder.name.partition("-")[0] == survivors.sha for one in tries)
    name = survivors.sha if not number else f"{survivors.sha}-{number + 1}"
    earlier = _earlier(base, sha, tries)
    plan = replace(
        base.plan,
        grid="warrant",
        specs=(*full, *trials),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=(),
        adaptive=False,
        candidates={sha: _candidates(base, spec, tries)},
        earlier={sha: earlier} if earlier else {},
        tuned={key: budget for key, budget in base.plan.tuned.items() if key == sha},
    )
    listed = replace(spec, seed=seeds[0])
    return ListTry(folder=base.run.folder / FOLDER / name, plan=plan, listed=listed)


def _rate_of_lots(survivors: Survivors) -> float | None:
    """The rate by which a random list has as many rows as a list that rows were put back into."""
    spec, keep = survivors.spec, survivors.keep
    if not (spec.protected or spec.min_per_class):
        return None
    # Between two counts: a selector rounds down what goes.
    return (int((~keep).sum()) + 0.5) / len(keep)


def _earlier(base: Sweep, sha: str, tries: Iterable[ListTry]) -> int:
    """How many levels are spent: that of the run's own confirmation, and of every list that did not pass."""
    tries = list(tries)
    is_of_run = [one for one in tries if one.folder == base.run.folder]
    is_spent = sha in base.plan.candidates and not any(one.passes for one in is_of_run)
    spent = [0] * is_spent + [one.earlier for one in tries if not one.passes]
    return max(spent, default=-1) + 1


def _candidates(base: Sweep, spec: TrialSpec, tries: Iterable[ListTry]) -> int:
    """How many conditions a list was chosen from: the run's, and lists of others that were tried."""
    sha = spec.data_sha
    of_grid = {_cut(one) for one in base.grid_specs if one.kind == "pruned"}
    others = {_cut(spec), *(_cut(one.listed) for one in tries)} - of_grid
    # Of a run that has grown since its own list was chosen, all that it has by now.
    there = candidates_of(base.grid_specs)[sha]
    return max(base.plan.candidates.get(sha, 0), there) + len(others)


def _cut(spec: TrialSpec) -> TrialSpec:
    """A cut, whoever trains on what it leaves and whatever data set and model are called."""
    return replace(spec, seed=0, scored_by=(), protocol="restart", dataset="", model="")


def _trained(spec: TrialSpec) -> tuple[str, str]:
    """How a list is trained on: two that differ in it are two questions."""
    return replace(spec.baseline, seed=0).run_key, spec.budget


def cut_of(base: Sweep, spec: TrialSpec) -> TrialSpec | None:
    """A trial of the sweep by the cut that a list was made by, before rows were put back."""
    cut = replace(_cut(spec), protected=(), min_per_class=0)
    return next((s for s in base.grid_specs if s.kind == "pruned" and _cut(s) == cut), None)

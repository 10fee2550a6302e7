"""The warrant of one list of rows: taken from its run where fresh seeds trained on it, else measured."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console

from analysis.confirmation import SEEDS, level_of
from analysis.measured_warrants import sweep_verdict, warrant_of
from analysis.methods import condition_of
from analysis.study import Study
from analysis.warrants import Warrant
from analysis.wording import percent
from orchestrator.execution.run_trials import run_left
from orchestrator.planning.estimate import hours, measured_paces
from orchestrator.planning.judging import outcomes_in, write_tests
from orchestrator.planning.plan import Sweep
from orchestrator.planning.task_graph import plan as plan_tasks
from orchestrator.pruning.list_tries import (
    FOLDER,
    ListTry,
    cut_of,
    next_try,
    read_try,
    tries_of,
)
from orchestrator.pruning.survivors import Survivors
from orchestrator.store.run_folder import Run
from orchestrator.store.run_lock import RunLockedError
from orchestrator.terminal.summary import print_failures
from trainables.errors import DONE, GATE, INCOMPLETE, UsageError


@dataclass(frozen=True, kw_only=True)
class PlannedWarrant:
    """A list, and the fresh seeds that speak of it.

    Attributes:
        base: The run's sweep, as its record plans it.
        study: The run, judged.
        survivors: The list.
        chosen: The seeds that speak.
    """

    base: Sweep
    study: Study
    survivors: Survivors
    chosen: ListTry

    @property
    def is_of_run(self) -> bool:
        """Whether they are those of the run's own confirmation."""
        return self.chosen.folder == self.base.run.folder

    @property
    def is_there(self) -> bool:
        """Whether nothing is to be run here: all has ended, or the run's own command goes on with it."""
        return self.is_of_run or self.chosen.is_over

    @property
    def sweep(self) -> Sweep:
        """The trials as a sweep of their own, in a folder of its own."""
        base, plan, folder = self.base, self.chosen.plan, self.chosen.folder
        specs = list(plan.specs)
        return replace(
            base,
            plan=plan,
            grid_specs=specs,
            tasks=plan_tasks(specs, base.sizes, kept=base.kept),
            datasets={sha: base.datasets[sha] for sha in {spec.data_sha for spec in specs}},
            run=Run(folder),
            judging=replace(base.judging, outcomes=outcomes_in(folder, base.store, base.datasets)),
            purchases=(),
            searches=(),
            curves=(),
        )


@dataclass(frozen=True, kw_only=True)
class WarrantPrice:
    """What a warrant would take.

    Attributes:
        trials: All that it rests on; 0 where the run has it.
        left: Of them those still to be run.
        seeds: Fresh seeds.
        hours: Of one worker after another, low, expected and high; None where nothing was measured.
        basis: What the hours rest on.
        gpus: Accelerators of a worker; 0 for none.
        level: Error of each bound.
        earlier: Lists that came before and did not pass.
        folder: Where its rows are to be.
    """

    trials: int
    left: int
    seeds: tuple[int, ...]
    hours: tuple[float, float, float] | None
    basis: str
    gpus: float
    level: float
    earlier: int
    folder: Path


def check_seeds(seeds: int | None) -> None:
    """Refuse fewer fresh seeds than a warrant rests on.

    Raises:
        UsageError: If they are too few.
    """
    if seeds is not None and seeds < SEEDS:
        raise UsageError(f"--seeds is {seeds}; a warrant takes {SEEDS} fresh seeds or more")


def planned_warrant(
    base: Sweep, survivors: Survivors, study: Study, *, seeds: int | None = None
) -> PlannedWarrant:
    """Which fresh seeds speak of a list: those that ran, or those to run. Nothing is written.

    A list that passed has its warrant. One that did not is tried again where more seeds are asked for
    than it was tried by: by other seeds, and at the level of a list after it, as it would be a second
    look at the same ones otherwise.

    Args:
        base: The run's sweep, planned from its record; its folder is the run's.
        survivors: The list.
        study: The run, judged.
        seeds: How many fresh seeds; None for five, or as many as were begun with.

    Raises:
        UsageError: If there are too few of them, or others were begun with that have not all run.
    """
    check_seeds(seeds)
    tries = tries_of(base, survivors.spec.data_sha, study)
    own = [one for one in tries if one.is_of(survivors)]
    chosen = next((one for one in own if one.passes), own[-1] if own else None)
    if chosen and not chosen.is_over and seeds not in (None, len(chosen.seeds)):
        raise UsageError(
            f"{chosen.folder}: {len(chosen.seeds)} fresh seeds of this list were begun with and have not all "
            f"run; give --seeds {len(chosen.seeds)}, and others when they have"
        )
    is_asked_anew = chosen and chosen.is_over and (seeds or 0) > len(chosen.seeds)
    if chosen is None or (is_asked_anew and not chosen.passes):
        chosen = next_try(base, survivors, tries, SEEDS if seeds is None else seeds)
    return PlannedWarrant(base=base, study=study, survivors=survivors, chosen=chosen)


def price(planned: PlannedWarrant) -> WarrantPrice:
    """What a warrant would take, and what of it is there."""
    chosen = planned.chosen
    told = WarrantPrice(
        trials=0, left=0, seeds=chosen.seeds, hours=(0.0, 0.0, 0.0), basis="",
        gpus=planned.base.resources.gpus, level=level_of(chosen.earlier), earlier=chosen.earlier,
        folder=chosen.folder,
    )  # fmt: skip
    if planned.is_there:
        return told
    sweep, sha = planned.sweep, chosen.listed.data_sha
    left, pace = sweep.left, measured_paces(sweep).get(sha)
    return replace(
        told,
        trials=len(sweep.specs),
        left=sum(not sweep.is_done(spec) for spec in sweep.specs),
        hours=hours(left, pace, len(sweep.datasets[sha].test)) if pace else None,
        basis=pace.basis if pace else "",
    )


def measure(
    base: Sweep,
    survivors: Survivors,
    study: Study,
    *,
    seeds: int | None = None,
    console: Console,
) -> tuple[Warrant, int]:
    """The warrant of a list, its trials run where they are not there; and how the command ends by it.

    Stopped and called again, it goes on where it stopped.

    Args:
        base: The run's sweep, planned from its record; its resources say where trials run, and for how
            long.
        survivors: The list.
        study: The run, judged.
        seeds: As of `planned_warrant`.
        console: Where lines and bars go.

    Returns:
        The warrant, and 0 where it passes, 5 where it does not, 3 where trials are lacking, or the code
        of the signal that stopped it.

    Raises:
        UsageError: As `planned_warrant`.
        RunLockedError: If another warrant of the run is being measured.
    """
    planned = planned_warrant(base, survivors, study, seeds=seeds)
    stopped = 0
    if not planned.is_there:
        with ExitStack() as held:
            # One at a time: the level of a list depends on how those before it ended.
            try:
                held.enter_context(Run(base.run.folder / FOLDER).locked())
            except RunLockedError as error:
                raise RunLockedError(
                    f"{base.run.folder}: another warrant of this run is being measured; give the same command "
                    "when it has ended"
                ) from error
            planned = planned_warrant(base, survivors, study, seeds=seeds)
            console.print(_stake(planned.chosen.earlier), highlight=False)
            stopped = _run(planned.sweep, console)
        planned = replace(planned, chosen=read_try(planned.chosen, base))
    warrant = _warrant(planned)
    if stopped:
        return warrant, stopped
    if warrant.state == "incomplete":
        return warrant, INCOMPLETE
    return warrant, DONE if warrant.passes else GATE


def _stake(earlier: int) -> str:
    """How sure a list must be, and what it costs those after it if it is not."""
    now, then = (percent(round(level_of(n), 6)) for n in (earlier, earlier + 1))
    return (
        f"  each bound of its interval errs in {now} of cases; should it not pass, those of the next list of "
        f"these data in this run in {then}"
    )


def _run(sweep: Sweep, console: Console) -> int:
    """Run what is left of a warrant's trials; the exit code of a signal that came, or 0."""
    with sweep.run.locked():
        sweep.run.write_plan(sweep.plan)
        write_tests(sweep.run, sweep.datasets.values())
        left = sweep.left
        stopped, limit = run_left(sweep, left, console) if left else (0, "")
        for spec in filter(sweep.is_done, sweep.specs):
            sweep.run.copy_row(spec, sweep.store)
    lost = [spec for spec in sweep.specs if not sweep.is_done(spec)]
    print_failures((sweep.run.error(spec) for spec in lost if not (stopped or limit)), console)
    sweep.resources.upload_run(sweep.run.folder.parent.parent)
    if limit and lost:
        console.print(f"stopped at {limit}")
    return stopped


def _warrant(planned: PlannedWarrant) -> Warrant:
    """The warrant, as far as its seeds have run."""
    chosen, survivors = planned.chosen, planned.survivors
    study, one = chosen.study, chosen.confirmation
    assert study is not None and one is not None, "what was planned is listed, run or not"
    agreement = [*survivors.agreement.values()]
    mean = float(np.mean(agreement)) if agreement else None
    of = cut_of(planned.base, survivors.spec)
    told = warrant_of(
        study,
        one,
        list_sha=survivors.sha,
        is_of_run=planned.is_of_run,
        sweep=sweep_verdict(planned.study, condition_of(of), agreement=mean) if of else None,
        gpus=planned.base.resources.gpus,
    )
    return replace(told, n_train=len(survivors.keep), n_kept=int(survivors.keep.sum()))

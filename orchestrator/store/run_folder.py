"""A run's folder: its plan, its rows, its lock."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from analysis.contributions import Truth
from analysis.outcomes import OUTCOME, PROBS, answers_file, answers_parquet, outcome_file
from analysis.run_files import Plan, load_plan
from orchestrator.store.atomic import atomic_write, link_or_copy
from orchestrator.store.damaged_files import put_damaged_aside, row_there
from orchestrator.store.plan_difference import plan_difference
from orchestrator.store.replicated import Store
from orchestrator.store.run_lock import hold_folder
from orchestrator.trial_names import title
from trainables.errors import DamagedError, ReleaseError, UsageError
from trainables.own_folders import check_apart, own_place
from trainables.records import from_json, to_json
from trainables.result import TrialResult
from trainables.spec import SPEC_VERSION, TrialSpec
from trainables.written_numbers import many

_REMEDY = "sweep with another --run, or go on with the release that made it"


class PlanChangedError(UsageError):
    """The folder holds trials of another plan or another environment."""


def place_of_run(folder: Path, cache: Path) -> Path:
    """Where a run's folder is or may be made, beside a cache; errors are those of `own_place` and `check_apart`."""
    place = own_place(folder, "run", "--run")
    check_apart(place, cache)
    return place


class Run:
    """The folder of one run; the store holds the rows, this is where a person finds them.

    Args:
        folder: Made at the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; it is free again when this process ends, however it ends.

        Raises:
            RunLockedError: If another command holds it.
            StoreError: If it cannot be made.
        """
        with hold_folder(self.folder):
            put_damaged_aside(self.folder)
            yield

    def write_plan(self, plan: Plan) -> None:
        """Write the plan, or extend the one that is there.

        Raises:
            DataError: As `check_plan` does.
            PlanChangedError: As `check_plan` does.
        """
        self.check_plan(plan)
        there = self.plan_there()
        # A run began when its first plan was made, and not when seeds or a confirmation were added.
        plan = replace(plan, created=there.created or plan.created) if there else plan
        atomic_write(self.folder / "plan.json", plan.to_json().encode())

    def plan_there(self) -> Plan | None:
        """The plan that is there; None where there is none, or it is damaged and is made anew.

        Raises:
            PlanChangedError: If another release made it: its trials are not held against this one's.
        """
        try:
            plan = load_plan(self.folder)
        except DamagedError:
            return None
        except ReleaseError as error:
            raise PlanChangedError(f"{error}; {_REMEDY}") from error
        if plan:
            _check_release(plan.version, self.folder)
        return plan

    def check_plan(self, plan: Plan) -> None:
        """Refuse a plan that the folder cannot take.

        Raises:
            DataError: If a row is another release's and of no trial of this plan, which the report would
                read with the others.
            PlanChangedError: If the folder's plan has trials that this one has not, or rests on
                another environment; where there is no plan, the same of the trials that rows are of.
        """
        planned = {spec.result_key for spec in plan.specs}
        paths = sorted((self.folder / "trials").glob("[!.]*.json"))
        others = [row for path in paths if path.stem not in planned and (row := row_there(path))]
        for row in others:
            _check_release(row.spec.version, self.folder)
        old = self.plan_there()
        if old is None and others and plan.specs:
            # What a plan knew that is gone: which trials there are. The rest this command says again.
            old = replace(plan, specs=tuple(row.spec for row in others))
        if old:
            _check_extends(old, plan, self.folder)

    def begin(self, plan: Plan) -> None:
        """Write a plan without its trials where there is none: their training is not chosen yet.

        Raises:
            PlanChangedError: If the folder's plan rests on another environment, or has trials of one
                of these data sets by a training that was not searched.
        """
        old = self.plan_there()
        if old is None:
            self.write_plan(replace(plan, specs=()))
            return
        _check_environment(old, plan, self.folder)
        known = {spec.data_sha: spec for spec in old.specs}
        for sha in plan.tuned:
            if sha in known and sha not in old.tuned:
                raise PlanChangedError(
                    f"{self.folder} has trials of {known[sha].dataset} whose training was not searched: "
                    "give --no-tune, or another --run"
                )

    def row(self, spec: TrialSpec) -> Path:
        """Where the row of a trial is."""
        return self.folder / "trials" / f"{spec.result_key}.json"

    def row_of(self, spec: TrialSpec) -> TrialResult | None:
        """The row of a trial, finished or failed; None where there is none, or it is damaged."""
        return row_there(self.row(spec))

    def copy_row(self, spec: TrialSpec, store: Store) -> TrialResult | None:
        """Copy a finished trial's row from the store; None if it is not finished."""
        found = store.find("result", spec.result_key)
        if found is None:
            return None
        # The names that another run gave data and model may be others; this run has its own.
        row = replace(from_json(found.read_bytes()), spec=spec)
        text = to_json(row).encode()
        path = self.row(spec)
        if not path.exists() or path.read_bytes() != text:
            atomic_write(path, text)
        for kind in (OUTCOME, PROBS):
            target = outcome_file(self.folder, kind, spec.result_key)
            if not target.exists() and (beside := store.find(kind, spec.result_key)):
                link_or_copy(beside, target)
        return row

    def forget(self, spec: TrialSpec) -> None:
        """Take a trial's result out of the folder: it is to run again for what it has not kept."""
        row = self.row_of(spec)
        if row is not None and row.is_ok:
            self.row(spec).unlink()

    def write_answers(self, sha: str, truth: Truth, ids: NDArray[Any]) -> None:
        """Write the answers of a test set, by content of its data set, where they are not there yet."""
        path, data = answers_file(self.folder, sha), answers_parquet(truth, ids, of=sha)
        if not path.exists() or path.read_bytes() != data:
            atomic_write(path, data)

    def write_failure(self, spec: TrialSpec, error: str, trace: str = "") -> None:
        """Leave a row that says why a trial has no result, unless it has one; trace to logs/."""
        path, there = self.row(spec), self.row_of(spec)
        if there is not None and there.is_ok:
            return
        row = TrialResult(spec=spec, status="failed", error=error)
        atomic_write(path, to_json(row).encode())
        if trace:
            log = self.folder / "logs" / f"{spec.result_key[:10]}.log"
            atomic_write(log, trace.encode())

    def error(self, spec: TrialSpec) -> str:
        """Why a trial has no result, as its row says."""
        row = self.row_of(spec)
        return row.error if row else "no row"


def _check_release(version: int, folder: Path) -> None:
    """Refuse a folder whose trials another release made, which would all run again beside the old ones."""
    if version != SPEC_VERSION:
        raise PlanChangedError(
            f"{folder} was made by a release with SPEC_VERSION {version}; this one is {SPEC_VERSION}, and results "
            f"of the two are not compared: {_REMEDY}; prune-envelope report {folder} shows what was found"
        )


def changed_environment(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """What differs between two environments, in words; empty where they are the same."""
    changed = [
        f"{name} {there.get(name, 'absent')} → {here.get(name, 'absent')}"
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    ]
    return ", ".join(changed)


def _check_environment(old: Plan, new: Plan, folder: Path) -> None:
    if changed := changed_environment(old.environment, new.environment):
        raise PlanChangedError(
            f"{folder} was run on another environment ({changed}) and trials of two "
            "environments are not compared; restore it, or give another --run"
        )


def _check_extends(old: Plan, new: Plan, folder: Path) -> None:
    _check_environment(old, new, folder)
    known = {spec.data_sha for spec in old.specs}
    for spec in new.specs:
        sha = spec.data_sha
        if sha in known and (sha in old.candidates) != (sha in new.candidates):
            was, now = (
                ("with", "--confirm") if sha in old.candidates else ("without", "--no-confirm")
            )
            raise PlanChangedError(
                f"{folder} was planned {was} a confirmation, and whether there is one is settled "
                f"before the first trial: give {now}, or another --run"
            )
    keys = {spec.result_key for spec in new.specs}
    gone = [spec for spec in old.specs if spec.result_key not in keys]
    current = {spec.dataset: spec.data_sha for spec in new.specs}
    edited = [one for one in gone if current.get(one.dataset, one.data_sha) != one.data_sha]
    if edited:
        raise PlanChangedError(
            f"{folder} holds {many(len(edited), 'trial')} of {edited[0].dataset} as it was before its files were "
            "edited, or as it is read by other flags; read it as then, or give another --run"
        )
    if gone:
        raise PlanChangedError(
            f"{folder} holds {many(len(gone), 'trial')} that this command does not ask for (such as "
            f"{title(gone[0])}): {plan_difference(old.specs, new.specs)}; add to that plan, or give another --run"
        )

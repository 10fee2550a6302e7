"""A run opened again: the data set that one of its conditions is of, its store, and its sweep."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from analysis.chosen_conditions import Chosen
from analysis.guards import Criterion
from analysis.run_files import Plan
from orchestrator.planning.own_trainers import source_of_own
from orchestrator.planning.plan import Sweep, plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.store.local import ArtifactStore
from orchestrator.store.object_storage import Remote
from orchestrator.store.replicated import SharedStore, Store
from orchestrator.store.run_folder import changed_environment
from trainables.data.catalog import DATA_DIR_VARIABLE, Source, load
from trainables.data.dataset import Dataset
from trainables.data.finding import title_of
from trainables.errors import AbsentError, DataError, UnavailableError, UnsafeError
from trainables.keys import key_of
from trainables.run_context import RunContext

_MOVED = "if the data of the run lie elsewhere by now, say where: --data PATH"


@dataclass(frozen=True, kw_only=True)
class OpenedRun:
    """A run with the data set of one of its conditions, read from its own files.

    Attributes:
        folder: The run's.
        plan: What was to be run.
        request: What it was asked for, of this data set alone.
        resources: Where its trials run.
        by: What it is judged by.
        source: Where the data set is from.
        dataset: It, under the run's name for it.
    """

    folder: Path
    plan: Plan
    request: Request
    resources: Resources
    by: Criterion
    source: Source
    dataset: Dataset

    @cached_property
    def store(self) -> Store:
        """The store as the run left it: of the environment in which it ran."""
        environment = self.plan.environment or self.resources.environment
        local = ArtifactStore(self.resources.cache, environment=key_of(environment)[:12])
        remote = self.resources.storage
        return SharedStore(local, Remote(remote)) if remote else local

    @property
    def data_path(self) -> Path | None:
        """The file or folder that the data set is read from; None for the hub's and what the package makes."""
        source = self.source
        folder = source.data_dir or os.environ.get(DATA_DIR_VARIABLE)
        named = [Path(folder) / source.name] if folder else []
        return next((path for path in (*named, Path(source.name)) if path.exists()), None)

    @property
    def runs(self) -> RunContext:
        """The data set and the store, from which scores and lists are read."""
        return RunContext(self.dataset, self.store)

    @cached_property
    def sweep(self) -> Sweep:
        """The sweep planned anew, of this data set alone: what runs more trials of it.

        Raises:
            UnavailableError: If the machine or its libraries are others than those of the run.
        """
        there, here = self.plan.environment, self.resources.environment
        if there and (changed := changed_environment(there, here)):
            raise UnavailableError(
                f"{self.folder} was run on another environment ({changed}), and what is trained here could "
                "not be held against it; restore that environment, or prune with --no-warrant from scores "
                "that its store still has"
            )
        return plan_sweep(
            self.request,
            self.resources,
            run=self.folder,
            command=self.plan.command,
            tolerance=self.by.margin.written,
        )


def open_run(
    folder: Path,
    chosen: Chosen,
    request: Request,
    resources: Resources,
    *,
    moved_to: str = "",
) -> OpenedRun:
    """Read the data set of a condition from its own files, and check that they hold what they held.

    Args:
        folder: The run's.
        chosen: The condition.
        request: What the run was asked for.
        resources: Where its trials run.
        moved_to: Where its data lie; empty for where they lay.

    Raises:
        AbsentError: If they are not there.
        DataError: If they hold something else than when the run was made.
    """
    plan, by = chosen.study.plan, chosen.study.by
    found: Dataset | None = None
    for asked, plain in _sources(request, plan, chosen, moved_to):
        source = source_of_own(plain, by) if request.own else plain
        read = _read(source)
        found = found or read
        if read.sha == chosen.source.data_sha:
            of_it = replace(request, datasets=(asked,), names=(chosen.source.dataset,))
            dataset = replace(read, name=chosen.source.dataset)
            return OpenedRun(
                folder=folder, plan=plan, request=of_it, resources=resources, by=by, source=source,
                dataset=dataset,
            )  # fmt: skip
    raise _other_data(chosen, request, moved_to, found)


def _sources(
    request: Request, plan: Plan, chosen: Chosen, moved_to: str
) -> Iterator[tuple[str, Source]]:
    """Where a condition's data set may be from: first what was asked for by its name."""
    sources = request.sources(plan.sources)
    name = chosen.source.dataset
    own = [one for one, source in sources.items() if (source.title or title_of(one)) == name]
    for asked in (*own, *(one for one in sources if one not in own)):
        source = sources[asked]
        yield (moved_to, replace(source, name=moved_to, pinned="")) if moved_to else (asked, source)


def _read(source: Source) -> Dataset:
    """A data set; where its files are not to be read, what to do."""
    try:
        return load(source)
    except UnsafeError:
        raise
    except (AbsentError, DataError) as error:
        kind = AbsentError if isinstance(error, AbsentError) else DataError
        where = f"it was looked for from {Path.cwd()}, where the sweep was started; "
        is_file = bool(Path(source.name).suffix) and not Path(source.name).is_absolute()
        raise kind(f"{error}; {where * is_file}{_MOVED}") from error


def _other_data(
    chosen: Chosen, request: Request, moved_to: str, found: Dataset | None
) -> DataError:
    names = [moved_to] if moved_to else [*request.sources()]
    where = " and ".join(_path_text(one) for one in names)
    of = chosen.source.data_sha
    then = {sum(one.class_counts) for one in chosen.study.results if one.spec.data_sha == of} - {0}
    rows = f" ({len(found.train):,} training rows at present" if found else ""
    rows += f", {min(then):,} then)" if rows and then else ")" * bool(rows)
    return DataError(
        f"{where}: holds other data than when {chosen.study.name} was made{rows}: a list of rows made then "
        f"would name other rows. Put the data of then back, or sweep anew; {_MOVED}"
    )


def _path_text(name: str) -> str:
    path = Path(name)
    return str(path.absolute()) if path.exists() else name

"""Finished trials to MLflow, Weights & Biases or TensorBoard, by Ray's own logger callbacks."""

import importlib.util
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from analysis.metrics import ACCURACY
from analysis.readings import OF_ACCURACY, Reading
from orchestrator.trial_names import title
from trainables.errors import UnavailableError
from trainables.result import TrialResult

logger = logging.getLogger(__name__)


class TrackerAbsentError(UnavailableError):
    """A tracker's library is not installed."""


class Tracked:
    """A finished trial as Ray's logger callbacks read one."""

    checkpoint = None

    def __init__(self, row: TrialResult, run: Path) -> None:
        self.trial_id = row.spec.result_key[:12]
        self.config = _flat(row.spec.to_dict())
        self.evaluated_params = self.config
        self.experiment_dir_name = run.name
        self.local_path = str(run / "track" / self.trial_id)
        self._title = title(row.spec)

    def __str__(self) -> str:
        return self._title

    def init_local_path(self) -> None:
        """Make the trial's folder."""
        Path(self.local_path).mkdir(parents=True, exist_ok=True)


class TrackerRow(NamedTuple):
    """A row of the table: the package, the extra that installs it, and Ray's callback for it."""

    package: str
    extra: str
    make: Callable[[Path, str], Any]


def _mlflow(run: Path, project: str) -> Any:
    from ray.air.integrations.mlflow import MLflowLoggerCallback

    return MLflowLoggerCallback(experiment_name=project, tags={"run": run.name})


def _wandb(run: Path, project: str) -> Any:
    from ray.air.integrations.wandb import WandbLoggerCallback

    return WandbLoggerCallback(project=project, group=run.name)


def _tensorboard(run: Path, project: str) -> Any:
    from ray.tune.logger import TBXLoggerCallback

    return TBXLoggerCallback()


TRACKERS = {
    "mlflow": TrackerRow("mlflow", "mlflow", _mlflow),
    "wandb": TrackerRow("wandb", "wandb", _wandb),
    "tensorboard": TrackerRow("tensorboardX", "", _tensorboard),
}


def check_trackers(names: Iterable[str]) -> None:
    """Refuse trackers before anything is scheduled.

    Raises:
        UsageError: If a name is not known.
        TrackerAbsentError: If its library is not installed.
    """
    from orchestrator.planning.grids import known

    for name in names:
        known("tracker", name, TRACKERS)
        row = TRACKERS[name]
        if importlib.util.find_spec(row.package) is None:
            what = f"'prune-envelope[{row.extra}]'" if row.extra else row.package
            raise TrackerAbsentError(f"--track {name} needs {row.package}: pip install {what}")


class Tracker:
    """Sends each finished trial to trackers; one that fails is turned off, the sweep goes on.

    Args:
        names: Rows of TRACKERS.
        run: The run's folder.
        project: Where the trackers put it.
    """

    def __init__(self, names: Sequence[str], run: Path, project: str = "prune-envelope") -> None:
        self._run = run
        self._open: dict[str, Any] = {}
        for name in names:
            self._try(name, partial(self._start, name, project))

    def _start(self, name: str, project: str) -> None:
        callback = TRACKERS[name].make(self._run.resolve(), project)
        callback.setup()
        self._open[name] = callback

    def log(self, row: TrialResult, delta: float | None, reading: Reading = OF_ACCURACY) -> None:
        """One finished or failed trial: its spec as parameters, its outcome as metrics.

        Args:
            row: The trial.
            delta: What it is judged by less that of its full-data run; None where there is none.
            reading: The metric it is judged by.
        """
        for name, callback in list(self._open.items()):
            self._try(name, partial(self._log, callback, row, delta, reading))

    def _log(self, callback: Any, row: TrialResult, delta: float | None, reading: Reading) -> None:
        trial = Tracked(row, self._run.resolve())
        trial.init_local_path()
        callback.log_trial_start(trial)
        if row.is_ok:
            callback.log_trial_result(1, trial, _metrics(row, delta, reading))
        callback.log_trial_end(trial, failed=not row.is_ok)

    def close(self) -> None:
        """Wait until all is sent."""
        for name, callback in list(self._open.items()):
            self._try(name, partial(callback.on_experiment_end, trials=[]))
        self._open = {}

    def _try(self, name: str, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:
            self._open.pop(name, None)
            logger.warning("--track %s is off for the rest of this sweep: %s", name, error)


def _metrics(row: TrialResult, delta: float | None, reading: Reading) -> dict[str, float]:
    metric = reading.metric
    metrics = {"accuracy": row.accuracy, "n_kept": sum(row.kept_counts) or None}
    metrics["delta_pp" if metric.unit == "pp" else "delta"] = delta
    if metric is not ACCURACY:
        # Trackers take letters, digits and a few signs in a name.
        metrics[re.sub(r"[^\w./ -]", "_", metric.name)] = reading.value(row)
    metrics |= {f"{name}_seconds": phase.seconds for name, phase in row.phases.items()}
    known = {name: float(value) for name, value in metrics.items() if value is not None}
    # Ray's callbacks count steps by this; a finished trial is one.
    return known | {"training_iteration": 1}


def _flat(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{name}.")
        else:
            flat[above + name] = value if isinstance(value, str | int | float) else str(value)
    return flat

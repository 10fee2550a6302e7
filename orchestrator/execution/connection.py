"""Ray of a sweep: started while the rest of the driver is loaded, left when the last lines are printed."""

import atexit
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager

import ray

from orchestrator.diagnostics.cluster import join_ray
from orchestrator.planning.resources import Resources
from trainables.errors import TERMINATED

# What a worker loads before its first task: nothing of ours, as which copy of it a sweep runs by is told to a
# worker later than this. The threads are what Ray sets of a worker with one core, later than these are loaded.
_LOAD_AHEAD = {"RAY_preload_python_modules": "ray.tune,torch", "OMP_NUM_THREADS": "1"}
# Parts of Ray's head that nothing here asks: the dashboard's server, for which `ray.init` waits, the
# autoscaler and who sends logs to the driver. Three Pythons less, a third of what a start computes.
_NOT_NEEDED = ("start_api_server", "start_monitor", "start_log_monitor")


# Tune asks for workers that have this, and so for others than Ray starts with itself (`take_first_workers`).
_TUNE_ASKS = {"PL_DISABLE_FORK": "1"}


class _Connection:
    """This process's part in Ray; one at a time."""

    def __init__(self) -> None:
        self._started: Future[None] | None = None
        self._over = threading.Event()
        self._is_released = False
        # Before Ray's own farewell, which waits.
        atexit.register(self.leave)

    def start(self, resources: Resources, tasks: int) -> None:
        """Start Ray here by a thread of its own, which lives as long as it does."""
        self.leave()
        _quieten()
        if self._started or ray.is_initialized():
            return
        _prepare()
        ahead = _load_ahead(resources, tasks)
        started: Future[None] = Future()
        over = self._over = threading.Event()

        def run() -> None:
            try:
                with _variables(ahead):
                    join_ray(resources.address, include_dashboard=False)
            except BaseException as error:
                started.set_exception(error)
                return
            started.set_result(None)
            # The kernel ends Ray's processes with the thread that started them.
            over.wait()

        self._started = started
        # Who ends now lets it come up and then ends it: half of it would leave processes behind. Ray's own
        # farewell comes after this one.
        atexit.register(started.exception)
        _end_on_sigterm()
        threading.Thread(target=run, daemon=True, name="ray").start()

    def connect(self, resources: Resources, tasks: int) -> None:
        """Be connected."""
        if resources.is_local:
            self.start(resources, tasks)
        else:
            self.leave()
            _quieten()
            if not ray.is_initialized():
                join_ray(resources.address)
        if not self._started:
            return
        try:
            self._started.result()
        except Exception:
            self._started = None
            raise

    def release(self) -> None:
        """Note that nothing is asked of Ray any more."""
        self._is_released = True

    def leave(self) -> None:
        """Leave Ray, if nothing is asked of it any more; it ends where it was started here.

        In the thread that used it: while another one took it apart, what Python frees here of it would end the process.
        """
        if not self._is_released:
            return
        self._is_released = False
        started, self._started = self._started, None
        if started:
            started.exception()
        ray.shutdown()
        self._over.set()


_CONNECTION = _Connection()


def start_ray(resources: Resources, tasks: int) -> None:
    """Begin to start Ray, where it is to run here; `connect` waits for it. A fault is told then.

    Args:
        resources: What tasks run on.
        tasks: That are left to do.
    """
    if resources.is_local:
        _CONNECTION.start(resources, tasks)


def connect(resources: Resources, tasks: int) -> None:
    """Start or join Ray, quietly.

    Args:
        resources: What tasks run on.
        tasks: That are left to do.

    Raises:
        UnavailableError: If no cluster answers, or none starts here.
        UsageError: If the address is none.
    """
    _CONNECTION.connect(resources, tasks)


def take_first_workers() -> None:
    """Let Tune take the processes that Ray started with itself, which have the driver's variables."""
    from ray.tune.execution import class_cache

    class_cache.DEFAULT_ENV_VARS.clear()
    class_cache.ENV_VARS_TO_PROPAGATE.clear()


def disconnect() -> None:
    """Ask nothing of Ray any more: it ends by `end_ray`, before another sweep, or with this process."""
    _CONNECTION.release()


def end_ray() -> None:
    """Leave Ray, once the last lines are printed, where `disconnect` was called."""
    _CONNECTION.leave()


def _quieten() -> None:
    os.environ |= {
        "RAY_AIR_NEW_OUTPUT": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
        # Tune's own notes, which are never read back, are of all tasks each time: the driver would grow.
        "TUNE_GLOBAL_CHECKPOINT_S": "inf",
        "RAY_USAGE_STATS_ENABLED": "0",
        # Time to write down what is finished, after a head that is gone was noticed.
        "RAY_gcs_rpc_server_reconnect_timeout_s": "600",
    }
    for name in ("ray", "ray.tune", "ray.train", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _end_on_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does, where nobody has seen to it."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))


def _prepare() -> None:
    """Set how Ray is to start here; what a later Ray no longer knows of this costs a second or two."""
    from ray._private.node import Node

    os.environ |= _TUNE_ASKS
    for name in _NOT_NEEDED:
        if hasattr(Node, name):
            setattr(Node, name, _start_nothing)


def _load_ahead(resources: Resources, tasks: int) -> dict[str, str]:
    """The variables by which workers load ahead; none where some would do so for nothing.

    Ray starts a worker for each core at once, before it knows of any task.
    """
    cores = len(os.sched_getaffinity(0))
    works = min(tasks, resources.at_once or tasks)
    return _LOAD_AHEAD if resources.cpus == 1 and not resources.gpus and cores <= works else {}


@contextmanager
def _variables(given: Mapping[str, str]) -> Iterator[None]:
    """Processes that are started meanwhile have variables that this one has not."""
    added = {name: value for name, value in given.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _start_nothing(node: object, **_: object) -> None:
    """Start no process; a head without a dashboard has no address of one."""
    node._webui_url = None  # type: ignore[attr-defined]

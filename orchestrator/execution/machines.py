"""Whether Ray can still run anything: its head answers, and a machine is left that a trial fits on."""

import threading
import time
from collections.abc import Callable
from typing import Any

import ray
from ray import tune

from orchestrator.diagnostics.cluster import answers_at
from orchestrator.planning.capacity import slots_now
from orchestrator.planning.resources import Resources
from trainables.errors import UnavailableError

# Ray ends the process by itself a minute after its head was last seen; tests lower this.
_PATIENCE_S = 20.0
_CHECK_EVERY_S, _LOOK_EVERY_S = 5.0, 1.0


class MachinesLostError(UnavailableError):
    """Ray has no machine left to run on."""


class MachineCheck(tune.Callback):  # type: ignore[misc]
    """Ends a sweep that has no machine left, for which Tune would wait for ever.

    Args:
        resources: What a trial needs, and how long to wait for a machine that has it.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._next_check = 0.0
        self._alive = self._fits = time.monotonic()

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Look every few seconds.

        Raises:
            MachinesLostError: If there has been no machine at all for 20 s: the head of a cluster that
                grows is one. Or none that a trial fits on for as long as --cluster-timeout says.
        """
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + _CHECK_EVERY_S
        nodes = ray.nodes()
        need = self._resources
        if any(node["Alive"] for node in nodes):
            self._alive = now
        elif now - self._alive > _PATIENCE_S:
            raise MachinesLostError("no machine is left in the Ray cluster")
        if slots_now(nodes, need.cpus, need.gpus):
            self._fits = now
        elif now - self._fits > need.cluster_timeout_s:
            raise MachinesLostError(
                f"no machine of the Ray cluster has had the {need.cpus} CPUs and {need.gpus:g} GPUs of a "
                f"trial for {need.cluster_timeout_s:g} s (--cluster-timeout)"
            )


def run_watched(run: Callable[[], object], head: str) -> str:
    """Call a function that Ray may keep for ever; why it was left before its end, or empty.

    It runs in a thread: a call to a head that is gone does not return, and Ray ends the process by it a
    minute later. This thread then still has the time to write down what is finished.

    Args:
        run: What is called.
        head: Address of Ray's head.

    Raises:
        Exception: What `run` raises.
    """
    raised: list[BaseException] = []
    over = threading.Event()

    def call() -> None:
        try:
            run()
        except BaseException as error:
            raised.append(error)
        finally:
            over.set()

    threading.Thread(target=call, daemon=True, name="tune").start()
    seen = time.monotonic()
    while not over.wait(_LOOK_EVERY_S):
        now = time.monotonic()
        if answers_at(head, timeout_s=2.0):
            seen = now
        elif now - seen > _PATIENCE_S:
            return f"Ray's head at {head} does not answer any more"
    if not raised:
        return ""
    if isinstance(raised[0], MachinesLostError):
        return str(raised[0])
    raise raised[0]

"""How far workers are, from them to the driver, by way of Ray's own small store on its head."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ray.experimental import internal_kv

from trainables.progress import Headway, told_to

_SPACE = b"prune-envelope"
# A person reads no faster; a task that ends before has told nothing.
_EVERY_S = 1.0


@contextmanager
def reported(trial_id: str) -> Iterator[None]:
    """Send what the work of this thread tells, once a second, by a thread of its own that computes nothing.

    A report that cannot be sent ends the reporting and nothing else: no result depends on it.
    """
    last: list[Headway] = []
    over = threading.Event()

    def send() -> None:
        sent: Headway | None = None
        while not over.wait(_EVERY_S):
            if last and last[0] is not sent:
                sent = last[0]
                try:
                    _put(trial_id, sent)
                except Exception:  # of Ray's head, whatever it lacks
                    return

    def hear(progress: Headway) -> None:
        last[:] = (progress,)

    threading.Thread(target=send, daemon=True, name="reports").start()
    try:
        with told_to(hear):
            yield
    finally:
        over.set()


def _put(trial_id: str, progress: Headway) -> None:
    if internal_kv._internal_kv_initialized():
        internal_kv._internal_kv_put(trial_id, json.dumps(progress), namespace=_SPACE)


def read_reports(trial_ids: Iterable[str]) -> dict[str, Headway]:
    """What workers reported last, by trial; nothing of those that have not, or where Ray is not there."""
    if not internal_kv._internal_kv_initialized():
        return {}
    found = {}
    for trial_id in trial_ids:
        if told := internal_kv._internal_kv_get(trial_id, namespace=_SPACE):
            found[trial_id] = Headway(*json.loads(told))
    return found


def forget_report(trial_id: str) -> None:
    """Take a trial's report away; nothing where Ray is not there."""
    if internal_kv._internal_kv_initialized():
        internal_kv._internal_kv_del(trial_id, namespace=_SPACE)

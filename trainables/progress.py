"""How far the work of this process is, told while it runs to who listens; no result depends on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Headway(NamedTuple):
    """How far one stage of a task is.

    Attributes:
        stage: What is done, such as "training" or "embedding train".
        done: How many of the unit; of epochs the one that runs, from 1.
        total: Of how many.
        unit: "rows" or "epoch"; empty where it is not known how far it is.
        share: Of the stage, in [0, 1].
    """

    stage: str
    done: int
    total: int
    unit: str
    share: float


_LISTENER: ContextVar[Callable[[Headway], None] | None] = ContextVar("listener", default=None)


def tell_stage(stage: str) -> None:
    """Tell who listens that a stage begins, of which it is not known how far it is."""
    tell(stage, 0, 0, unit="", share=0.0)


def tell(
    stage: str, done: int, total: int, *, unit: str = "rows", share: float | None = None
) -> None:
    """Tell who listens how far this is; nothing where nobody does."""
    hear = _LISTENER.get()
    if hear is not None:
        part = done / max(1, total) if share is None else share
        hear(Headway(stage, done, total, unit, part))


@contextmanager
def told_to(hear: Callable[[Headway], None]) -> Iterator[None]:
    """Have what this thread's work tells heard."""
    token = _LISTENER.set(hear)
    try:
        yield
    finally:
        _LISTENER.reset(token)

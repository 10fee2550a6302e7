"""Attention masks that are made without asking an accelerator what is in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from trainables.environment import device

_HAVE_HOLES = ContextVar("have_holes", default=False)


def make_masks_unasked() -> None:
    """Have models of transformers make their masks on an accelerator without a look at them first.

    Theirs would leave out a mask that hides nothing, and to know that each pass waits until the accelerator
    has done all it was given before. On a CPU nothing is waited for, and all stays as it is.
    """
    if device() == "cpu":
        return
    from transformers import AttentionMaskInterface

    AttentionMaskInterface.register("sdpa", _unasked)


@contextmanager
def masks_with_holes() -> Iterator[None]:
    """Masks hide pieces between others, not only what fills a row up."""
    before = _HAVE_HOLES.set(True)
    try:
        yield
    finally:
        _HAVE_HOLES.reset(before)


def _unasked(
    *,
    q_length: int,
    kv_length: int,
    local_size: int | None = None,
    allow_is_causal_skip: bool = True,
    allow_is_bidirectional_skip: bool = False,
    **named: Any,
) -> Any:
    """The mask of `sdpa_mask`; None where a causal kernel does without one."""
    from transformers.masking_utils import sdpa_mask

    is_whole = q_length == kv_length and (local_size is None or kv_length < local_size)
    # Rows are filled up on the right, where no piece of theirs looks.
    if allow_is_causal_skip and is_whole and not _HAVE_HOLES.get():
        return None
    return sdpa_mask(
        q_length=q_length,
        kv_length=kv_length,
        local_size=local_size,
        allow_is_causal_skip=False,
        allow_is_bidirectional_skip=False,
        **named,
    )

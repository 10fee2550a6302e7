"""Hashes of canonical JSON: names for what is kept, and seeds for what is drawn."""

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(payload: Any) -> bytes:
    """JSON with sorted keys and no NaN: equal content gives equal bytes.

    Raises:
        ValueError: If payload holds NaN or an infinity.
    """
    return _ENCODER.encode(payload).encode()


def key_of(payload: Any) -> str:
    """The sha256 of canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(payload)).hexdigest()


def seed_for(seed: int, *stage: int | str) -> int:
    """A generator's seed in [0, 2^63) for one stage of a run, such as ("step", epoch, position).

    Every draw is keyed by where it is made, never by what was drawn before it, so evaluation,
    logging, restarts and the order of trials change nothing.
    """
    digest = hashlib.sha256(canonical([seed, *stage])).digest()
    return int.from_bytes(digest[:8], "big") >> 1

"""What an hour of computing costs, as it was said: a word for the reader, and in no key."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from typing import Any

from analysis.mending import mended_by_command
from trainables.errors import DataError, UsageError
from trainables.seals import file_bytes, read_sealed
from trainables.written_numbers import real_number

_FLAG = "--gpu-price"


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """What an hour costs, and what a trial has of it.

    Attributes:
        dollars_per_hour: Of a whole accelerator; where trials ran on CPUs, of the cores that one trial
            computes with. None where no price was said.
        accelerators: That a trial has, where it has any: 0.5 where two share one.
    """

    dollars_per_hour: float | None = None
    accelerators: float = 1.0


def price_of(text: str) -> float:
    """Dollars an hour as they are written, above 0.

    Raises:
        UsageError: If it is no such number.
    """
    try:
        found = real_number(text)
    except ValueError:
        found = nan
    if not 0 < found < inf:
        raise UsageError(
            f"{_FLAG} is {text!r}: it takes dollars an hour of one accelerator, a number above 0 with a point "
            f"for its decimals, such as {_FLAG} 2.5"
        )
    return found


def pricing_of(runs: Sequence[Path], asked: float | None = None) -> Pricing:
    """The price of runs that are read as one.

    Args:
        runs: Their folders; what each sweep was told stands in its options.json.
        asked: Dollars an hour asked for now, which count first.

    Raises:
        DataError: If a file is not what a sweep writes.
        UsageError: If a price is there, and trials of the runs have unlike parts of an accelerator; or
            if the runs were told unlike prices and none is asked for.
    """
    found = [_told(run) for run in runs]
    prices = {one.dollars_per_hour for one in found if one.dollars_per_hour is not None}
    if asked is None and len(prices) > 1:
        told = " and ".join(f"{price:g}" for price in sorted(prices))
        raise UsageError(f"the runs were told {told} dollars an hour; say one by {_FLAG}")
    price = asked if asked is not None else next(iter(prices), None)
    parts = sorted({one.accelerators for one in found})
    if price is not None and len(parts) > 1:
        told = " and ".join(f"{part:g}" for part in parts)
        raise UsageError(
            f"trials of these runs have {told} accelerators (--gpus-per-trial): an hour of theirs has no common "
            f"price; report each run by itself, or leave {_FLAG} out"
        )
    return Pricing(dollars_per_hour=price, accelerators=parts[0] if len(parts) == 1 else 1.0)


def options_told(run: Path) -> dict[str, Any]:
    """What a sweep was asked for, of RUN/options.json; nothing where there is no such file."""
    options: dict[str, Any] = _record(run).get("options", {})
    return options


def _record(run: Path) -> dict[str, Any]:
    path = run / "options.json"
    if not path.exists():
        return {}
    with mended_by_command(path):
        return dict(read_sealed(file_bytes(path)))


def _told(run: Path) -> Pricing:
    """What of it concerns a price."""
    path, record, options = run / "options.json", _record(run), options_told(run)
    try:
        price = options.get("gpu_price")
        # Records of before do not say what a plan let trials share.
        accelerators = record.get("accelerators") or options.get("gpus_per_trial")
        return Pricing(
            dollars_per_hour=price_of(str(price)) if price else None,
            accelerators=float(accelerators) if accelerators else 1.0,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: no options that a sweep wrote: {error}") from error

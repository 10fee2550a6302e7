"""Energy by the counter of the device itself; where none can be read it is not known, and never estimated."""

import importlib
import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

# Joules since some beginning, or None where they cannot be read.
Counter = Callable[[], float | None]
# A counter is read no oftener: the device renews it some ten times a second.
_LEAST_S = 0.5
_POWERCAP = Path("/sys/class/powercap")


class EnergyMeter:
    """Reads a counter at the beginning and at the end of what is measured, and in between.

    Args:
        counter: Of the device that computes; None where there is none.
    """

    def __init__(self, counter: Counter | None) -> None:
        self._counter = counter
        self._last: float | None = None
        self._read_at = 0.0

    def start(self) -> "EnergyMeter":
        """Begin: what was used before is not counted."""
        self._last, self._read_at = self._read(), time.perf_counter()
        return self

    def lap(self, *, at_once: bool = True) -> float | None:
        """Joules since the last reading, or None where the counter says nothing.

        Args:
            at_once: Read in any case; else 0 where the last reading is too young, and the next one has it.
        """
        if self._last is None or (not at_once and time.perf_counter() - self._read_at < _LEAST_S):
            return self._last and 0.0
        before, self._last = self._last, self._read()
        self._read_at = time.perf_counter()
        # One that was set back, as after a driver's restart, says nothing of the time between.
        return None if self._last is None or self._last < before else self._last - before

    def _read(self) -> float | None:
        return None if self._counter is None else self._counter()


@lru_cache
def device_counter() -> Counter | None:
    """The counter of the device this process computes on; None where there is none that counts it alone.

    An accelerator has one that counts the whole of it. That of processors counts the whole machine, so
    it is taken only where this process computes with all of its cores.
    """
    import torch

    if torch.cuda.is_available():
        return _of_accelerator()
    return _of_machine(_POWERCAP) if torch.get_num_threads() >= (os.cpu_count() or 1) else None


def _of_accelerator() -> Counter | None:
    """NVIDIA's total energy, by the library of its driver."""
    import torch

    try:
        nvml: Any = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}")
    except (nvml.NVMLError, AttributeError):  # an older torch does not tell which device it is
        return None

    def read() -> float | None:
        try:
            return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000
        except nvml.NVMLError:  # of a part of a device, or an old one
            return None

    return read if read() is not None else None


def _of_machine(folder: Path) -> Counter | None:
    """The counters of all processors, as Linux shows them to those who may read."""
    # One colon: intel-rapl:0 is a processor, intel-rapl:0:0 a part of it that is counted in it.
    paths = [path for path in sorted(folder.glob("intel-rapl:*")) if path.name.count(":") == 1]
    turns = [_microjoules(path / "max_energy_range_uj") for path in paths]
    before = [_microjoules(path / "energy_uj") for path in paths]
    if not paths or None in (*turns, *before):
        return None
    total = 0.0

    def read() -> float | None:
        nonlocal total
        for i, path in enumerate(paths):
            found, last, turn = _microjoules(path / "energy_uj"), before[i], turns[i]
            if found is None or last is None or turn is None:
                return None
            # Each begins again at 0 when it is full.
            total += found - last if found >= last else found - last + turn
            before[i] = found
        return total / 1e6

    return read


def _microjoules(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None

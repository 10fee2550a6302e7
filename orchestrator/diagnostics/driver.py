"""Whether the driver of this machine's GPUs is new enough for the CUDA that torch is built for."""

import re
from pathlib import Path

from orchestrator.diagnostics.check import Check

VERSION = Path("/proc/driver/nvidia/version")
# NVIDIA's tables of minor version compatibility: the oldest branch of drivers that runs a CUDA's programs.
_OLDEST = {11: 450, 12: 525, 13: 580}


def driver_check(path: Path = VERSION) -> Check | None:
    """One line on the driver; None where there is none, or its version is not told.

    Args:
        path: Where the kernel tells it.
    """
    from trainables.environment import cuda_of_torch

    try:
        told = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r"Kernel Module\D*?[\w ]*?\s(\d{3,}(?:\.\d+)+)", told)
    if found is None:
        return None
    driver, cuda = found[1], cuda_of_torch()
    oldest = _OLDEST.get(int(cuda.partition(".")[0] or 0), 0)
    if int(driver.partition(".")[0]) >= oldest:
        return Check(
            name="driver", mark="ok", found=f"{driver}{f', torch is for CUDA {cuda}' * bool(cuda)}"
        )
    return Check(
        name="driver",
        mark="problem",
        found=f"{driver}; torch is built for CUDA {cuda}, which needs {oldest} or newer",
        remedy=f"install driver {oldest} or newer, or a torch built for an older CUDA (https://pytorch.org/get-started)",
    )

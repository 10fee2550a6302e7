"""What a sweep needs of this machine."""

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from orchestrator.diagnostics.check import Check
from orchestrator.diagnostics.driver import driver_check
from orchestrator.diagnostics.ray_token import token_check

# Word pieces, checkpoints and evidence of a small sweep; for a full one see --dry-run.
_LEAST_FREE = 2 * 2**30
_STACK = ("torch", "ray", "transformers", "datasets", "pyarrow", "plotly")


def checks(cache: Path) -> Iterator[Check]:
    """Check everything a sweep needs of a machine.

    Args:
        cache: Where the store is or will be.
    """
    yield Check(name="python", mark="ok", found=platform.python_version())
    for package in _STACK:
        yield _package(package)
    yield _faiss()
    yield _accelerator()
    if driver := driver_check():
        yield driver
    yield _processor()
    yield _disk(cache)
    yield _writable(cache)
    yield token_check()
    yield _hub()
    yield _clock()


def _package(name: str) -> Check:
    try:
        return Check(name=name, mark="ok", found=version(name))
    except PackageNotFoundError:
        return Check(
            name=name, mark="problem", found="not installed", remedy='pip install -e ".[cpu]"'
        )


def _faiss() -> Check:
    found = {}
    for name in ("faiss-gpu", "faiss-cpu"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    told = " and ".join(f"{name} {number}" for name, number in found.items())
    if len(found) == 1:
        return _faiss_beside_torch(told, _cuda_of_faiss() if "faiss-gpu" in found else "")
    if not found:
        remedy = 'pip install -e ".[cpu]", on GPUs ".[gpu]"'
        return Check(name="faiss", mark="problem", found="not installed", remedy=remedy)
    # Both are the module faiss: which one is imported is up to the order in which they were installed.
    remedy = (
        'pip uninstall -y faiss-cpu faiss-gpu, and then pip install -e ".[gpu]" or ".[cpu]" alone'
    )
    return Check(
        name="faiss", mark="problem", found=f"{told} are one module, in one place", remedy=remedy
    )


def _faiss_beside_torch(told: str, cuda: str) -> Check:
    """Whether faiss and torch are built for one CUDA: else one process loads two of its runtimes.

    Args:
        told: Which faiss.
        cuda: The CUDA that it is built for, "12"; empty of a build for processors, or where it does not say.
    """
    from trainables.environment import cuda_of_torch

    if not cuda or cuda == cuda_of_torch().partition(".")[0]:
        return Check(name="faiss", mark="ok", found=f"{told}{f', CUDA {cuda}' if cuda else ''}")
    has = f"for CUDA {cuda_of_torch()}" if cuda_of_torch() else "without CUDA"
    return Check(
        name="faiss",
        mark="problem",
        found=f"{told} is built for CUDA {cuda}, torch {version('torch')} {has}",
        remedy=(
            f"install a torch built for CUDA {cuda} (https://pytorch.org/get-started), or use the processor's: "
            'pip uninstall -y faiss-gpu, and then pip install -e ".[cpu]"'
        ),
    )


def _cuda_of_faiss() -> str:
    """The CUDA whose runtime faiss-gpu asks for: nvidia-cuda-runtime-cu12, or nvidia-cuda-runtime>=13."""
    for asked in requires("faiss-gpu") or ():
        if found := re.match(r"nvidia-cuda-runtime(?:-cu(\d+)|[^;]*?[>=~]=\s*(\d+))", asked):
            return found[1] or found[2]
    return ""


def _accelerator() -> Check:
    from trainables.environment import accelerators

    there = [path.name for path in Path("/proc/driver/nvidia/gpus").glob("*")]
    seen = accelerators()
    if seen:
        found = f"{len(seen)} × {', '.join(sorted({*seen}))}"
        return Check(name="accelerator", mark="ok", found=found)
    if there:
        return Check(
            name="accelerator",
            mark="problem",
            found=f"{len(there)} NVIDIA devices, but torch {version('torch')} does not see them",
            remedy="install a CUDA build of torch that fits the driver",
        )
    return Check(
        name="accelerator",
        mark="warning",
        found="none; trials run on the processor",
        remedy="use --model tiny or linear:FOLDER, or --address auto for a Ray cluster",
    )


def _processor() -> Check:
    from trainables.environment import has_bf16

    cores = os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    bf16 = "bf16" if has_bf16(gpu=False) else "no native bf16"
    return Check(name="processor", mark="ok", found=f"{cores} cores, {memory:.0f} GB, {bf16}")


def _disk(cache: Path) -> Check:
    free = shutil.disk_usage(_existing(cache)).free
    found = f"{free / 2**30:.1f} GB free for {cache}"
    if free >= _LEAST_FREE:
        return Check(name="disk", mark="ok", found=found)
    remedy = "free some, or give another --cache"
    return Check(name="disk", mark="problem", found=found, remedy=remedy)


def _writable(cache: Path) -> Check:
    """Whether files can be made and renamed there, which is how the store writes."""
    try:
        with tempfile.TemporaryDirectory(dir=_existing(cache)) as folder:
            (Path(folder) / "a").write_text("a", encoding="utf-8")
            (Path(folder) / "a").replace(Path(folder) / "b")
    except OSError as error:
        return Check(
            name="cache", mark="problem", found=f"{cache}: {error.strerror}", remedy="give --cache"
        )
    return Check(name="cache", mark="ok", found=f"{cache} can be written")


def _existing(path: Path) -> Path:
    """The nearest folder above that is there."""
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())


def _hub() -> Check:
    from trainables.data.hub import PROXIES, is_reachable, offline_by
    from trainables.errors import UsageError

    host = os.environ.get("HF_ENDPOINT") or "huggingface.co"
    if name := offline_by():
        return Check(
            name="hub",
            mark="warning",
            found=f"offline mode is on ({name}): only what is cached or on disk",
            remedy="unset it, or give --data-dir and a model's folder",
        )
    try:
        answers = is_reachable()
    except UsageError as error:
        return Check(name="hub", mark="warning", found=str(error), remedy="unset HF_ENDPOINT")
    if not answers:
        return Check(
            name="hub",
            mark="warning",
            found=f"{host} does not answer",
            remedy="give --data-dir, files of your own, and --model FOLDER, tiny or linear:FOLDER",
        )
    by_proxy = any(os.environ.get(name) for name in PROXIES)
    found = f"{host} is asked through a proxy" if by_proxy else f"{host} answers"
    return Check(name="hub", mark="ok", found=found)


def _clock() -> Check:
    # Finished trials are ordered by it; a machine that forgot the date is off by decades.
    now = datetime.now(UTC)
    if now.year >= 2025:
        return Check(name="clock", mark="ok", found=now.isoformat(timespec="seconds"))
    return Check(name="clock", mark="problem", found=str(now), remedy="set the clock")

"""What machine and versions a trial runs on: trials of one comparison must agree on it."""

import errno
import gc
import os
import platform
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "faiss-cpu", "faiss-gpu")
# Instruction sets that change the bits of a matrix product on x86.
_ISA = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def environment(threads: int, *, gpu: bool = False) -> dict[str, str]:
    """Versions, kind of device and threads, without importing any of the packages.

    Args:
        threads: Threads a trial computes with.
        gpu: Whether it computes on an accelerator.
    """
    found = {"python": platform.python_version(), "threads": str(threads)}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found["device"] = "cuda" if gpu else " ".join(["cpu", platform.machine(), *_flags()])
    return found


def has_bf16(*, gpu: bool) -> bool:
    """Whether bf16 matrix products are native here; accelerators we run on all have them."""
    return gpu or bool({"avx512_bf16", "amx_bf16"} & set(_flags()))


_IS_LENT = ContextVar("is_lent", default=True)


def lend_device(lent: bool) -> None:
    """Say whether this thread may compute as trials do: one that was given no accelerator beside them may not."""
    _IS_LENT.set(lent)


def device() -> str:
    """Where tensors live: "cuda" if this process was given an accelerator, else "cpu".

    Raises:
        OSError: If it was not to compute at all: what it rests on has gone from the store, and the task is worth
            another try.
    """
    if not _IS_LENT.get():
        raise OSError(errno.EAGAIN, "no accelerator was given to this task, which needs one now")
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def draw_from(seed: int) -> None:
    """Seed the generators of this process's CPU and accelerator, as `torch.manual_seed` would.

    That one formats a stack for each back end that is absent, which takes 75 times as long.
    """
    import torch

    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed(seed)


def accelerators() -> list[str]:
    """Names of the accelerators that torch sees, with its CUDA version."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [f"{torch.cuda.get_device_name(i)}, CUDA {torch.version.cuda}" for i in range(count)]


def cuda_of_torch() -> str:
    """The CUDA that torch is built for, "13.0"; empty of a build for processors."""
    import torch

    return torch.version.cuda or ""


def autocast(precision: str) -> Any:
    """The context in which a network computes: matrix products in bf16, or all in fp32."""
    import torch

    return torch.autocast(device(), torch.bfloat16, enabled=precision == "bf16")


def settle(threads: int, *, gpu: bool = True) -> None:
    """Fix threads, devices and deterministic kernels for this process, before a trial starts.

    Args:
        threads: Threads it computes with.
        gpu: Whether it may compute on an accelerator, if there is one.
    """
    if not gpu:
        # Ray leaves all accelerators visible to a task that asked for none.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    # Read by cuBLAS at its first use; deterministic algorithms refuse to run without it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    torch.set_num_threads(threads)
    # As `use_deterministic_algorithms(True)`, which loads the compiler besides: 1.5 s of every worker.
    torch.set_deterministic_debug_mode("error")
    # It fills each new tensor with nan, some 600 a step, for code that reads what nobody has written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    # fp32 means fp32 on every device; torch lets cuDNN round to TF32 unless it is told.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    _settle_faiss(threads)


def _settle_faiss(threads: int) -> None:
    """Load faiss with fixed threads and the fastest kernels of its OpenBLAS.

    That one is of 2021: a processor it doesn't know by name gets kernels for one of 2004, four times
    as slow. The choice is by what `environment` names, so it is the same wherever that is the same.
    """
    flags = _flags()
    kernel = "SkylakeX" if "avx512f" in flags else "Haswell" if "avx2" in flags else ""
    # Read when the library is loaded, and by that of other processes' numpy, too: put back below.
    is_chosen_here = kernel and "OPENBLAS_CORETYPE" not in os.environ
    if is_chosen_here:
        os.environ["OPENBLAS_CORETYPE"] = kernel
    try:
        import faiss

        faiss.omp_set_num_threads(threads)
    except ImportError:  # only some signals need it; those say so themselves
        pass
    finally:
        if is_chosen_here:
            del os.environ["OPENBLAS_CORETYPE"]


def release() -> None:
    """Give memory back after a trial, so that the next one in this process finds it free."""
    import torch

    gc.collect()
    # What is left are modules and the like: the next collection need not look at them again.
    gc.freeze()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _flags() -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return [flag for flag in _ISA if flag in flags]


def free_bytes() -> int:
    """Bytes that are free on the accelerator of this process."""
    import torch

    return int(torch.cuda.mem_get_info()[0])


def memory_bytes(*, gpu: bool) -> int:
    """Bytes of memory of this machine, or of its first accelerator; 0 where that cannot be told."""
    if not gpu:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    import torch

    if not torch.cuda.is_available():
        return 0
    return int(torch.cuda.get_device_properties(0).total_memory)

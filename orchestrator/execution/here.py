"""This process made ready for one piece of work, and what goes wrong in it in one line."""

from orchestrator.planning.resources import Resources
from trainables.environment import device, environment, release, settle
from trainables.errors import UnavailableError
from trainables.spec import TrialSpec


def settle_here(resources: Resources, *, computes: bool = True) -> None:
    """Fix threads and kernels of this process as every trial has them.

    Args:
        resources: What trials run on.
        computes: Whether this process was given an accelerator, where trials are.

    Raises:
        UnavailableError: If this machine is not like the one that planned the work.
    """
    gpu = resources.gpus > 0 and computes
    settle(resources.cpus, gpu=gpu)
    release()
    if gpu and device() != "cuda":
        raise UnavailableError(
            "this machine's torch finds no GPU to compute on; install a CUDA build of torch, or "
            "give --gpus-per-trial 0"
        )
    _check_machine(resources)


def explain_error(error: Exception, spec: TrialSpec) -> str:
    """An error in one line, with what to do where its own words do not say."""
    message = " ".join(str(error).split()) or type(error).__name__
    # torch.OutOfMemoryError, and Python's own where the machine's memory is meant.
    if "OutOfMemory" in type(error).__name__ or isinstance(error, MemoryError):
        smaller = max(1, spec.training.batch_size // 2)
        of_texts = "" if spec.learner == "image" else f" and {spec.training.max_length} word pieces"
        shorter = "" if spec.learner == "image" else " a smaller --max-length,"
        return (
            f"out of memory at batch size {spec.training.batch_size}{of_texts}; use --batch-size "
            f"{smaller},{shorter} or fewer trials on one device ({message[:200]})"
        )
    return message


def _check_machine(resources: Resources) -> None:
    """Refuse a machine that differs from the one that planned the sweep.

    Raises:
        UnavailableError: If it has other versions.
    """
    here = environment(resources.cpus, gpu=resources.gpus > 0)
    if here != resources.environment:
        differing = [
            f"{k} {here.get(k)} here" for k, v in resources.environment.items() if here.get(k) != v
        ]
        raise UnavailableError(
            f"this machine is not like the one that planned the sweep ({', '.join(differing)}); "
            "install the same versions on all machines of a sweep"
        )

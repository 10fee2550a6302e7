"""What a worker does with a task."""

import errno
import os
import traceback
from collections.abc import Mapping
from typing import Any

from ray import tune

from orchestrator.planning.resources import Resources
from orchestrator.planning.tasks import Node
from orchestrator.store.replicated import Store
from trainables.environment import device, environment, release, settle
from trainables.errors import UnavailableError
from trainables.records import to_json
from trainables.result import TrialResult
from trainables.spec import TrialSpec
from trainables.stages import answer, gather, make_scores, prepare
from trainables.trial import run_baseline, run_trial, warm_up

# Worth another try elsewhere; any other error would only come again.
_PASSING = (errno.EIO, errno.ESTALE, errno.EAGAIN)


def run_node(config: dict[str, Any], *, nodes: Mapping[str, Node], place: Resources) -> None:
    """Do one node in this worker and report how it ended."""
    node = nodes[config["node"]]
    try:
        _do(node, place)
    except Exception as error:
        # After a CUDA error the process is of no more use; Tune starts another in its place.
        if (isinstance(error, OSError) and error.errno in _PASSING) or "CUDA error" in str(error):
            raise
        tune.report({"error": told(error, node.spec), "trace": traceback.format_exc()})
        return
    tune.report({"error": ""})


def told(error: Exception, spec: TrialSpec) -> str:
    """An error in one line, with what to do where its own words do not say."""
    message = " ".join(str(error).split()) or type(error).__name__
    # torch.OutOfMemoryError, and Python's own where the machine's memory is meant.
    if "OutOfMemory" in type(error).__name__ or isinstance(error, MemoryError):
        smaller = max(1, spec.training.batch_size // 2)
        return (
            f"out of memory at batch size {spec.training.batch_size} and {spec.training.max_length} "
            f"word pieces; use --batch-size {smaller}, a smaller --max-length, or fewer trials on "
            f"one device ({message[:200]})"
        )
    return message


def _do(node: Node, place: Resources) -> None:
    if not place.gpus:
        # Ray leaves all accelerators visible to a task that asked for none.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    settle(place.cpus)
    release()
    _check_machine(place)
    store = place.open_store()
    row = ("result", node.spec.result_key)
    match node.kind:
        case "prepare":
            prepare(node.spec, store)
            store.put(*node.makes[0], lambda path: path.write_text("prepared\n"))
        case "evidence":
            settings = dict(node.settings)
            gather(node.spec, store, node.names, settings=settings, place=node.place)
        case "score":
            for spec in node.marks:
                make_scores(spec, store)
        case "answer":
            answer(node.spec, store)
        case "warm_up" | "baseline" if store.has(*row) or node.kind == "warm_up":
            warm_up(node.spec, store, marks=node.marks)
            store.clear_progress(node.spec.result_key)
        case "baseline":
            _keep(run_baseline(node.spec, store, marks=node.marks), store)
        case "trial":
            _keep(run_trial(node.spec, store), store)


def _check_machine(place: Resources) -> None:
    """Hold this worker's machine to what the sweep was planned for.

    Raises:
        RuntimeError: If it has no accelerator to compute on, or other versions.
    """
    if place.gpus and device() != "cuda":
        raise UnavailableError(
            "this machine's torch finds no GPU to compute on; install a CUDA build of torch, or "
            "give --gpus-per-trial 0"
        )
    here = environment(place.cpus, gpu=place.gpus > 0)
    if here != place.environment:
        differing = [
            f"{k} {here.get(k)} here" for k, v in place.environment.items() if here.get(k) != v
        ]
        raise UnavailableError(
            f"this machine is not like the one that planned the sweep ({', '.join(differing)}); "
            "install the same versions on all machines of a sweep"
        )


def _keep(row: TrialResult, store: Store) -> None:
    """Write the row last: it is the mark that the trial is done."""
    key = row.spec.result_key
    store.put("result", key, lambda path: path.write_text(to_json(row), encoding="utf-8"))
    store.clear_progress(key)

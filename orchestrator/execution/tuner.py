"""One Tuner over the nodes of a sweep, and what a worker does with a node."""

import errno
import logging
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune

from orchestrator.execution.capacity import bootstrap, grown, now
from orchestrator.execution.scheduler import More, NewestFirst, ReadySearcher
from orchestrator.exit_codes import INTERRUPTED, TERMINATED
from orchestrator.planning.resources import Place
from orchestrator.planning.tasks import Node
from orchestrator.store.replicated import Store
from trainables.environment import device, environment, release, settle
from trainables.records import to_json
from trainables.spec import TrialResult, TrialSpec
from trainables.trial import answer, gather, prepare, run_baseline, run_trial, score, warm_up

# A worker that dies is started again this often; its trial goes on from its own saved state.
_MAX_DEATHS = 1
# Worth another try elsewhere; any other error would only come again.
_PASSING = (errno.EIO, errno.ESTALE, errno.EAGAIN)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a sweep's work ended.

    Attributes:
        blocked: Nodes that could not run, by name, each with the failed node it waited for.
        stopped_by: Exit code of the signal that stopped it, or 0.
        limit: The flag whose limit stopped it, or empty.
    """

    blocked: Mapping[str, Node]
    stopped_by: int
    limit: str


def run_nodes(
    left: list[Node],
    place: Place,
    watcher: tune.Callback,
    *,
    folder: Path,
    everything: list[Node],
    more: More,
    stopping: Callable[[], None],
) -> Ended:
    """Run what is not yet done; returns when nothing is left that can run.

    Args:
        left: What to run.
        place: Where.
        watcher: Hears of each node's end.
        folder: Where Tune keeps its own notes; nobody reads them back.
        everything: All nodes that may come, these and those that `more` will give.
        more: Asked for further nodes when all has ended.
        stopping: Called when Ctrl-C or SIGTERM has come.

    Returns:
        How it ended.
    """
    searcher = ReadySearcher(left, place.open_store(), more, place.limits)
    _connect(place)
    slots = _slots(place)
    work = partial(run_node, nodes={node.name: node for node in everything}, place=place)
    need = {"cpu": place.cpus, "gpu": place.gpus}
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(work), need),
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=NewestFirst(),
            num_samples=-1,
            max_concurrent_trials=slots,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="ray",
            storage_path=str(folder.resolve()),
            verbose=0,
            callbacks=[watcher],
            failure_config=tune.FailureConfig(max_failures=_MAX_DEATHS),
        ),
    )
    with _stoppable(stopping) as stopped_by:
        tuner.fit()
    ray.shutdown()
    is_stopped = searcher.left and not searcher.reached
    return Ended(
        blocked=searcher.blocked,
        stopped_by=stopped_by[0] if is_stopped else 0,
        limit=searcher.reached if searcher.left else "",
    )


@contextmanager
def _stoppable(stopping: Callable[[], None]) -> Iterator[list[int]]:
    """Let Ctrl-C and SIGTERM end a sweep, saying so; Tune then returns as if all were well.

    Yields a list that holds the exit code of the signal that came, or 130. A second Ctrl-C does
    not wait for the workers.
    """
    came = [INTERRUPTED]
    codes = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}

    def stop(number: int, _: object) -> None:
        came[0] = codes[signal.Signals(number)]
        stopping()
        signal.raise_signal(signal.SIGUSR1)  # to Tune, which then gives SIGINT back to us
        signal.signal(signal.SIGINT, signal.default_int_handler)

    # Until Tune listens to SIGUSR1, it ends the command as Ctrl-C would.
    handlers = {**dict.fromkeys(codes, stop), signal.SIGUSR1: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _connect(place: Place) -> None:
    """Start or join Ray, quietly."""
    os.environ |= {
        "RAY_AIR_NEW_OUTPUT": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    for name in ("ray", "ray.tune", "ray.train", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not ray.is_initialized():
        ray.init(
            address=place.address,
            include_dashboard=False if place.is_local else None,
            log_to_driver=False,
            configure_logging=False,
        )


def _slots(place: Place) -> int:
    """Nodes that can run at once, on the cluster as it is or as it can grow.

    Raises:
        ValueError: If not one fits.
    """
    wanted = (place.cpus, place.gpus)
    slots = max(now(ray.nodes(), *wanted), 0 if place.is_local else grown(bootstrap(), *wanted))
    if not slots:
        have = ray.cluster_resources()
        raise ValueError(
            f"a trial needs {place.cpus} CPUs and {place.gpus:g} GPUs, Ray has "
            f"{have.get('CPU', 0):g} and {have.get('GPU', 0):g}; "
            "lower --cpus-per-trial or --gpus-per-trial"
        )
    return min(slots, place.at_once or slots)


def run_node(config: dict[str, Any], *, nodes: Mapping[str, Node], place: Place) -> None:
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


def _do(node: Node, place: Place) -> None:
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
                score(spec, store)
        case "answer":
            answer(node.spec, store)
        case "warm_up" | "baseline" if store.has(*row) or node.kind == "warm_up":
            warm_up(node.spec, store, marks=node.marks)
            store.clear_progress(node.spec.result_key)
        case "baseline":
            _keep(run_baseline(node.spec, store, marks=node.marks), store)
        case "trial":
            _keep(run_trial(node.spec, store), store)


def _check_machine(place: Place) -> None:
    """Hold this worker's machine to what the sweep was planned for.

    Raises:
        RuntimeError: If it has no accelerator to compute on, or other versions.
    """
    if place.gpus and device() != "cuda":
        raise RuntimeError(
            "this machine's torch finds no GPU to compute on; install a CUDA build of torch, or "
            "give --gpus-per-trial 0"
        )
    here = environment(place.cpus, gpu=place.gpus > 0)
    if here != place.environment:
        differing = [
            f"{k} {here.get(k)} here" for k, v in place.environment.items() if here.get(k) != v
        ]
        raise RuntimeError(
            f"this machine is not like the one that planned the sweep ({', '.join(differing)}); "
            "install the same versions on all machines of a sweep"
        )


def _keep(row: TrialResult, store: Store) -> None:
    """Write the row last: it is the mark that the trial is done."""
    key = row.spec.result_key
    store.put("result", key, lambda path: path.write_text(to_json(row), encoding="utf-8"))
    store.clear_progress(key)

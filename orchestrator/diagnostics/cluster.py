"""What `doctor` checks on every machine of a Ray cluster."""

import os
import re
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.diagnostics.check import Check
from orchestrator.diagnostics.ray_folder import room_in_ray_folder, settle_ray_folder
from orchestrator.diagnostics.ray_token import make_token
from orchestrator.store.object_storage import Remote
from trainables.errors import ABSENT, UnavailableError, UsageError
from trainables.written_numbers import many

# A lease or a signature of a cloud's storage fails at minutes; rows are ordered by the second.
_MOST_SKEW_S = 2.0
_PATIENCE_S = 60.0
# How long a head's port may take to answer, and then the head itself; Ray gives up after 30 s or never.
_CONNECT_S, _JOIN_S = 10.0, 90.0
_HOST_AND_PORT = re.compile(r"(ray://)?[^/\s]+:\d+")


def probe_machine(storage: str, note: str) -> dict[str, Any]:
    """One machine's versions, devices, clock and reach; leaves a note in the common storage."""
    from trainables.environment import accelerators, environment

    try:
        leave_note(storage, note)
        fault = ""
    except Exception as error:  # of any file system; it is reported, not raised
        fault = f"{type(error).__name__}: {error}"
    return {
        "host": socket.gethostname(),
        "versions": {k: v for k, v in environment(1, gpu=True).items() if k != "device"},
        "accelerators": accelerators(),
        "token": os.environ.get("RAY_AUTH_MODE") == "token",
        "fault": fault,
        "time": time.time(),
    }


def leave_note(storage: str, note: str) -> None:
    """Write a small file into the common storage, where there is one."""
    if storage:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / note
            path.write_text(note, encoding="utf-8")
            shared_storage(storage).send(path, f"doctor/{note}")


def collect_notes(storage: str, notes: Sequence[str]) -> set[str]:
    """Which notes this machine finds in the common storage; they are removed."""
    remote = shared_storage(storage)
    seen = {note for note in notes if remote.exists(f"doctor/{note}")}
    for note in seen:
        remote.remove_file(f"doctor/{note}")
    return seen


def shared_storage(storage: str) -> Remote:
    """The storage of --storage, be it a folder or a URI."""
    return Remote(storage if "://" in storage else Path(storage).absolute().as_uri())


def answers_at(address: str, *, timeout_s: float) -> bool:
    """Whether anything answers at HOST:PORT; a busy head does, by its machine's kernel."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_s).close()
    except OSError:
        return False
    return True


def join_ray(address: str, **options: Any) -> None:
    """Start Ray here, or join the cluster at an address.

    Args:
        address: "local", "auto", or of a head.
        options: Of `ray.init`.

    Raises:
        UnavailableError: If no cluster answers there, it does not take the token, or none starts here in time.
        UsageError: If it is no address.
    """
    import ray

    if address == "local":
        settle_ray_folder()
        make_token()
    absent = f"no Ray cluster answers at {address}"
    remedy = "start one by ray up cluster.yaml and call this on its head, or leave --address out"
    if _HOST_AND_PORT.fullmatch(address) and not answers_at(address, timeout_s=_CONNECT_S):
        raise UnavailableError(f"{absent}: nothing is there, or the way to it is shut; {remedy}")
    # Asked for what is no head, or was one, Ray waits inside a call that no exception ends.
    waits = threading.Timer(_JOIN_S, _give_up, [f"{absent} within {_JOIN_S:g} s; {remedy}"])
    waits.daemon = True
    try:
        if address != "local":
            waits.start()
        ray.init(address=address, log_to_driver=False, configure_logging=False, **options)
    except ConnectionError as error:
        raise UnavailableError(f"{absent}: {' '.join(str(error).split())}; {remedy}") from error
    except ValueError as error:
        raise UsageError(
            f"--address {address!r}: {error}; give local, auto, or the HOST:PORT of a head"
        ) from error
    except ray.exceptions.AuthenticationError as error:
        raise UnavailableError(
            f"the Ray cluster at {address} does not take this machine's token: copy ~/.ray/auth_token of its head "
            "here, readable by you alone, and leave RAY_AUTH_TOKEN unset"
        ) from error
    except Exception as error:
        if "timed out during startup" not in str(error):  # Ray has no class of its own for it
            raise
        raise UnavailableError(
            "Ray did not start in time: this machine has too much else to do, or too little memory or room "
            f"({room_in_ray_folder()}); the same command goes on when it is calmer"
        ) from error
    finally:
        waits.cancel()


def _give_up(words: str) -> None:
    """End this process, whatever its other threads wait for."""
    sys.stderr.write(f"error: {words}\n")
    sys.stderr.flush()
    os._exit(ABSENT)


def probe_machines(address: str, storage: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Probe every machine of a cluster; their answers, and the notes they should have left."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

    join_ray(address)
    task = ray.remote(num_cpus=0, max_retries=0)(probe_machine)
    notes, pending = [], []
    for node in ray.nodes():
        if node["Alive"]:
            notes.append(uuid.uuid4().hex)
            where = On(node["NodeID"], soft=False)
            asked = time.time()
            pending.append(
                (node, asked, task.options(scheduling_strategy=where).remote(storage, notes[-1]))
            )
    answers = []
    for node, asked, waiting in pending:
        try:
            seen = ray.get(waiting, timeout=_PATIENCE_S)
        except ray.exceptions.RayError as error:
            seen = {"host": node["NodeManagerHostname"], "silent": str(error).splitlines()[0]}
        answers.append(
            {"resources": node["Resources"], "asked": asked, "answered": time.time(), **seen}
        )
    ray.shutdown()
    return answers, notes


def cluster_checks(address: str, storage: str) -> Iterator[Check]:
    """Check everything a sweep needs of a cluster.

    Args:
        address: As --address takes it.
        storage: As --storage takes it; empty where there is none.
    """
    answers, notes = probe_machines(address, storage)
    silent = [one for one in answers if "silent" in one]
    answered = [one for one in answers if "silent" not in one]
    yield _machines(answers, silent)
    yield _token(answered)
    yield _versions(answered)
    yield _skew(answered)
    if storage:
        yield _storage(storage, answered, set(notes) - collect_notes(storage, notes))


def _machines(answers: Sequence[Mapping[str, Any]], silent: Sequence[Mapping[str, Any]]) -> Check:
    gpus = sum(one["resources"].get("GPU", 0) for one in answers)
    found = f"{many(len(answers), 'machine')}, {gpus:g} GPU{'s' * (gpus != 1)}: {_hosts(answers)}"
    if not silent:
        return Check(name="cluster", mark="ok", found=found)
    found = (
        f"{_hosts(silent)} of {many(len(answers), 'machine')} did not answer: {silent[0]['silent']}"
    )
    remedy = "see ray status; restart them by ray up"
    return Check(name="cluster", mark="problem", found=found, remedy=remedy)


def _token(answered: Sequence[Mapping[str, Any]]) -> Check:
    lacking = [one for one in answered if not one["token"]]
    if not lacking:
        return Check(name="token", mark="ok", found="every machine asks for it")
    return Check(
        name="token",
        mark="warning",
        found=f"not on {_hosts(lacking)}: who reaches their ports can run code there",
        remedy="RAY_AUTH_MODE=token and ~/.ray/auth_token on all, as in cluster.yaml",
    )


def _versions(answered: Sequence[Mapping[str, Any]]) -> Check:
    names = sorted({name for one in answered for name in one["versions"]})
    differing = []
    for name in names:
        values = {one["versions"].get(name, "absent") for one in answered}
        if len(values) > 1:
            differing.append(f"{name} {' / '.join(sorted(values))}")
    if not differing:
        return Check(name="versions", mark="ok", found="equal on all machines")
    remedy = "install the same everywhere: trials of different versions are never compared"
    return Check(name="versions", mark="problem", found=", ".join(differing), remedy=remedy)


def _skew(answered: Sequence[Mapping[str, Any]]) -> Check:
    off = {}
    for one in answered:
        # Its clock read between our question and its answer.
        early, late = one["asked"] - one["time"], one["time"] - one["answered"]
        off[one["host"]] = max(early, late, 0.0)
    worst = max(off, key=lambda host: off[host], default="")
    if not worst or off[worst] <= _MOST_SKEW_S:
        return Check(name="clocks", mark="ok", found=f"within {_MOST_SKEW_S:g} s of this one")
    found = f"{worst} is at least {off[worst]:.0f} s off this machine's"
    return Check(name="clocks", mark="warning", found=found, remedy="run an NTP service on all")


def _storage(storage: str, answered: Sequence[Mapping[str, Any]], missing: set[str]) -> Check:
    faults = [one for one in answered if one["fault"]]
    if faults:
        found = f"{faults[0]['host']} cannot write to {storage}: {faults[0]['fault'][:200]}"
    elif missing:
        found = f"what {many(len(missing), 'machine')} wrote to {storage} is not seen from here"
    else:
        found = f"{storage}: every machine writes, this one reads"
        return Check(name="storage", mark="ok", found=found)
    remedy = "mount the same folder on all, or give them a role for the bucket"
    return Check(name="storage", mark="problem", found=found, remedy=remedy)


def _hosts(answers: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(sorted(one["host"] for one in answers))

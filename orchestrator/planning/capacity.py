"""How many trials a Ray cluster can hold, now and when it has grown."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# `ray up` leaves it on the head; the autoscaler reads it there.
BOOTSTRAP = Path("~/ray_bootstrap_config.yaml")


def slots_of_machine(resources: Mapping[str, float], cpus: int, gpus: float) -> int:
    """Trials that one machine of such resources holds.

    Args:
        resources: By Ray's names.
        cpus: Of a trial.
        gpus: Of a trial; fractions share one, and no trial takes parts of two.
    """
    slots = int(resources.get("CPU", 0) // cpus)
    if gpus >= 1:
        return min(slots, int(resources.get("GPU", 0) // gpus))
    return min(slots, int(resources.get("GPU", 0)) * int(1 / gpus)) if gpus else slots


def slots_now(nodes: Iterable[Mapping[str, Any]], cpus: int, gpus: float) -> int:
    """Trials that the machines of a cluster hold, as `ray.nodes()` lists them."""
    return sum(slots_of_machine(node["Resources"], cpus, gpus) for node in nodes if node["Alive"])


def slots_when_grown(config: Mapping[str, Any], cpus: int, gpus: float) -> int:
    """Trials that a cluster holds when it has grown as far as its file lets it.

    Ray adds machines for trials that wait, so that as many must be waiting as could run.

    Args:
        config: A cluster file.
        cpus: Of a trial.
        gpus: Of a trial.
    """
    kinds = config.get("available_node_types", {})
    head = config.get("head_node_type", "")
    per_node = {
        name: slots_of_machine(kind.get("resources", {}), cpus, gpus)
        for name, kind in kinds.items()
    }
    slots, left = per_node.get(head, 0), int(config.get("max_workers", 0))
    for name in sorted(per_node, key=lambda name: -per_node[name]):
        if name != head:
            count = min(left, int(kinds[name].get("max_workers", 0)))
            slots, left = slots + count * per_node[name], left - count
    return slots


def cluster_file() -> Mapping[str, Any]:
    """The cluster file of the head this process runs on; empty elsewhere."""
    import yaml

    path = BOOTSTRAP.expanduser()
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.is_file() else {}

from pathlib import Path

import pytest
import yaml

from orchestrator.planning.capacity import slots_now, slots_of_machine, slots_when_grown

SHIPPED = yaml.safe_load((Path(__file__).parents[3] / "cluster.yaml").read_text())
GCP = yaml.safe_load((Path(__file__).parents[3] / "docs" / "cluster-gcp.yaml").read_text())
P4D = {"CPU": 96.0, "GPU": 8.0}


@pytest.mark.parametrize(
    ("cpus", "gpus", "expected"),
    [
        (1, 1, 8),
        (12, 1, 8),
        (24, 1, 4),
        (1, 0.25, 32),
        (4, 0.25, 24),
        (1, 0.4, 16),
        (1, 3, 2),
        (1, 0, 96),
    ],
)
def test_a_machine_holds_as_many_trials_as_fit_without_splitting_one_over_gpus(
    cpus, gpus, expected
):
    assert slots_of_machine(P4D, cpus, gpus) == expected


def test_machines_that_are_gone_hold_nothing():
    nodes = [{"Alive": True, "Resources": P4D}, {"Alive": False, "Resources": P4D}]
    assert slots_now(nodes, 1, 1) == 8


def test_an_empty_cluster_counts_what_it_can_grow_to():
    assert slots_when_grown(SHIPPED, 1, 1) == 32
    assert slots_when_grown(GCP, 1, 1) == 16
    assert slots_when_grown(GCP, 13, 1) == 0


def test_the_limit_of_all_workers_holds_over_those_of_their_kinds():
    kinds = {
        "head": {"resources": {"CPU": 2}},
        "small": {"resources": {"CPU": 4}, "max_workers": 10},
        "large": {"resources": {"CPU": 16}, "max_workers": 2},
    }
    config = {"available_node_types": kinds, "head_node_type": "head", "max_workers": 3}
    assert slots_when_grown(config, 1, 0) == 2 + 2 * 16 + 4


def test_where_there_is_no_cluster_file_nothing_grows():
    assert slots_when_grown({}, 1, 1) == 0

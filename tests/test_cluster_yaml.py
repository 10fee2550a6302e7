"""The cluster files: valid for Ray, safe by default, and what they would launch."""

import copy
import re
from pathlib import Path

import pytest
import yaml

from tests.aws_account import with_own_account

ROOT = Path(__file__).parents[1]
FILES = {path.stem: path for path in [ROOT / "cluster.yaml", *ROOT.glob("docs/cluster-*.yaml")]}
START = ("head_start_ray_commands", "worker_start_ray_commands")
pytest.importorskip("boto3")


@pytest.fixture(params=FILES)
def cluster(request):
    return yaml.safe_load(FILES[request.param].read_text())


@pytest.fixture
def aws():
    return yaml.safe_load(FILES["cluster"].read_text())


def test_ray_accepts_the_file(cluster):
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(copy.deepcopy(cluster)))


def test_only_known_nodes_are_trusted_and_nothing_listens_to_the_world(cluster):
    assert any("auth_token" in target for target in cluster["file_mounts"])
    assert any("RAY_AUTH_MODE=token" in line for line in cluster["initialization_commands"])
    assert "--dashboard-host=127.0.0.1" in cluster["head_start_ray_commands"][1]
    if cluster["provider"]["type"] != "local":
        assert cluster["provider"]["use_internal_ips"] is True


def test_no_file_holds_a_secret(cluster):
    text = yaml.safe_dump(cluster)
    assert not re.search(r"AKIA|aws_secret|BEGIN .*PRIVATE|password", text)


def test_trials_get_the_threads_their_cpus_promise(cluster):
    for commands in START:
        (start,) = [line for line in cluster[commands] if "ray start" in line]
        assert start.index("unset OMP_NUM_THREADS") < start.index("ray start")


def test_no_trial_runs_on_the_head(cluster):
    if cluster["provider"]["type"] == "local":
        assert "--num-cpus=0" in cluster["head_start_ray_commands"][1]
    else:
        assert cluster["available_node_types"]["head"]["resources"] == {"CPU": 0}


def test_the_package_is_installed_with_its_versions_pinned(cluster):
    (line,) = [line for line in cluster["setup_commands"] if "pip install" in line]
    assert "[gpu,cluster]" in line
    for package in ("ray[default,tune]", "torch", "transformers", "datasets", "faiss-gpu"):
        assert re.search(rf"{re.escape(package)}==\d", line)


def test_workers_scale_from_none_to_a_limit_and_are_spot(aws):
    workers = {name: kind for name, kind in aws["available_node_types"].items() if name != "head"}
    assert all(kind["min_workers"] == 0 for kind in workers.values())
    assert aws["max_workers"] >= max(kind["max_workers"] for kind in workers.values()) > 0
    spot = workers["a100_spot"]["node_config"]["InstanceMarketOptions"]
    assert spot["MarketType"] == "spot"
    assert "InstanceMarketOptions" not in aws["available_node_types"]["head"]["node_config"]


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """What EC2, as moto plays it in this process, is asked for by Ray's own provider."""
    moto = pytest.importorskip("moto")
    aws = yaml.safe_load((ROOT / "cluster.yaml").read_text(encoding="utf-8"))
    with pytest.MonkeyPatch.context() as monkeypatch, moto.mock_aws():
        monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        import boto3
        from ray.autoscaler._private.providers import _NODE_PROVIDERS, _get_node_provider
        from ray.autoscaler._private.util import prepare_config

        ec2 = boto3.client("ec2", region_name="us-east-1")
        iam = boto3.client("iam")
        group = with_own_account(aws, ec2, iam)
        config = prepare_config(copy.deepcopy(aws))
        provider = _NODE_PROVIDERS["aws"](config["provider"])
        config = provider.bootstrap_config(provider.fillout_available_node_types_resources(config))
        started = _get_node_provider(config["provider"], config["cluster_name"])
        for name in ("head", "a100_spot"):
            tags = {
                "ray-node-type": "head" if name == "head" else "worker", "ray-node-name": name,
                "ray-user-node-type": name,
            }  # fmt: skip
            node = copy.deepcopy(config["available_node_types"][name]["node_config"])
            started.create_node(node, tags, 1)
        found = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        volumes = ec2.describe_volumes()["Volumes"]
        groups = {one["GroupName"] for one in ec2.describe_security_groups()["SecurityGroups"]}
        roles = iam.list_roles()["Roles"]
        yield {
            "instances": found,
            "volumes": volumes,
            "groups": groups,
            "roles": roles,
            "own": group,
        }


@pytest.mark.slow
def test_what_is_launched_is_what_the_file_promises(launched):
    head, spot = sorted(launched["instances"], key=lambda one: one["InstanceType"])
    assert (head["InstanceType"], spot["InstanceType"]) == ("m6i.2xlarge", "p4d.24xlarge")
    assert "InstanceLifecycle" not in head and spot["InstanceLifecycle"] == "spot"
    for one in (head, spot):
        assert one["MetadataOptions"]["HttpTokens"] == "required"
        assert [group["GroupId"] for group in one["SecurityGroups"]] == [launched["own"]]
    assert "envelope-worker" in spot["IamInstanceProfile"]["Arn"]
    assert launched["volumes"] and all(volume["Encrypted"] for volume in launched["volumes"])


@pytest.mark.slow
def test_ray_makes_no_group_and_no_role_of_its_own(launched):
    assert launched["groups"] == {"default", "own"}
    assert launched["roles"] == []

"""cluster.yaml as shipped, driven through Ray's AWS provider: moto plays EC2, namespaces its nodes.

Only identities, addresses, installs and sizes are overlaid. An instance that Ray launches becomes a
host with the address moto gave it; one that is terminated loses its power.
"""

import os
import subprocess
import sys
import threading
import time

import pytest
import yaml

from tests.aws_account import with_own_account
from tests.cluster.laptop import MARKS, ROOT, Laptop, rows, wait_until

pytestmark = MARKS
boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto.server")
# moto's default network; nothing on this machine leads out of it.
GATEWAY, PORT = "172.31.255.254", 5566
AWS = {
    "AWS_ENDPOINT_URL": f"http://{GATEWAY}:{PORT}", "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip
SWEEP = (
    "python -m orchestrator.sweep --grid demo --model tiny --no-confirm --dataset synthetic:600 --limit-test 400 --seeds 3 "
    "--rate 0.1 --rate 0.3 --signal redundancy --signal random --epochs 12 --gpus-per-trial 0 "
    "--address auto"
)


class Cloud(threading.Thread):
    """Boots a host for every instance, and cuts it off when the instance is terminated."""

    def __init__(self, ec2, laptop):
        super().__init__(daemon=True)
        self.ec2, self.laptop, self.booted, self.ended = ec2, laptop, {}, threading.Event()

    def instances(self):
        found = self.ec2.describe_instances()["Reservations"]
        return [instance for one in found for instance in one["Instances"]]

    def living(self, lifecycle):
        return [
            one for one in self.instances()
            if one["State"]["Name"] == "running" and one.get("InstanceLifecycle") == lifecycle
        ]  # fmt: skip

    def run(self):
        while not self.ended.wait(0.5):
            for one in self.instances():
                name, state = f"i{one['InstanceId'][-7:]}", one["State"]["Name"]
                if state in {"pending", "running"} and name not in self.booted:
                    self.booted[name] = True
                    self.laptop.hosts("up", f"{name}={one['PrivateIpAddress']}")
                elif state not in {"pending", "running"} and self.booted.get(name):
                    self.booted[name] = False
                    self.laptop.hosts("kill", name)


def overlaid(laptop, ec2, iam):
    """cluster.yaml with other identities, addresses, installs and sizes."""
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    with_own_account(config, ec2, iam)
    for kind in config["available_node_types"].values():
        if "GPU" in kind["resources"]:
            kind["resources"] = {"CPU": 1, "accelerator_type:A100": 1}
    config["auth"] = {"ssh_user": "root", "ssh_private_key": "/run/rayhosts/key"}
    config |= {"max_workers": 2, "idle_timeout_minutes": 0.5, "setup_commands": []}
    config["available_node_types"]["a100_spot"]["max_workers"] = 2
    config["file_mounts"] = laptop.token_mount
    memory = " --object-store-memory=200000000"
    address = " --node-ip-address=$(hostname -I | cut -d' ' -f1)"
    config["head_start_ray_commands"][1] += memory + address
    config["worker_start_ray_commands"][1] += f"{memory} --num-cpus=1"
    # No instance metadata here: what watches it has tests of its own.
    config["worker_start_ray_commands"] = config["worker_start_ray_commands"][:2]
    return config


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    export = " ".join(f"{name}={value}" for name, value in AWS.items())
    hosts_env = {"BRIDGE": "rbr1", "GATEWAY": f"{GATEWAY}/16", "EXPORT": export}
    laptop = Laptop(tmp_path_factory.mktemp("aws"), hosts_env=hosts_env, **AWS)
    laptop.hosts("up")  # the bridge alone
    server = subprocess.Popen(
        [f"{sys.prefix}/bin/moto_server", "-H", GATEWAY, "-p", str(PORT)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    before = dict(os.environ)
    os.environ |= AWS
    made = None
    try:
        time.sleep(5)
        ec2, iam = (boto3.client(name, region_name="us-east-1") for name in ("ec2", "iam"))
        laptop.file.write_text(yaml.safe_dump(overlaid(laptop, ec2, iam), sort_keys=False))
        made = Cloud(ec2, laptop)
        made.start()
        laptop.up()
        yield made
    finally:
        if made:
            made.ended.set()
            made.join()
        server.kill()
        server.wait()
        os.environ.clear()
        os.environ.update(before)
        laptop.hosts("down")


def test_the_shipped_cluster_grows_for_a_sweep_survives_a_spot_kill_and_goes(cloud):
    laptop, storage = cloud.laptop, cloud.laptop.share / "sweeps"
    (head,) = cloud.living(None)
    assert head["InstanceType"] == "m6i.2xlarge" and not cloud.living("spot")
    driver = laptop.begin(f"{SWEEP} --storage {storage}")
    try:
        wait_until(lambda: len(cloud.living("spot")) == 2 and len(rows(storage)) >= 2, 300, driver)
        taken = cloud.living("spot")[0]["InstanceId"]
        cloud.ec2.terminate_instances(InstanceIds=[taken])
        killed_at = len(rows(storage))
        printed, _ = driver.communicate(timeout=900)
    finally:
        driver.kill()
    assert driver.returncode == 0, printed
    assert killed_at < len(rows(storage)) == 15
    launched = [one for one in cloud.instances() if one.get("InstanceLifecycle") == "spot"]
    assert {one["InstanceType"] for one in launched} == {"p4d.24xlarge"}
    for one in cloud.instances():
        assert one["MetadataOptions"]["HttpTokens"] == "required"
        assert [group["GroupName"] for group in one["SecurityGroups"]] == ["own"]
    assert all(volume["Encrypted"] for volume in cloud.ec2.describe_volumes()["Volumes"])
    groups = {one["GroupName"] for one in cloud.ec2.describe_security_groups()["SecurityGroups"]}
    assert groups == {"default", "own"}
    wait_until(lambda: not cloud.living("spot"), 180)  # idle nodes go by themselves
    laptop.down()
    assert not cloud.living(None)

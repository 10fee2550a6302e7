"""A real `ray up`, sweep and `ray down` over SSH, on hosts made of this machine's namespaces."""

import os
import subprocess
import sys

import pytest
import yaml

from tests.cluster.laptop import MARKS, ROOT, Laptop, envelope, rows, run, wait_until

pytestmark = MARKS
HEAD = "10.77.0.11"
COUNT = int(os.environ.get("CLUSTER_WORKERS", "2"))
WORKERS = {f"w{i}": f"10.77.0.{20 + i}" for i in range(1, 1 + COUNT)}
SWEEP = os.environ.get(
    "CLUSTER_SWEEP",
    "--grid demo --model tiny --no-confirm --dataset synthetic:600 --limit-test 400 --seeds 2 --rate 0.1 "
    "--rate 0.3 "
    "--signal redundancy --signal random",
).split()


def overlaid(laptop):
    """docs/cluster-local.yaml with other addresses, identities, installs and sizes."""
    config = yaml.safe_load((ROOT / "docs" / "cluster-local.yaml").read_text())
    config["provider"] |= {"head_ip": HEAD, "worker_ips": list(WORKERS.values())}
    config["min_workers"] = config["max_workers"] = COUNT
    config["auth"] = {"ssh_user": "root", "ssh_private_key": "/run/rayhosts/key"}
    config["file_mounts"], config["setup_commands"] = laptop.token_mount, []
    memory = " --object-store-memory=200000000"
    config["head_start_ray_commands"][1] += memory
    config["worker_start_ray_commands"][1] += f"{memory} --num-cpus=1"
    return config


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Laptop(tmp_path_factory.mktemp("cluster"), RAY_UP_enable_autoscaler_v2="0")
    made.hosts("up", f"head={HEAD}", *(f"{name}={ip}" for name, ip in WORKERS.items()))
    try:
        made.file.write_text(yaml.safe_dump(overlaid(made), sort_keys=False))
        made.up()
        wait_until(lambda: made.alive() == 1 + COUNT, 240)
        yield made
        made.down()
    finally:
        made.hosts("down")


def test_the_doctor_looks_at_every_machine(cluster):
    doctor = f"prune-envelope doctor --address auto --storage {cluster.share}"
    # A terminal breaks lines, and pads names.
    shown = " ".join(cluster.execute(doctor, timeout=180).split())
    assert f"✓ cluster {1 + COUNT} machines, 0 GPUs: {', '.join(['head', *WORKERS])}" in shown
    assert "✓ token every machine asks for it" in shown
    assert "✓ versions equal on all" in shown
    assert f"✓ storage {cluster.share}: every machine writes, this one reads" in shown
    assert list((cluster.share / "doctor").iterdir()) == []


def test_only_who_has_the_token_gets_an_answer(cluster):
    code = (
        "from ray._raylet import GcsClient; "
        f"print('NODES', len(GcsClient(address='{HEAD}:6379').get_all_node_info(timeout=20)))"
    )

    def ask(**more):
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command,
            env=cluster.env | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert "NODES" in ask().stdout
    refused = ask(RAY_AUTH_MODE="disabled")
    assert "NODES" not in refused.stdout
    assert "InvalidAuthToken" in refused.stderr or "Unauthenticated" in refused.stderr


def test_a_sweep_on_a_cluster_survives_a_host_and_ends_as_on_one_machine(cluster, tmp_path):
    storage = cluster.share / "sweeps"
    flags = [*SWEEP, "--gpus-per-trial", "0"]
    command = ["python", "-m", "orchestrator.sweep", *flags, "--address", "auto"]
    driver = cluster.begin(" ".join([*command, "--storage", str(storage)]))
    try:
        wait_until(lambda: len(rows(storage)) >= 3, 300, driver)
        cluster.hosts("kill", "w2")
        killed_at = len(rows(storage))
        printed, _ = driver.communicate(timeout=900)
    finally:
        driver.kill()
    assert driver.returncode == 0, printed
    assert killed_at < len(rows(storage)), "the host was cut off when all was done"
    hosts = {row["host"] for row in rows(storage)}
    assert hosts <= set(WORKERS) and "w1" in hosts
    run(sys.executable, "-m", "orchestrator.sweep", *flags, cwd=tmp_path, timeout=900)
    assert envelope(storage) == envelope(tmp_path / "runs")

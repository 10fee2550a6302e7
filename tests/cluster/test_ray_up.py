"""A real `ray up`, sweep and `ray down` over SSH, on hosts made of this machine's namespaces."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HOSTS = ROOT / "tests" / "cluster" / "hosts.sh"
HEAD, WORKERS = "10.77.0.11", {"w1": "10.77.0.21", "w2": "10.77.0.22"}
LACKING = [name for name in ("sshd", "ssh", "rsync", "ip", "unshare") if not shutil.which(name)]
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux"),
    pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}"),
]
SWEEP = os.environ.get(
    "CLUSTER_SWEEP",
    "--grid demo --dataset synthetic:600 --limit-test 400 --seeds 2 --rate 0.1 --rate 0.3 "
    "--signal redundancy --signal random",
).split()


def run(*command, env=None, **more):
    done = subprocess.run(
        [str(word) for word in command],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        **more,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Cluster:
    """Hosts, a laptop that drives them, and the file that `ray up` is given."""

    def __init__(self, folder):
        self.share = folder / "share"
        self.laptop = folder / "laptop"
        self.file = folder / "cluster.yaml"
        for made in (self.share, self.laptop / ".ray", self.laptop / "tmp"):
            made.mkdir(parents=True)
        self.hosts_env = os.environ | {"VENV": sys.prefix, "SHARE": str(self.share)}
        # A laptop's own home and Ray folder: state of an earlier cluster would be believed.
        self.env = os.environ | {
            "HOME": str(self.laptop), "RAY_TMPDIR": str(self.laptop / "tmp"),
            "RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_UP_enable_autoscaler_v2": "0", "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
        }  # fmt: skip

    def hosts(self, *words):
        run(HOSTS, *words, env=self.hosts_env)

    def write(self):
        """docs/cluster-local.yaml with other addresses, identities, installs and sizes."""
        config = yaml.safe_load((ROOT / "docs" / "cluster-local.yaml").read_text())
        config["provider"] |= {"head_ip": HEAD, "worker_ips": list(WORKERS.values())}
        config["auth"] = {"ssh_user": "root", "ssh_private_key": "/run/rayhosts/key"}
        home = os.environ["HOME"]
        config["file_mounts"] = {f"{home}/.ray/auth_token": f"{self.laptop}/.ray/auth_token"}
        config["setup_commands"] = []
        memory = " --object-store-memory=200000000"
        config["head_start_ray_commands"][1] += memory
        config["worker_start_ray_commands"][1] += f"{memory} --num-cpus=1"
        self.file.write_text(yaml.safe_dump(config, sort_keys=False))

    def ray(self, *words, **more):
        return run("ray", *words, env=self.env, **more)

    def execute(self, command, **more):
        return self.ray("exec", self.file, command, **more)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.hosts("up", f"head={HEAD}", *(f"{name}={ip}" for name, ip in WORKERS.items()))
    try:
        made.write()
        made.ray("get-auth-token", "--generate")
        (made.laptop / ".ray" / "auth_token").chmod(0o600)
        made.ray("up", "-y", "--no-config-cache", made.file, timeout=180)
        yield made
        made.ray("down", "-y", made.file, timeout=120)
    finally:
        made.hosts("down")


def alive(cluster):
    code = "import ray; ray.init(address='auto', log_to_driver=False); print('ALIVE', sum(n['Alive'] for n in ray.nodes()))"
    shown = cluster.execute(f'python -c "{code}"', timeout=120)
    return int(shown.split("ALIVE ")[1].split()[0])


def wait_until(is_true, seconds):
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(1)


def envelope(folder):
    (path,) = folder.glob("**/envelope.csv")
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_a_sweep_on_a_cluster_survives_a_host_and_ends_as_on_one_machine(cluster, tmp_path):
    wait_until(lambda: alive(cluster) == 3, 120)
    storage = cluster.share / "sweeps"
    flags = [*SWEEP, "--gpus-per-trial", "0"]
    command = ["python", "-m", "orchestrator.sweep", *flags, "--address", "auto"]
    driver = subprocess.Popen(
        ["ray", "exec", cluster.file, " ".join([*command, "--storage", str(storage)])],
        env=cluster.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        wait_until(lambda: len(list(storage.glob("*/trials/*.json"))) >= 3, 300)
        cluster.hosts("kill", "w2")
        killed_at = len(list(storage.glob("*/trials/*.json")))
        printed, _ = driver.communicate(timeout=600)
    finally:
        driver.kill()
    assert driver.returncode == 0, printed
    assert killed_at < len(rows(storage)), "the host was cut off when all was done"
    ours = run(sys.executable, "-m", "orchestrator.sweep", *flags, cwd=tmp_path, timeout=600)
    assert "done in" in ours
    assert envelope(storage) == envelope(tmp_path / "runs")
    hosts = {row["host"] for row in rows(storage)}
    assert hosts <= {"w1", "w2"} and "w1" in hosts


def rows(storage):
    return [json.loads(path.read_text()) for path in storage.glob("*/trials/*.json")]


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

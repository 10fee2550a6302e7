"""What tests of real clusters share: hosts of namespaces, and a laptop that drives them."""

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

ROOT = Path(__file__).parents[2]
HOSTS = ROOT / "tests" / "cluster" / "hosts.sh"
NEEDED = ("sshd", "ssh", "ssh-keygen", "rsync", "ip", "unshare")
LACKING = [name for name in NEEDED if not shutil.which(name)]


def is_allowed():
    """Whether this machine lets us make networks, as many containers do not even for root."""
    apart = ["unshare", "--net", "--mount", "--pid", "--fork"]
    probe = [*apart, "ip", "link", "add", "x", "type", "bridge"]
    return not LACKING and subprocess.run(probe, capture_output=True, check=False).returncode == 0


MARKS = [
    pytest.mark.cluster,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux"),
    pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}"),
    pytest.mark.skipif(not is_allowed(), reason="network namespaces are not allowed here"),
]


def run(*command, env=None, **more):
    """What a command printed; it must end well."""
    words = [str(word) for word in command]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Laptop:
    """Where `ray up` is typed, and the hosts it reaches.

    Attributes:
        share: Folder that every host sees.
        home: The laptop's own, with the token.
        file: The cluster file it types.
        env: Of its commands.
    """

    def __init__(self, folder, *, hosts_env=None, **env):
        self.share, self.home, self.file = folder / "share", folder / "home", folder / "up.yaml"
        for made in (self.share, self.home / ".ray", self.home / "tmp"):
            made.mkdir(parents=True)
        where = {"VENV": sys.prefix, "CODE": str(ROOT), "SHARE": str(self.share)}
        self._hosts_env = os.environ | where | (hosts_env or {})
        # A home and a Ray folder of its own: what an earlier cluster left would be believed.
        self.env = os.environ | {
            "HOME": str(self.home), "RAY_TMPDIR": str(self.home / "tmp"), "RAY_AUTH_MODE": "token",
            "RAY_USAGE_STATS_ENABLED": "0", "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}", **env,
        }  # fmt: skip

    @property
    def token_mount(self):
        """The token's place on a host, and where it comes from."""
        return {f"{os.environ['HOME']}/.ray/auth_token": f"{self.home}/.ray/auth_token"}

    def hosts(self, *words):
        """Boot or cut hosts."""
        run(HOSTS, *words, env=self._hosts_env)

    def up(self):
        """`ray up`, with a token just made."""
        self.ray("get-auth-token", "--generate")
        (self.home / ".ray" / "auth_token").chmod(0o600)
        self.ray("up", "-y", "--no-config-cache", self.file, timeout=240)

    def down(self):
        """`ray down`."""
        self.ray("down", "-y", self.file, timeout=180)

    def ray(self, *words, **more):
        """What a command of Ray printed."""
        return run("ray", *words, env=self.env, **more)

    def execute(self, command, **more):
        """What a command on the head printed."""
        return self.ray("exec", self.file, command, **more)

    def begin(self, command):
        """A command on the head, under way."""
        return subprocess.Popen(
            ["ray", "exec", self.file, command], env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def alive(self):
        """Machines of the cluster."""
        code = "import ray; ray.init(address='auto', log_to_driver=False); print('ALIVE', sum(n['Alive'] for n in ray.nodes()))"
        shown = self.execute(f'python -c "{code}"', timeout=120)
        return int(shown.split("ALIVE ")[1].split()[0])


def wait_until(is_true, seconds, driver=None):
    """Look once a second, while a driver lives."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if driver and driver.poll() is not None:
            raise AssertionError(f"ended early: {driver.communicate()[0]}")
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(1)


def rows(storage):
    """The rows of the only run in a storage, as they are written."""
    return [json.loads(path.read_text()) for path in storage.glob("*/trials/*.json")]


def envelope(folder):
    """The lines of the only envelope.csv below a folder."""
    (path,) = folder.glob("**/envelope.csv")
    return list(csv.DictReader(io.StringIO(path.read_text())))

"""python -m orchestrator.spotwatch: tells Ray when AWS is about to take this spot node away.

Ray then gives the node no further trial, and what dies with it is not counted as a failure.
"""

import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

METADATA = "http://169.254.169.254"
_TOKEN_S = 21_600
_EVERY_S = 5.0
_PATIENCE_S = 2.0


def notice(metadata: str = METADATA) -> datetime | None:
    """When the node will be taken, or None while AWS has announced nothing.

    Args:
        metadata: Of the instance, by version 2 of its service, which wants a token first.

    References:
        AWS, "Spot Instance interruption notices": spot/instance-action is absent, with status 404,
        until two minutes before.
    """
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_S)}
    ask = Request(f"{metadata}/latest/api/token", method="PUT", headers=lifetime)  # noqa: S310
    try:
        with urlopen(ask, timeout=_PATIENCE_S) as answer:  # noqa: S310
            token = answer.read().decode()
        ask = Request(  # noqa: S310
            f"{metadata}/latest/meta-data/spot/instance-action",
            headers={"X-aws-ec2-metadata-token": token},
        )
        with urlopen(ask, timeout=_PATIENCE_S) as answer:  # noqa: S310
            announced = json.load(answer)
        return datetime.fromisoformat(announced["time"])
    except HTTPError as error:
        if error.code == 404:
            return None
        raise
    except URLError:
        return None  # the service was away for a moment; it is asked again


def watch(drain: Callable[[datetime], None], metadata: str = METADATA) -> None:
    """Wait for the notice, and pass it on once."""
    while (ends := notice(metadata)) is None:
        time.sleep(_EVERY_S)
    drain(ends)


def drain(ends: datetime) -> None:
    """Tell Ray that this node goes, and when.

    Raises:
        CalledProcessError: If Ray is not there, or does not accept it.
    """
    left_s = max(0, int((ends - datetime.now(UTC)).total_seconds()))
    command = [
        "ray", "drain-node", "--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message",
        "the spot node is taken away", "--deadline-remaining-seconds", str(left_s),
    ]  # fmt: skip
    subprocess.run(command, check=True)  # noqa: S603


if __name__ == "__main__":
    watch(drain)

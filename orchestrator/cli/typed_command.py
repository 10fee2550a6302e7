"""The command line as it can be typed again."""

import shlex
import sys
from pathlib import Path

from trainables.plain_text import redacted

_MODULES = {
    "sweep": ["python", "-m", "orchestrator.sweep"],
    "__main__": ["prune-envelope"],
}


def typed_command() -> str:
    """The command line, without secrets."""
    name = Path(sys.argv[0])
    return redacted(shlex.join([*_MODULES.get(name.stem, [name.name]), *sys.argv[1:]]))

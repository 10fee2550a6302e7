"""Why workers died, and which of their tasks are worth another try."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.planning.resources import Resources

# Of what is no fault of the task's own: a machine that was lost, a process that was killed, a disk for a moment.
RETRIES = 2
_FRAME = re.compile(r'File "([^"]+)", line (\d+) in (\S+)')
# In what Ray says of a worker that its memory monitor ended, and in torch's own words.
_NO_MEMORY = re.compile(r"OutOfMemory|running low on memory|memory monitor", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Death:
    """Why a task is not tried again.

    Attributes:
        error: In one line.
        trace: Where its worker was, or what it raised; empty where nobody saw.
    """

    error: str
    trace: str = ""


@dataclass(kw_only=True)
class Deaths:
    """The workers that died in this command. Tune tells scheduler, searcher and callback of each, in this order.

    Attributes:
        limit_s: The longest a task may take; 0 for no limit.
        stacks: Folder where a worker that took longer has left where it was.
        final: Tasks that are not tried again, by name.
    """

    limit_s: float = 0.0
    stacks: Path | None = None
    final: dict[str, Death] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _causes: dict[str, Death] = field(default_factory=dict)
    _count: Counter[str] = field(default_factory=Counter)

    def begin(self, trial_id: str) -> None:
        """Note when a task starts."""
        self._began[trial_id] = time.monotonic()

    def hear(self, trial: Any) -> None:
        """Find out why a worker died, where that tells that its task would only die again."""
        took = time.monotonic() - self._began.pop(trial.trial_id, time.monotonic())
        told = str(trial.get_error() or "")
        if 0 < self.limit_s <= took:
            trace = self._stack(trial.config["task"])
            error = f"timed out after {self.limit_s:g} s (--trial-timeout){_place_in(trace)}"
            self._causes[trial.trial_id] = Death(error=error, trace=trace)
        elif _NO_MEMORY.search(told):
            error = (
                "out of memory: Ray ended its worker before the machine had none left; give "
                "--max-trials-at-once a smaller number, or a smaller --batch-size or --max-length"
            )
            self._causes[trial.trial_id] = Death(error=error, trace=told)
        else:
            self._causes[trial.trial_id] = Death(error="", trace=told)

    def is_final(self, trial_id: str, task: str) -> bool:
        """Whether a task whose worker died is given up."""
        self._count[task] += 1
        cause = self._causes.pop(trial_id, Death(error=""))
        tries = self._count[task]
        if cause.error:
            self.final[task] = cause
        elif tries > RETRIES:
            error = f"its worker died in each of {tries} tries (killed, memory, disk, device)"
            self.final[task] = Death(error=error, trace=cause.trace)
        return task in self.final

    def _stack(self, task: str) -> str:
        """What a worker that took too long has left, which is then removed."""
        if self.stacks is None or not (path := stack_file(self.stacks, task)).is_file():
            return ""
        text = path.read_text(encoding="utf-8", errors="replace")
        path.unlink(missing_ok=True)
        return text


def deaths_in(resources: Resources) -> Deaths:
    """None yet, where a sweep runs."""
    return Deaths(limit_s=resources.trial_timeout_s, stacks=resources.stacks)


def stack_file(folder: Path, task: str) -> Path:
    """Where a worker leaves where it was when its time was over."""
    return folder / f"{task.replace(':', '-')}.txt"


def _place_in(stack: str) -> str:
    """The line of code that a task had come to, of the stacks of all threads of its worker."""
    # Deep stacks, as of imports within imports, are cut short by dots before they come to that.
    own = next((one for one in stack.split("\n\n") if "in run_here" in one or "\n  ..." in one), "")
    found = _FRAME.search(own)
    return f" in {Path(found[1]).name}:{found[2]}, {found[3]}" if found else ""

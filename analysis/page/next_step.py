"""From an answer to the files: the command that writes them, and those that are written already."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from analysis.answers import Answer
from analysis.envelope import JudgedCell
from analysis.methods import condition_of
from analysis.page.next_sweep import next_sweep
from analysis.pruned_files import PruneRecord
from analysis.short_paths import pasted_path
from analysis.study import Study

# What a sweep leaves in a run's folder, without which prune does not know where the data are.
_OPTIONS = "options.json"
# What the sweep is for that settles an answer, by its state.
_LABELS = {
    "found": "Hold it against random",
    "confirming": "Go on with it",
    "refuted": "Search again",
    "no answer": "Train a better model first",
}


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """What to do after an answer.

    Attributes:
        label: What it is for.
        command: A command line.
    """

    label: str
    command: str


def next_step(study: Study, answer: Answer) -> NextStep | None:
    """How to get the files that an answer speaks of, or what settles it; None where no command is known."""
    written = record_of(study, answer) if answer.rate else None
    if written is not None and (Path(written.out) / "README.md").is_file():
        command = f"cat {pasted_path(written.out)}/README.md"
        return NextStep(label="What the files are, and what was measured", command=command)
    # Whether the method earns it is asked before its files are made.
    if settled := next_sweep(study, answer):
        return NextStep(label=_LABELS.get(answer.state, "Settle it"), command=settled)
    row = answer.row
    # Rows chosen anew each epoch leave no smaller file.
    if not answer.rate or row is None or row.cell.condition.kind == "dynamic":
        return None
    if study.folder is None or not (study.folder / _OPTIONS).is_file():
        return None
    several = ["--dataset", answer.name] if len(study.sources) > 1 else []
    end = shlex.join([*several, _folder_name(answer)])
    command = f"prune-envelope prune {pasted_path(study.folder)} {end}"
    return NextStep(label="Write the files without these rows", command=command)


def record_of(study: Study, answer: Answer) -> PruneRecord | None:
    """The newest pruned data set of exactly the rows that an answer speaks of; None where there is none."""
    row = answer.row
    if row is None:
        return None
    own = [
        one for one in study.pruned if one.data_sha == answer.source.data_sha and _is_of(one, row)
    ]
    return own[-1] if own else None


def _is_of(record: PruneRecord, row: JudgedCell) -> bool:
    """Whether a pruned data set holds the rows of a condition: of a confirmed list the same rows."""
    own = row.cell.condition
    if own.kind == "fixed":
        return is_confirmed_list(record, row)
    if record.protected or record.min_per_class:
        return False
    made = condition_of(record.spec)
    method = own.method._replace(kind=made.method.kind, protocol=made.method.protocol)
    return (made.method, made.warmup, made.rate) == (method, own.warmup, own.rate)


def is_confirmed_list(record: PruneRecord, row: JudgedCell) -> bool:
    """Whether the rows of a pruned data set are those that fresh seeds have trained on."""
    listed = {pair.pruned.kept_sha for pair in row.cell.pairs}
    return record.data_sha == row.cell.condition.source.data_sha and record.list_sha in listed


def _folder_name(answer: Answer) -> str:
    """A folder beside the reader, named after the data set, such as tickets-pruned."""
    name = (
        Path(answer.source.dataset).stem if "." in answer.source.dataset else answer.source.dataset
    )
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "data"
    return f"{plain}-pruned"

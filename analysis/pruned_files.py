"""What a pruned data set's folder says of itself: prune.json, and its copy in the run's folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from trainables.errors import DamagedError, DataError
from trainables.seals import file_bytes, read_sealed, with_check
from trainables.spec import TrialSpec

# Raised by every change that an older reader would misread.
FORMAT = 1
FOLDER = "pruned"


@dataclass(frozen=True, kw_only=True)
class PrunedFile:
    """One data file of a pruned data set.

    Attributes:
        split: train, test or validation.
        path: Relative to the data set's folder, such as data/train.csv.
        rows: How many it holds.
        sha256: Of its bytes.
        reading: What a reader must be told, such as sep for the delimiter; under the words that
            `pandas.read_csv` and a configuration of a Hugging Face data set have for it.
        is_table: Whether it is a table; else a NumPy file of the vectors of the table of its stem.
        note: What else to know of it, a sentence; empty for nothing.
    """

    split: str
    path: str
    rows: int
    sha256: str
    reading: Mapping[str, Any] = field(default_factory=dict)
    is_table: bool = True
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ClassCount:
    """How many training rows of one class stay.

    Attributes:
        name: The class.
        kept: Rows that stay.
        rows: Rows there were.
    """

    name: str
    kept: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class PruneRecord:
    """All that decides a pruned data set, and what it came to; what prune.json holds.

    Attributes:
        version: Of prune-envelope.
        made: ISO time.
        command: The command line.
        run: Name of the run's folder.
        dataset: What the page calls the data set.
        data_sha: Its content, as trials name it.
        read_from: Where it was read from, as it was asked for.
        hub_source: Where on the hub that is, as owner/name[:config]@commit; empty where it is not.
        files: The data files.
        notes: What a reader of the files must be told, a sentence each.
        spec: The fixed trial that names the list; its `scored_by` are the seeds whose scores it joins.
        words: The condition, in words.
        list_sha: sha256 that names which rows stay.
        n_train: Training rows there were.
        n_kept: Training rows that stay.
        classes: Each class, in the data set's order; none where there are no classes.
        protected: Classes of which no row goes.
        min_per_class: Rows of each class that stay at least, or all it has; 0 asks for none.
        agreement: By seed, the share of the rows removed that this seed's own cut removes too.
        state: Of the data set's answer in the run, as `analysis.answers.State` has it.
        is_answer: Whether that answer names this condition.
        is_shown: Whether the run shows the condition to be within the margin.
        said: What the run says of the condition, in one sentence.
        anyway: Whether the files were written though that was not shown, or though the warrant did
            not pass.
        warrant: `Warrant.to_dict()`; None where nothing was measured.
        no_warrant: Why there is none; empty where there is one.
        kept_sha256: Of kept.parquet.
        removed_sha256: Of removed.parquet.
        out: Absolute path of the folder; in the run's copy alone.
    """

    version: str
    made: str
    command: str
    run: str
    dataset: str
    data_sha: str
    read_from: str
    hub_source: str = ""
    files: tuple[PrunedFile, ...] = ()
    notes: tuple[str, ...] = ()
    spec: TrialSpec
    words: str
    list_sha: str
    n_train: int
    n_kept: int
    classes: tuple[ClassCount, ...] = ()
    protected: tuple[str, ...] = ()
    min_per_class: int = 0
    agreement: Mapping[int, float] = field(default_factory=dict)
    state: str
    is_answer: bool = False
    is_shown: bool = False
    said: str = ""
    anyway: bool = False
    warrant: Mapping[str, Any] | None = None
    no_warrant: str = ""
    kept_sha256: str = ""
    removed_sha256: str = ""
    out: str = ""

    @property
    def hash(self) -> str:
        """The list's short name: the first 12 digits of `list_sha`."""
        return self.list_sha[:12]

    @property
    def rate(self) -> float:
        """Share of the training rows that went: not more than `spec.rate`, which was asked for."""
        return 1 - self.n_kept / self.n_train

    def to_json(self) -> str:
        """The text of prune.json."""
        plain = asdict(self) | {"spec": self.spec.to_dict()}
        plain |= {"agreement": {str(seed): share for seed, share in self.agreement.items()}}
        written = {name: value for name, value in plain.items() if name != "out" or value}
        sealed = with_check({"format": FORMAT, **written})
        text = json.dumps(sealed, indent=1, ensure_ascii=False)
        return text + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "PruneRecord":
        """What `to_json` wrote; that of an earlier release carries no checksum.

        Raises:
            DamagedError: If it is something else, or does not fit its checksum.
            DataError: If it is of a format this release does not know.
        """
        written = read_sealed(text)
        try:
            if written.pop("format") != FORMAT:
                raise DataError(
                    "written by another release of prune-envelope; update it to read this"
                )
            known = {one.name for one in fields(cls)}
            values = {name: value for name, value in written.items() if name in known}
            values |= {
                "spec": TrialSpec.from_dict(written["spec"]),
                "files": tuple(PrunedFile(**one) for one in written["files"]),
                "classes": tuple(ClassCount(**one) for one in written["classes"]),
                "protected": tuple(written["protected"]),
                "notes": tuple(written.get("notes", ())),
                "agreement": {int(seed): float(s) for seed, s in written["agreement"].items()},
            }
            return cls(**values)
        except DataError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedError(f"not what prune-envelope prune writes: {error}") from error


def read_pruned(run: Path) -> list[PruneRecord]:
    """The pruned data sets made from a run, the oldest first; none where none were.

    Raises:
        DataError: If a file of them is not a record; the message names it.
    """
    found = []
    for path in sorted((run / FOLDER).glob("*.json")):
        try:
            found.append(PruneRecord.from_json(file_bytes(path)))
        except DamagedError as error:
            raise DamagedError(
                f"{path}: {error}; the run's sweep command puts it aside, and prune-envelope prune writes it anew"
            ) from error
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
    return sorted(found, key=lambda record: record.made)

"""A run's folder as its reader finds it."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.mending import errors_named
from analysis.plan_specs import specs_of, written_specs
from trainables.errors import AbsentError, DamagedError, DataError, ReleaseError
from trainables.plain_text import redacted
from trainables.records import (
    SCHEMA_VERSION,
    curve_from_json,
    curve_to_json,
    from_json,
    read_parquet,
)
from trainables.result import TrainingCurve, TrialResult
from trainables.seals import file_bytes, read_sealed, seal, with_check
from trainables.spec import SPEC_VERSION, TrialSpec

_RELEASE = (
    "this run was made by a release with SPEC_VERSION {}, and this one is {}: numbers and verdicts are of the "
    "trials of then, and none of them is taken up by a sweep of this release"
)


def read_rows(run: Path) -> list[TrialResult]:
    """The trials of a run: RUN/trials/*.json, or RUN/trials.parquet where that is all there is.

    Raises:
        FileNotFoundError: If the run holds neither.
        ValueError: If a file is not what it should be; the message names the file.
    """
    folder, table = run / "trials", run / "trials.parquet"
    paths = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
    if paths or not table.exists():
        if not folder.is_dir() and not (run / "plan.json").exists():
            raise AbsentError(
                f"{run} holds neither trials/ nor trials.parquet; name the folder of a run"
            )
        return [read_row(path) for path in paths]
    with errors_named(table):
        return read_parquet(table)


def read_row(path: Path) -> TrialResult:
    """A trial's row from its file.

    Raises:
        DamagedError: If it is none, or another trial's; the message names the file.
        DataError: If another release wrote it.
    """
    with errors_named(path):
        row = from_json(file_bytes(path))
        if row.spec.result_key != path.stem:
            raise DamagedError(f"holds the row of another trial, {row.spec.result_key[:12]}")
        return row


@dataclass(frozen=True, kw_only=True)
class PlannedSubset:
    """A data set of a run that is a subset of another one's training rows.

    Attributes:
        whole: Content of the data set it is of.
        rows: Training rows.
        seed: Of the runs that train on it; it drew the rows.
    """

    whole: str
    rows: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was to be run, as plan.json holds it; empty where there is none.

    Attributes:
        grid: Name of the grid.
        command: The command line that made the run.
        specs: Every trial that was to be run, baselines included.
        created: ISO time.
        tolerance: The margin asked for, in the metric's unit or as a share of the gain such as "5%"; None
            for the metric's own.
        metric: What decides, as `metric_of` takes it.
        guards: What must hold besides, as `guard_of` takes them.
        group_column: The user's column that says of which group a test row is; empty for none.
        limited: Whether the data was cut short to try things out.
        environment: Versions and machine.
        notes: What the sweep has to say, one sentence each.
        adaptive: Whether seeds were bought look by look.
        candidates: How many conditions the one that is confirmed is chosen from, by content of the
            data set; of data sets whose answer is confirmed by fresh seeds, and no others.
        tuned: Full runs that the search for the training could take, by content of the data set; of
            data sets whose training was searched, and no others.
        sources: Where on the hub a data set is from, as owner/name[:config]@commit, by the name that
            was asked for; of data sets from the hub, and no others.
        leaked: Which test rows occur in the training split, a bit each, packed and in the order of
            `TrialResult.correct`, by content of the data set; of data sets that have such rows.
        altered: What was altered of the training rows on purpose, in a few words and in full, by
            content of the data set; of data sets of a stress test.
        earlier: Lists of a data set that were tried before this one and did not pass, by its content; of
            data sets with such lists. The error that a list may have falls with them.
        subsets: The smaller total sizes of a data set, by content of the subset: its trials are points of
            the frontier and of no other answer.
    """

    grid: str = ""
    command: str = ""
    specs: tuple[TrialSpec, ...] = ()
    created: str = ""
    tolerance: float | str | None = None
    metric: str = "accuracy"
    guards: tuple[str, ...] = ()
    group_column: str = ""
    limited: bool = False
    environment: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    adaptive: bool = False
    candidates: Mapping[str, int] = field(default_factory=dict)
    tuned: Mapping[str, float] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    leaked: Mapping[str, bytes] = field(default_factory=dict)
    altered: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    earlier: Mapping[str, int] = field(default_factory=dict)
    subsets: Mapping[str, PlannedSubset] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """SPEC_VERSION of the release that made its trials."""
        return self.specs[0].version if self.specs else SPEC_VERSION

    @property
    def release_note(self) -> str:
        """What a reader must know of a run that another release made; empty of one of this release."""
        known = self.version == SPEC_VERSION
        return "" if known else _RELEASE.format(self.version, SPEC_VERSION)

    def whole_of(self, spec: TrialSpec) -> str:
        """Content of the data set that a trial is about, where it may run on a subset of it."""
        subset = self.subsets.get(spec.data_sha)
        return subset.whole if subset else spec.data_sha

    def to_json(self) -> str:
        """The text of plan.json."""
        named = ("environment", "candidates", "tuned", "sources", "altered", "earlier")
        plain = {name: dict(getattr(self, name)) for name in named}
        leaked = {
            sha: base64.b64encode(zlib.compress(bits)).decode() for sha, bits in self.leaked.items()
        }
        subsets = {sha: asdict(one) for sha, one in self.subsets.items()}
        written = vars(self) | {
            **plain, **written_specs(self.specs), "leaked": leaked, "subsets": subsets,
        }  # fmt: skip
        versions = {"schema_version": SCHEMA_VERSION, "spec_version": self.version}
        sealed = with_check({**written, **versions})
        return json.dumps(sealed, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Plan":
        """The plan that `to_json` wrote; that of an earlier release carries no checksum.

        Raises:
            DamagedError: If it is none, or does not fit its checksum.
        """
        written = read_sealed(text)
        try:
            version = int(written.get("spec_version", SPEC_VERSION))
            return cls(
                grid=str(written.get("grid", "")),
                command=redacted(str(written.get("command", ""))),
                specs=specs_of(written, version=version),
                created=str(written.get("created", "")),
                tolerance=written.get("tolerance", written.get("tolerance_pp")),
                metric=str(written.get("metric", "accuracy")),
                guards=tuple(str(guard) for guard in written.get("guards", [])),
                group_column=str(written.get("group_column", "")),
                limited=bool(written.get("limited", False)),
                environment=dict(written.get("environment") or {}),
                notes=tuple(str(note) for note in written.get("notes", [])),
                adaptive=bool(written.get("adaptive", False)),
                candidates={k: int(n) for k, n in dict(written.get("candidates") or {}).items()},
                tuned={k: float(n) for k, n in dict(written.get("tuned") or {}).items()},
                sources={k: str(at) for k, at in dict(written.get("sources") or {}).items()},
                leaked={k: _bits(text) for k, text in dict(written.get("leaked") or {}).items()},
                altered={
                    k: (str(short), str(full))
                    for k, (short, full) in dict(written.get("altered") or {}).items()
                },
                earlier={k: int(n) for k, n in dict(written.get("earlier") or {}).items()},
                subsets={
                    k: PlannedSubset(
                        whole=str(o["whole"]), rows=int(o["rows"]), seed=int(o["seed"])
                    )
                    for k, o in dict(written.get("subsets") or {}).items()
                },
            )
        except ReleaseError:
            raise
        except (ValueError, TypeError, AttributeError, KeyError, zlib.error) as error:
            raise DamagedError(f"not a plan: {error}") from error


def _bits(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text, validate=True))


def read_curves(run: Path) -> list[TrainingCurve]:
    """The curves of a run's trainings, RUN/curves.jsonl; none where there is no such file.

    Raises:
        DamagedError: If it is not what `curves_text` gave; the message names file and line.
        DataError: If another release wrote it.
    """
    path = run / "curves.jsonl"
    if not path.exists():
        return []
    with errors_named(path):
        *lines, last = file_bytes(path).splitlines() or [b""]
        found = [_curve(line, number) for number, line in enumerate(lines, start=1)]
        told = read_sealed(last)
        if "curves" not in told:  # of an earlier release, whose last line is a curve too
            return [*found, _curve(last, len(lines) + 1)]
        if told["curves"] != [curve.spec.curve_key for curve in found]:
            raise DamagedError("lines are lacking, or are not in their order")
        return found


def curves_text(curves: Sequence[TrainingCurve]) -> str:
    """The text of curves.jsonl: a line a curve, and a last one that says which these are."""
    end = seal({"curves": [curve.spec.curve_key for curve in curves]}).decode()
    return "".join(f"{line}\n" for line in (*map(curve_to_json, curves), end))


def _curve(line: bytes, number: int) -> TrainingCurve:
    try:
        return curve_from_json(line)
    except DamagedError as error:
        raise DamagedError(f"line {number}: {error}") from error
    except DataError as error:
        raise type(error)(f"line {number}: {error}") from error


def load_plan(run: Path) -> Plan | None:
    """The plan a sweep left in RUN/plan.json, or None.

    Raises:
        DamagedError: If the file is not a plan, or not that of the rows; the message names it.
    """
    path = run / "plan.json"
    if not path.exists():
        return None
    with errors_named(path):
        plan = of_its_release(Plan.from_json(file_bytes(path)), run)
        _check_of_rows(plan, run)
        return plan


def _check_of_rows(plan: Plan, run: Path) -> None:
    """Refuse another run's plan: a sweep plans a trial before it runs, so that no row is without.

    Raises:
        DamagedError: If rows are of trials that it has not.
    """
    if plan.version != SPEC_VERSION or not plan.specs:  # empty while the training is searched
        return
    planned = {f"{spec.result_key}.json" for spec in plan.specs}
    rows = [path.name for path in (run / "trials").glob("[!.]*.json")]
    if others := sorted({*rows} - planned):
        raise DamagedError(
            f"is not the plan of this run: {len(others)} of {len(rows)} rows in trials/ are of no trial of it, such as "
            f"{others[0][:10]}"
        )


def of_its_release(plan: Plan, run: Path) -> Plan:
    """A plan with its trials by the names of the release that made the run, which its first row tells."""
    path = next(iter(sorted((run / "trials").glob("[!.]*.json"))), None)
    try:
        version = from_json(file_bytes(path)).spec.version if path else plan.version
    except DamagedError:
        version = plan.version
    if version != plan.version:
        plan = replace(plan, specs=tuple(replace(spec, version=version) for spec in plan.specs))
    notes = (plan.release_note, *plan.notes) if plan.release_note else plan.notes
    return replace(plan, notes=notes)

"""A run's folder as its reader finds it."""

import base64
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.mending import mended_by_command
from trainables.errors import AbsentError, DamagedError, DataError
from trainables.records import (
    SCHEMA_VERSION,
    curve_from_json,
    curve_to_json,
    from_json,
    read_parquet,
)
from trainables.result import TrainingCurve, TrialResult
from trainables.seals import file_bytes, read_sealed, seal, with_check
from trainables.spec import TrialSpec


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
    with _named(table):
        return read_parquet(table)


def read_row(path: Path) -> TrialResult:
    """A trial's row from its file.

    Raises:
        DamagedError: If it is none, or another trial's; the message names the file.
        DataError: If another release wrote it.
    """
    with _named(path):
        row = from_json(file_bytes(path))
        if row.spec.result_key != path.stem:
            raise DamagedError(f"holds the row of another trial, {row.spec.result_key[:12]}")
        return row


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file that an error is of, and what mends it where it is damaged."""
    try:
        with mended_by_command(path):
            yield
    except DamagedError:
        raise
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


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

    def whole_of(self, spec: TrialSpec) -> str:
        """Content of the data set that a trial is about, where it may run on a subset of it."""
        subset = self.subsets.get(spec.data_sha)
        return subset.whole if subset else spec.data_sha

    def to_json(self) -> str:
        """The text of plan.json."""
        specs = [spec.to_dict() for spec in self.specs]
        named = ("environment", "candidates", "tuned", "sources", "altered", "earlier")
        plain = {name: dict(getattr(self, name)) for name in named}
        leaked = {
            sha: base64.b64encode(zlib.compress(bits)).decode() for sha, bits in self.leaked.items()
        }
        subsets = {sha: asdict(one) for sha, one in self.subsets.items()}
        written = vars(self) | {**plain, "specs": specs, "leaked": leaked, "subsets": subsets}
        sealed = with_check({**written, "schema_version": SCHEMA_VERSION})
        return json.dumps(sealed, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Plan":
        """The plan that `to_json` wrote; that of an earlier release carries no checksum.

        Raises:
            DamagedError: If it is none, or does not fit its checksum.
        """
        written = read_sealed(text)
        try:
            return cls(
                grid=str(written.get("grid", "")),
                command=str(written.get("command", "")),
                specs=tuple(TrialSpec.from_dict(spec) for spec in written["specs"]),
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
        except (ValueError, TypeError, AttributeError, KeyError, zlib.error) as error:
            raise DamagedError(f"not a plan: {error}") from error


def _bits(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text, validate=True))


def _candidates(plans: Sequence[Plan]) -> dict[str, int]:
    """Of plans read as one: all that could be chosen in any of them, the same cut once."""
    cuts: dict[str, set[TrialSpec]] = defaultdict(set)
    for spec in (spec for plan in plans for spec in plan.specs if spec.kind == "pruned"):
        cuts[spec.data_sha].add(replace(spec, seed=0, dataset="", model=""))
    most = Counter({sha: len(own) for sha, own in cuts.items()})
    for plan in plans:
        most |= Counter(plan.candidates)
    return {sha: n for sha, n in most.items() if any(sha in plan.candidates for plan in plans)}


def _earlier(plans: Sequence[Plan]) -> dict[str, int]:
    """Of plans read as one: the most lists that any of them had to count."""
    most: Counter[str] = Counter()
    for plan in plans:
        most |= Counter(plan.earlier)
    return dict(most)


def read_curves(run: Path) -> list[TrainingCurve]:
    """The curves of a run's trainings, RUN/curves.jsonl; none where there is no such file.

    Raises:
        DamagedError: If it is not what `curves_text` gave; the message names file and line.
        DataError: If another release wrote it.
    """
    path = run / "curves.jsonl"
    if not path.exists():
        return []
    with _named(path):
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
        raise DataError(f"line {number}: {error}") from error


def load_plan(run: Path) -> Plan | None:
    """The plan a sweep left in RUN/plan.json, or None.

    Raises:
        DamagedError: If the file is not a plan; the message names it.
    """
    path = run / "plan.json"
    if not path.exists():
        return None
    with mended_by_command(path):
        return Plan.from_json(file_bytes(path))


def merged(plans: Iterable[Plan | None]) -> Plan:
    """The plan of several runs read as one: all their specs, the first one's words."""
    known = [plan for plan in plans if plan is not None]
    if len(known) < 2:
        return known[0] if known else Plan()
    first = known[0]
    return Plan(
        grid=" + ".join(dict.fromkeys(plan.grid for plan in known)),
        command="\n".join(plan.command for plan in known),
        specs=tuple(spec for plan in known for spec in plan.specs),
        created=max(plan.created for plan in known),
        tolerance=first.tolerance,
        metric=first.metric,
        guards=first.guards,
        group_column=first.group_column,
        limited=any(plan.limited for plan in known),
        environment=first.environment,
        notes=tuple(dict.fromkeys(note for plan in known for note in plan.notes)),
        adaptive=any(plan.adaptive for plan in known),
        candidates=_candidates(known),
        tuned={sha: budget for plan in known for sha, budget in plan.tuned.items()},
        sources={name: source for plan in known for name, source in plan.sources.items()},
        leaked={sha: bits for plan in known for sha, bits in plan.leaked.items()},
        altered={sha: told for plan in known for sha, told in plan.altered.items()},
        earlier=_earlier(known),
        subsets={sha: one for plan in known for sha, one in plan.subsets.items()},
    )

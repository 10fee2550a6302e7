"""A warrant: what was measured of exactly one list of rows, by seeds that chose nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from trainables.errors import DataError

WarrantState = Literal["passed", "loses more", "not decided", "incomplete", "no answer"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A mean difference, below 0 is worse, in the unit of what it is of.

    Attributes:
        mean: Of the seeds.
        low: Lower bound; None where there is no interval.
        high: Upper bound.
    """

    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class WarrantedClass:
    """The class that loses most recall.

    Attributes:
        name: As the data names it.
        change: Of its recall, in points.
        n_test: Its test rows.
        kept: Its training rows that stay.
        count: Its training rows.
    """

    name: str
    change: Measured
    n_test: int
    kept: int
    count: int


@dataclass(frozen=True, kw_only=True)
class WarrantedGuard:
    """What must hold beside the metric; of classes or groups that which has least to spare.

    Attributes:
        text: As it was written.
        label: What is judged, in words.
        group: Of which class or group; empty for all test rows.
        verdict: within, outside or inconclusive.
        change: In its unit; None where it has no value.
        unit: "pp", another unit, or none.
        tolerance: How much worse is still within.
    """

    text: str
    label: str
    group: str
    verdict: str
    change: Measured | None
    unit: str
    tolerance: float


@dataclass(frozen=True, kw_only=True)
class SweepVerdict:
    """What the sweep says of the condition that the list was made by.

    Attributes:
        verdict: within, outside or inconclusive, alone.
        change: By the seeds of the sweep.
        seeds: How many.
        protocol: "continue" or "restart".
        rate: Share removed in it.
        agreement: Mean share of the rows removed that a seed's own cut removes, too; None where not known.
    """

    verdict: str
    change: Measured
    seeds: int
    protocol: str
    rate: float
    agreement: float | None = None


@dataclass(frozen=True, kw_only=True)
class Warrant:
    """What fresh seeds that trained afresh on exactly one list of rows show; plain values alone.

    Attributes:
        list_sha: First 12 digits of the hash of the rows.
        dataset: What the data set is called.
        state: passed: within. loses more: outside. not decided: neither. incomplete: trials failed or
            have not run. no answer: the full-data runs have learned nothing to lose.
        verdict: within, outside or inconclusive, metric and guards together.
        metric: Name of what decides.
        label: The metric by itself.
        noun: The metric in a sentence.
        unit: Of differences: "pp" or another, or none.
        scale: What a value is multiplied by to be in that unit.
        higher: Whether more is better.
        tolerance: How much worse is still within, in that unit.
        gain_share: The tolerance as a share of what training gains; None where it is in the unit.
        change: Of the metric, below 0 is worse, with bounds at the level; None where no pair has ended.
        by_runs: The same mean with the bounds by noise between runs alone, which is fresh.
        level: Error of each bound.
        n_candidates: Conditions the list was chosen from: the choice of test rows counts at 1 / n_candidates
            of the level.
        earlier: Lists of the data set that were tried before in this run and did not pass.
        seeds: Fresh seeds that ended.
        n_planned: Fresh seeds there are to be.
        n_failed: Of them those whose trial on the list failed.
        diverged: Seeds whose run on the list fell out below.
        few: Test rows that carry the difference, where these are too few to decide by.
        full: Mean of the metric with all rows, as it is computed; None where not known.
        pruned: The same with the rows that stay.
        n_train: Training rows; 0 where not known.
        n_kept: Of them those that stay.
        rate: Share removed that was asked for.
        n_test: Test rows.
        worst: The class that loses most recall; None where none is known.
        guards: What must hold besides, judged.
        is_random: Whether the list was drawn by lot.
        random_finding: better, worse or no difference shown, against random lists of its size; empty where
            none were run.
        random: By how much the list beats them; None where none were run.
        sweep: What the sweep says of its condition; None where nothing.
        is_of_run: Whether it is the run's own confirmation.
        more_seeds: Fresh seeds of another try that would settle it, if mean and spread stay; None where no
            number does, or none is needed.
        more_rows: Test rows in all that would settle it; likewise.
        why_open: Why no number of seeds settles it; empty where one does.
        n_trials: Trials it rests on, full-data runs included.
        took_s: Seconds of all of them together.
        gpus: Accelerators a trial was given; 0 for none.
        full_s: Mean seconds of a full-data run's training; 0 where not measured.
        saves_s: Seconds by which a run on the list is shorter, in the mean, below 0 where it is longer; 0 where
            seeds do not agree on which.
        saves_share: Share of `saves_of` that a run on the list needs less.
        saves_of: "tokens", "examples" or "seconds", as counted; empty where nothing was.
        made: ISO time of the last trial.
        environment: Versions and device.
    """

    list_sha: str
    dataset: str
    state: WarrantState
    verdict: str
    metric: str = "accuracy"
    label: str = "accuracy"
    noun: str = ""
    unit: str = "pp"
    scale: float = 100.0
    higher: bool = True
    tolerance: float = 1.0
    gain_share: float | None = None
    change: Measured | None = None
    by_runs: Measured | None = None
    level: float
    n_candidates: int
    earlier: int = 0
    seeds: tuple[int, ...] = ()
    n_planned: int = 0
    n_failed: int = 0
    diverged: tuple[int, ...] = ()
    few: int | None = None
    full: float | None = None
    pruned: float | None = None
    n_train: int = 0
    n_kept: int = 0
    rate: float = 0.0
    n_test: int = 0
    worst: WarrantedClass | None = None
    guards: tuple[WarrantedGuard, ...] = ()
    is_random: bool = False
    random_finding: str = ""
    random: Measured | None = None
    sweep: SweepVerdict | None = None
    is_of_run: bool = False
    more_seeds: int | None = None
    more_rows: int | None = None
    why_open: str = ""
    n_trials: int = 0
    took_s: float = 0.0
    gpus: float = 0.0
    full_s: float = 0.0
    saves_s: float = 0.0
    saves_share: float = 0.0
    saves_of: str = ""
    made: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether the fresh seeds show that the list loses less than the tolerance."""
        return self.state == "passed"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Warrant":
        """The warrant that `to_dict` wrote, through JSON or not.

        Raises:
            DataError: If it is none.
        """
        try:
            told = {f.name: values[f.name] for f in fields(cls) if f.name in values}
            for name in ("change", "by_runs", "random"):
                told[name] = _measured(told.get(name))
            for name in ("seeds", "diverged"):
                told[name] = tuple(told.get(name, ()))
            told["guards"] = tuple(
                WarrantedGuard(**{**one, "change": _measured(one["change"])})
                for one in told.get("guards", ())
            )
            for name, kind in (("worst", WarrantedClass), ("sweep", SweepVerdict)):
                if one := told.get(name):
                    told[name] = kind(**{**one, "change": _measured(one["change"])})
            return cls(**told)
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"not a warrant: {error}") from error


def _measured(values: Mapping[str, Any] | None) -> Measured | None:
    return None if values is None else Measured(**values)

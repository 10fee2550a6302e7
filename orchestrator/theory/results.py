"""What the students and the theory come to: the frontier, the crossovers and the accepted table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtrit

from analysis.frontier import Frontiers, SizeFamily, frontiers
from analysis.frontier_words import frontier_sentences
from analysis.page.figures.crossover import CrossoverData, SideBySide
from analysis.page.figures.frontier import Axes, FrontierData, frontier_variants
from analysis.page.figures.style import PageTable
from analysis.page.theory_page import TheoryPage
from analysis.scaling.lines import SizedPoint
from analysis.wording import percent
from orchestrator.theory.grid import TheoryGrid
from orchestrator.theory.work import (
    TheoryTask,
    beside_crossings,
    crossing,
    simulation,
    tasks_of,
    values_of,
)
from trainables.perceptron import Keep, StudentData

_AXES = Axes(size="examples a dimension, kept", unit="examples a dimension kept")
_CONTROL = "random"
_ALPHA = 0.05


@dataclass(frozen=True)
class TheoryResults:
    """The results of a grid whose tasks are all done.

    Attributes:
        grid: What was asked for.
        folder: Of the tasks' files.
    """

    grid: TheoryGrid
    folder: Path

    def errors(self, arm: StudentData) -> np.ndarray:
        """Of the students of an arm, by repetition."""
        return values_of(simulation(self.grid, arm), self.folder)

    def exact(self, arm: StudentData) -> float:
        """In the limit of many dimensions."""
        return float(values_of(TheoryTask(kind="exact", arm=arm), self.folder)[0])

    def crossover(self, kept: float) -> float:
        """The exact alpha from which the hardest are the better ones."""
        return float(values_of(crossing(kept), self.folder)[0])

    @cached_property
    def family(self) -> SizeFamily:
        """The students over total size and kept share; no error has a floor here."""
        points: dict[str, list[SizedPoint]] = {}
        for method, arm in self.grid.frontier_arms():
            point = SizedPoint(
                total=arm.alpha, share=arm.kept, kept=arm.alpha * arm.kept,
                errors=dict(enumerate(self.errors(arm).tolist())),
            )  # fmt: skip
            points.setdefault(method, []).append(point)
        return SizeFamily(
            unpruned=tuple(points.pop("")),
            methods={method: tuple(found) for method, found in points.items()},
            controls={method: _CONTROL for method in points if method != _CONTROL},
            floor=0.0,
        )

    @cached_property
    def frontiers(self) -> Frontiers:
        """Where a frontier bends."""
        return frontiers(self.family)

    @property
    def labels(self) -> dict[str, str]:
        """The methods, as the page names them."""
        return {method: _label(*named) for method, named in self.grid.methods.items()}

    def frontier_frames(self) -> list[FrontierData]:
        """The first figure: students beside the exact curves."""
        curves: dict[tuple[Any, float], list[tuple[float, float]]] = {}
        for alpha in self.grid.curve_alphas():
            curves.setdefault((None, 1.0), []).append((alpha, self.exact(StudentData(alpha=alpha))))
            for method, share, arm in self._pruned(alpha):
                curves.setdefault((method, share), []).append((alpha * share, self.exact(arm)))
        return frontier_variants(
            "", self.family, self.frontiers, self.labels, axes=_AXES, curves=curves
        )

    def _pruned(self, alpha: float) -> Iterator[tuple[str, float, StudentData]]:
        for method, (keep, theta) in self.grid.methods.items():
            if method != _CONTROL:
                for share in self.grid.shares:
                    yield (
                        method,
                        share,
                        StudentData(alpha=alpha, kept=share, keep=keep, theta_deg=theta),
                    )

    def crossover_frames(self) -> list[CrossoverData]:
        """The second figure, the shares of the frontier first."""
        whole = [(a, self.exact(StudentData(alpha=a))) for a in self.grid.curve_alphas()]
        return [
            CrossoverData(
                share=share, exact=self.crossover(share), whole=whole,
                hard=self._curve(share, "hard"), easy=self._curve(share, "easy"),
                simulated=self._side_by_side(share),
            )
            for share in sorted(self.grid.crossings, key=lambda f: (f not in self.grid.shares, -f))
        ]  # fmt: skip

    def _curve(self, share: float, keep: Keep) -> list[tuple[float, float]]:
        arms = [StudentData(alpha=a, kept=share, keep=keep) for a in self.grid.curve_alphas()]
        return [(arm.alpha, self.exact(arm)) for arm in arms]

    def _side_by_side(self, share: float) -> list[SideBySide]:
        tasks = beside_crossings(self.grid, self.crossover)
        alphas = {task.arm.alpha for task in tasks if task.arm.kept == share}
        if share in self.grid.shares:
            alphas |= {float(alpha) for alpha in self.grid.alphas}
        return [
            _ratio(
                alpha,
                *(
                    self.errors(StudentData(alpha=alpha, kept=share, keep=k))
                    for k in ("hard", "easy")
                ),
            )
            for alpha in sorted(alphas)
        ]

    def accepted_rows(self) -> list[dict[str, Any]]:
        """The table of docs/theory.md: measured, exact, accepted."""
        rows = []
        for arm, (low, high) in self.grid.accepted:
            errors = self.errors(arm)
            mean = float(errors.mean())
            missed = self.grid.is_as_accepted and not low <= mean <= high
            rows.append(
                {
                    "alpha": arm.alpha, "kept": arm.kept, "keep": arm.keep if arm.kept < 1 else "all",
                    "theta_deg": arm.theta_deg, "mean": mean,
                    "standard_error": float(errors.std(ddof=1) / len(errors) ** 0.5),
                    "exact": self.exact(arm), "accepted_low": low, "accepted_high": high, "missed": missed,
                }
            )  # fmt: skip
        return rows

    def frontier_rows(self) -> list[dict[str, Any]]:
        """Every stretch of every method's frontier, with what is best at its upper end."""
        return [
            {
                "method": method, **asdict(stretch), "difference": stretch.difference,
                "best_kept_share": one.shares[i + 1], "error": one.errors[i + 1],
                "error_over_unpruned": one.ratios[i + 1],
            }
            for method, one in self.frontiers.methods.items()
            for i, stretch in enumerate(one.stretches)
        ]  # fmt: skip

    def student_rows(self) -> list[dict[str, Any]]:
        """Every arm that was simulated, with its exact error where that was solved for."""
        solved = {task.arm for task in tasks_of(self.grid) if task.kind == "exact"}
        tasks = [*tasks_of(self.grid), *beside_crossings(self.grid, self.crossover)]
        rows = []
        for task in dict.fromkeys(task for task in tasks if task.kind == "simulated"):
            errors, arm = values_of(task, self.folder), task.arm
            rows.append(
                {
                    **asdict(arm), "dimensions": task.dimensions, "repetitions": task.repetitions,
                    "seed": task.seed, "mean": float(errors.mean()),
                    "standard_error": float(errors.std(ddof=1) / len(errors) ** 0.5),
                    "exact": self.exact(arm) if arm in solved else None,
                }
            )  # fmt: skip
        return rows

    def page(self, name: str) -> TheoryPage:
        """What the page shows."""
        rows, crossings, grid = self.accepted_rows(), self.crossover_frames(), self.grid
        missed = sum(row["missed"] for row in rows)
        return TheoryPage(
            name=name,
            sentences=[
                " ".join(frontier_sentences(self.frontiers, self.labels, unit=_AXES.unit)),
                crossover_sentence(crossings),
                accepted_sentence(rows, grid),
            ],
            settings=(
                f"{grid.dimensions:,} dimensions, {grid.repetitions} repetitions, seed {grid.seed}; margin: the "
                "distance to the probe's boundary."
            ),
            missed=missed,
            frontier=self.frontier_frames(),
            crossover=crossings,
            accepted=accepted_table(rows),
        )


def _label(keep: str, theta_deg: float) -> str:
    if keep == "random":
        return "random"
    probe = f"a probe at {theta_deg:g}°" if theta_deg else "a perfect probe"
    return f"keeping the {keep}est by {probe}".replace("easyest", "easiest")


def _ratio(alpha: float, hard: np.ndarray, easy: np.ndarray) -> SideBySide:
    """Both arms at one total size, their ratio paired by repetition."""
    means = float(hard.mean()), float(easy.mean())
    by_repetition = hard / means[0] - easy / means[1]
    half = -float(stdtrit(len(hard) - 1, _ALPHA)) * by_repetition.std(ddof=1) / len(hard) ** 0.5
    ratio = means[0] / means[1]
    low, high = (ratio * float(np.exp(side * half)) for side in (-1, 1))
    return SideBySide(alpha=alpha, hard=means[0], easy=means[1], ratio=ratio, low=low, high=high)


def crossover_sentence(frames: Sequence[CrossoverData]) -> str:
    """From which total size on the hardest are the better ones, and at how many shares it is seen."""
    parts = [f"{one.exact:.3g} where {percent(one.share)} are kept" for one in frames[:3]]
    unseen = [percent(one.share) for one in frames if one.between is None]
    told = f"at {len(frames) - len(unseen)} of {len(frames)} kept shares"
    if unseen:
        told += f"; at {' and '.join(unseen)} the two differ by less than so many students tell"
    return (
        "Of scarce data keep the easiest, of plenty the hardest: by a perfect probe the hardest are the "
        f"better ones from so many examples a dimension on: {', '.join(parts)}. The students cross over likewise "
        f"{told}."
    )


def accepted_sentence(rows: Sequence[Mapping[str, Any]], grid: TheoryGrid) -> str:
    """How many means lie where they were accepted beforehand."""
    if not grid.is_as_accepted:
        return "The accepted intervals are of 200 dimensions and 20 repetitions; these are others, so none is judged."
    inside = sum(not row["missed"] for row in rows)
    return (
        f"{inside} of {len(rows)} measured means lie in the interval accepted for them beforehand."
    )


def accepted_table(rows: Sequence[Mapping[str, Any]]) -> PageTable:
    """As the page and docs/theory.md write it."""
    columns = (
        "alpha",
        "kept",
        "keep",
        "theta (deg)",
        "measured ± standard error",
        "theory",
        "accepted",
    )
    return PageTable(
        columns=columns,
        rows=tuple(
            (
                f"{row['alpha']:g}", f"{row['kept']:g}", row["keep"], f"{row['theta_deg']:g}",
                f"{row['mean']:.4f} ± {row['standard_error']:.4f}", f"{row['exact']:.4f}",
                f"{row['accepted_low']:g} to {row['accepted_high']:g}{' MISSED' * row['missed']}",
            )
            for row in rows
        ),
    )  # fmt: skip

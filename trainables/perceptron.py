"""A model small enough to understand pruning by: a perceptron that learns from another on what is kept.

Examples x are standard normal in n dimensions and a teacher labels them. A probe at some angle to
the teacher judges by the margin how hard an example is. The student is the perceptron of largest
margin on the examples kept, and its test error its angle to the teacher divided by pi.

References:
    Sorscher, Geirhos, Shekhar, Ganguli, Morcos, "Beyond neural scaling laws: beating power law
    scaling via data pruning", 2022, arXiv:2206.14486.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Keep = Literal["hard", "easy", "random"]
Margin = Literal["abs", "signed"]

# A set of more numbers than this (80 MB) is drawn in full only where it is kept.
LARGE = 10**7


@dataclass(frozen=True, kw_only=True)
class StudentData:
    """How many examples there are, and which of them the student sees.

    Attributes:
        alpha: Examples per parameter before pruning, above 0.
        kept: Share of them kept, in (0, 1]; at 1 the student sees all, whatever `keep` is.
        keep: Those of smallest margin ("hard"), of largest ("easy"), or any ("random").
        theta_deg: Angle between probe and teacher in degrees, in [0, 90); 0 is a perfect probe.
        margin: Distance to the probe's boundary ("abs"), or that with a minus where the probe
            errs ("signed"). Of a perfect probe they are the same.

    Raises:
        ValueError: If a field is outside its range.
    """

    alpha: float
    kept: float = 1.0
    keep: Keep = "random"
    theta_deg: float = 0.0
    margin: Margin = "abs"

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not (self.alpha > 0 and 0 < self.kept <= 1 and 0 <= self.theta_deg < 90):
            raise ValueError(f"{self}: alpha > 0, kept in (0, 1], theta_deg in [0, 90) are needed")
        if self.keep not in get_args(Keep) or self.margin not in get_args(Margin):
            raise ValueError(f"{self}: keep is of {get_args(Keep)}, margin of {get_args(Margin)}")


def simulate(
    arm: StudentData, *, n: int = 200, repeats: int = 20, seed: int = 0
) -> NDArray[np.float64]:
    """Test errors of students trained on what is kept of drawn sets.

    Arms of one alpha see the same examples in the same repetition, so their differences are
    paired. Of sets above `LARGE` numbers they share only the two coordinates that decide the cut.

    Args:
        arm: What is kept of how many examples.
        n: Dimensions, at least 3; the theory is the limit of many.
        repeats: Sets drawn.
        seed: With the repetition, decides the draw.

    Returns:
        Chance that student and teacher disagree, in [0, 1], shape (repeats,).

    Raises:
        ValueError: If n is below 3 or alpha * n below 1.
    """
    if n < 3 or arm.alpha * n < 1:
        raise ValueError(f"n is {n} and alpha {arm.alpha}; n >= 3 and alpha * n >= 1 are needed")
    errors = np.empty(repeats)
    for repetition in range(repeats):
        student = max_margin(_drawn(arm, n, np.random.default_rng([seed, repetition])))
        # Not the arccosine, which cannot tell a small angle from none.
        errors[repetition] = np.arctan2(np.linalg.norm(student[1:]), student[0]) / np.pi
    return errors


def max_margin(labelled: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shortest w with w.x >= 1 for every example times its label; exact, with no step size.

    Args:
        labelled: Examples times their label, shape (k, n), all on one side of some hyperplane
            through the origin.

    Returns:
        w, shape (n,); the margin is 1 / |w|.

    References:
        Lawson, Hanson, "Solving Least Squares Problems", 1974, chapter 23: least distance
        programming as non-negative least squares.
    """
    from scipy.optimize import nnls

    k, n = labelled.shape
    stacked = np.vstack([labelled.T, np.ones(k)])
    target = np.eye(n + 1)[n]
    multipliers, _ = nnls(stacked, target, maxiter=50 * k)
    residual = stacked @ multipliers - target
    shortest: NDArray[np.float64] = -residual[:n] / residual[n]
    return shortest


def asymptotic_error(arm: StudentData) -> float:
    """Test error in the limit of many dimensions: theory, without a student.

    Split a student of length 1 into its part (a, b) in the plane of teacher and probe and the
    length s outside. Its largest margin kappa solves, over the labelled examples kept (u, v) in
    the plane and g standard normal,

        alpha * kept * E[max(0, kappa - a u - b v - s g)^2] = s^2,

    and learning maximises kappa over (a, b). Below, all is divided by s: k is kappa / s.

    Args:
        arm: What is kept of how many examples.

    Returns:
        Chance that student and teacher disagree, in [0, 0.5]: to three digits for a perfect probe,
        within 2 % for another, and within 3 % where less than 1 % is kept.

    References:
        Gordon, "On Milman's inequality and random subspaces which escape through a mesh in R^n",
        1988. Of a perfect probe the replica solution of arXiv:2206.14486 gives the same.
    """
    from scipy.optimize import minimize

    if arm.keep == "random":
        arm = StudentData(alpha=arm.alpha * arm.kept)
    plane = _population(arm)

    def minus_kappa(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Its value and slope at the logarithm of the length of (a, b) / s and its angle."""
        inside = np.exp(at[0]) * np.array([np.cos(at[1]), np.sin(at[1])])
        k, k_slope = _largest_k(plane, inside, arm.alpha * arm.kept)
        length = np.hypot(1, np.exp(at[0]))
        slope = k * inside / length**3 - k_slope / length
        return -k / length, np.array([slope @ inside, slope @ [-inside[1], inside[0]]])

    start = [np.log(arm.alpha), 0.0]
    found = minimize(minus_kappa, start, jac=True, method="BFGS", options={"gtol": 1e-10})
    length, angle = np.exp(found.x[0]), found.x[1]
    across = np.hypot(1, length * np.sin(angle))
    return float(np.arctan2(across, length * np.cos(angle)) / np.pi)


def crossover_alpha(kept: float) -> float:
    """The examples per parameter from which the hardest are the better ones to keep, by a perfect probe.

    Args:
        kept: Share kept, in (0, 1).

    Returns:
        The alpha at which keeping the hardest and the easiest have the same error in the limit of many
        dimensions, to three digits.
    """
    from scipy.optimize import brentq

    def ahead(log_alpha: float) -> float:
        alpha = float(np.exp(log_alpha))
        hard, easy = (
            asymptotic_error(StudentData(alpha=alpha, kept=kept, keep=keep))
            for keep in get_args(Keep)[:2]
        )
        return float(np.log(hard / easy))

    # Below 1.5 examples a parameter kept, hard labels can be learned without the teacher at any share.
    ends = np.log([1.5 / kept, 40 / kept])
    return float(np.exp(brentq(ahead, *ends, xtol=5e-4)))


def _drawn(arm: StudentData, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Examples kept times their label, shape (k, n); the teacher is the first axis."""
    p = round(arm.alpha * n)
    plane = rng.standard_normal((p, 2))
    rows = _kept(plane, arm)
    if p * n > LARGE:
        rest = rng.standard_normal((len(rows), n - 2))
    else:
        rest = rng.standard_normal((p, n - 2))[rows]
    return _labels(plane[rows])[:, None] * np.hstack([plane[rows], rest])


def _labels(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the teacher says, 1 or -1."""
    return np.where(plane[:, 0] < 0, -1.0, 1.0)


def _kept(plane: NDArray[np.float64], arm: StudentData) -> NDArray[np.intp]:
    """Rows kept, by their coordinates along the teacher and across it, shape (p, 2)."""
    k = max(1, round(arm.kept * len(plane)))
    if arm.keep == "random":
        return np.arange(k)  # Rows are drawn in no order.
    theta = np.deg2rad(arm.theta_deg)
    margins = _labels(plane) * (plane @ [np.cos(theta), np.sin(theta)])
    if arm.margin == "abs":
        margins = np.abs(margins)
    hardest_first = np.argsort(margins, kind="stable")
    return hardest_first[:k] if arm.keep == "hard" else hardest_first[-k:]


def _population(arm: StudentData) -> NDArray[np.float64]:
    """Examples kept times their label, evenly spread over the plane of teacher and probe."""
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    log2_points = 16 if arm.theta_deg else 14  # To fill a plane takes more than to fill a line.
    spread = Sobol(2, scramble=False).random_base2(log2_points) + 0.5 ** (log2_points + 1)
    # Times their labels x and -x are one example: the probe's own side is enough.
    along, across = ndtri(0.5 + 0.5 * spread[:, 0]), ndtri(spread[:, 1])
    if arm.theta_deg == 0:
        across[:] = 0  # Nothing depends on it: it would only add the noise of its spread.
    theta = np.deg2rad(arm.theta_deg)
    probe = [np.cos(theta), np.sin(theta)]
    plane = np.outer(along, probe) + np.outer(across, [-probe[1], probe[0]])
    rows = _kept(plane, arm)
    labelled: NDArray[np.float64] = _labels(plane[rows])[:, None] * plane[rows]
    return labelled


def _largest_k(
    plane: NDArray[np.float64], inside: NDArray[np.float64], alpha: float
) -> tuple[float, NDArray[np.float64]]:
    """The k with alpha * E[max(0, k - plane @ inside - g)^2] = 1, and its slope by inside."""
    from scipy.special import ndtr

    along = plane @ inside
    # The left side is convex and above 1 here, so that Newton's steps all go down to the root.
    k, step = along.max() + alpha**-0.5, np.inf
    while step > 1e-12 * (1 + abs(k)):
        z = k - along
        below, density = ndtr(z), np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        excess = z * below + density
        step = (np.mean(z * excess + below) - 1 / alpha) / (2 * np.mean(excess))
        k -= step
    return float(k), excess @ plane / excess.sum()

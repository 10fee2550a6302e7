"""Which students of the perceptron theory are simulated, and which errors are solved for."""

from collections.abc import Iterator
from dataclasses import dataclass

from trainables.perceptron import Keep, StudentData

# Arms, and the interval in which the mean error of 20 repetitions in 200 dimensions is to lie: set
# before the product's simulation was run, from another one of 20 repetitions.
ACCEPTED: tuple[tuple[StudentData, tuple[float, float]], ...] = (
    (StudentData(alpha=2), (0.178, 0.199)),
    (StudentData(alpha=20), (0.0228, 0.0270)),
    (StudentData(alpha=2, kept=0.5, keep="hard"), (0.305, 0.338)),
    (StudentData(alpha=2, kept=0.5, keep="easy"), (0.172, 0.192)),
    (StudentData(alpha=20, kept=0.2, keep="hard"), (0.0228, 0.0272)),
    (StudentData(alpha=20, kept=0.2, keep="easy"), (0.0440, 0.0515)),
    (StudentData(alpha=20, kept=0.2, keep="random"), (0.108, 0.121)),
    (StudentData(alpha=20, kept=0.5, keep="hard"), (0.0230, 0.0270)),
    (StudentData(alpha=20, kept=0.5, keep="random"), (0.0450, 0.0520)),
    (StudentData(alpha=20, kept=0.2, keep="hard", theta_deg=20), (0.11, 0.18)),
    (StudentData(alpha=20, kept=0.2, keep="hard", theta_deg=40), (0.19, 0.23)),
    (StudentData(alpha=20, kept=0.5, keep="hard", theta_deg=20), (0.0240, 0.0290)),
)
DIMENSIONS, REPETITIONS = 200, 20


@dataclass(frozen=True, kw_only=True)
class TheoryGrid:
    """What `--grid theory` computes.

    Attributes:
        alphas: Examples per dimension before pruning, each twice the one before: kept shares that are
            powers of 1/2 then meet at the same numbers kept.
        shares: Shares kept, below 1.
        probe_deg: The angle of the imperfect probe.
        crossings: Shares kept at which keeping the hardest is held against keeping the easiest.
        beside: Factors of the exact crossover at which both are simulated.
        per_octave: Points of an exact curve from one alpha to the next.
        accepted: Arms with the interval of their mean.
        dimensions: Of the simulation.
        repetitions: Sets drawn of each arm.
        seed: With the repetition, decides the draw.
    """

    alphas: tuple[float, ...] = (1, 2, 4, 8, 16)
    shares: tuple[float, ...] = (0.5, 0.25, 0.125)
    probe_deg: float = 20.0
    crossings: tuple[float, ...] = (0.125, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8)
    beside: tuple[float, float] = (0.8, 1.25)
    per_octave: int = 3
    accepted: tuple[tuple[StudentData, tuple[float, float]], ...] = ACCEPTED
    dimensions: int = DIMENSIONS
    repetitions: int = REPETITIONS
    seed: int = 0

    @property
    def is_as_accepted(self) -> bool:
        """Whether the accepted intervals are of so many dimensions and repetitions."""
        return (self.dimensions, self.repetitions, self.seed) == (DIMENSIONS, REPETITIONS, 0)

    @property
    def methods(self) -> dict[str, tuple[Keep, float]]:
        """What is kept, and the angle of the probe, of each method of the frontier."""
        return {
            "hard": ("hard", 0.0),
            "easy": ("easy", 0.0),
            f"hard, probe {self.probe_deg:g}°": ("hard", self.probe_deg),
            "random": ("random", 0.0),
        }

    def frontier_arms(self) -> Iterator[tuple[str, StudentData]]:
        """Every arm of the frontier with its method; "" without pruning."""
        for alpha in self.alphas:
            yield "", StudentData(alpha=alpha)
            for method, (keep, theta) in self.methods.items():
                for share in self.shares:
                    arm = StudentData(alpha=alpha, kept=share, keep=keep, theta_deg=theta)
                    yield method, arm

    def curve_alphas(self) -> list[float]:
        """Where the exact curves are solved for."""
        many = self.per_octave
        steps = [start * 2 ** (i / many) for start in self.alphas[:-1] for i in range(many)]
        return [*steps, self.alphas[-1]]

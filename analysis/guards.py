"""Guards: what must hold beside the metric, on all test rows or on each group of them."""

from dataclasses import dataclass

from analysis.metrics import Metric
from analysis.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A guard of one condition, judged.

    Attributes:
        label: As a sentence has it, such as "recall of the worst class".
        metric: What is judged.
        verdict: Of it, in the metric's unit, by the guard's own margin.
        group: The class or group of test rows it is of; empty where it is of all.
    """

    label: str
    metric: Metric
    verdict: Verdict
    group: str = ""

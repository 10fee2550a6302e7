"""A condition on the answers, for continuous integration: NAME>=RATE."""

import re
from dataclasses import dataclass

from analysis.safe_rates import rate_curves, safe_of
from analysis.study import Study
from analysis.wording import percent
from trainables.errors import UsageError

_WRITTEN = re.compile(r"(?P<name>.+?)\s*>=\s*(?P<rate>0?\.\d+|0|[1-9]\d*%)")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What must be shown of a data set.

    Attributes:
        name: The data set, as the report names it.
        rate: The least rate that must be within, in [0, 1).
    """

    name: str
    rate: float

    @classmethod
    def of(cls, text: str) -> "Gate":
        """A gate as written, such as imdb>=0.1 or imdb>=10%.

        Raises:
            ValueError: If it is not written so.
        """
        found = _WRITTEN.fullmatch(text.strip())
        if not found:
            raise UsageError(f"gate {text!r}; write NAME>=RATE, such as 'imdb>=0.10'")
        written = found["rate"]
        rate = float(written[:-1]) / 100 if written.endswith("%") else float(written)
        if not rate < 1:
            raise UsageError(f"gate {text!r}: a rate is a share in [0, 1)")
        return cls(name=found["name"], rate=rate)


def unmet(study: Study, gates: list[Gate]) -> list[str]:
    """One sentence for each gate that the largest safe rate of its data set does not reach.

    Raises:
        ValueError: If the run has no such data set.
    """
    safe = {
        name: max((safe_of(rows).tested for rows in rate_curves(study, source).values()), default=0)
        for source, name in study.sources.items()
    }
    for gate in gates:
        if gate.name not in safe:
            raise UsageError(
                f"gate: no data set {gate.name!r} in this run; it has {', '.join(safe)}"
            )
    return [
        f"{gate.name}: {percent(gate.rate)} asked, {percent(safe[gate.name])} shown to be within"
        for gate in gates
        if safe[gate.name] < gate.rate
    ]

"""A condition on the answers, for continuous integration: NAME>=RATE."""

import re
from dataclasses import dataclass

from analysis.answers import Answer, answers, passes_alone
from analysis.methods import Condition, DatasetId
from analysis.safe_rates import rate_curves
from analysis.study import Study
from analysis.wording import percent
from trainables.errors import UsageError

_SHARE = r"0?\.\d+|0|[1-9]\d*%"
# NAME, then if a method is named beforehand :SIGNAL[:SELECTOR]@WARM-UP, then >=RATE.
_WRITTEN = re.compile(
    rf"(?P<name>.+?)(:(?P<signal>\w+)(:(?P<selector>\w+))?@(?P<warmup>{_SHARE}))?"
    rf"\s*>=\s*(?P<rate>{_SHARE})"
)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What must be shown of a data set.

    Attributes:
        name: The data set, as the report names it.
        rate: The least rate that must be within, in [0, 1).
        signal: The signal named beforehand; empty for the best of all that were tried.
        selector: Its selector, where the run has several.
        warmup: After which warm-up, in [0, 1).
    """

    name: str
    rate: float
    signal: str = ""
    selector: str = ""
    warmup: float = 0.0

    @classmethod
    def of(cls, text: str) -> "Gate":
        """A gate as written, such as imdb>=0.1 or imdb:keep_one@15%>=10%.

        Raises:
            UsageError: If it is not written so.
        """
        found = _WRITTEN.fullmatch(text.strip())
        if not found:
            raise UsageError(
                f"gate {text!r}; write NAME>=RATE, such as 'imdb>=0.10', or with the method named "
                "beforehand NAME:SIGNAL@WARMUP>=RATE, such as 'imdb:keep_one@0.15>=0.10'"
            )
        rate, warmup = (_share(found[part] or "0") for part in ("rate", "warmup"))
        if not (rate < 1 and warmup < 1):
            raise UsageError(f"gate {text!r}: rate and warm-up are shares in [0, 1)")
        return cls(
            name=found["name"], rate=rate, signal=found["signal"] or "",
            selector=found["selector"] or "", warmup=warmup,
        )  # fmt: skip

    def is_of(self, condition: Condition) -> bool:
        """Whether a condition is of the method named beforehand."""
        return (
            condition.signal == self.signal
            and self.selector in ("", condition.selector)
            and abs(condition.warmup - self.warmup) < 1e-9
        )


def _share(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def unmet(study: Study, gates: list[Gate]) -> list[str]:
    """One sentence for each gate that is not met.

    Without a method named, what counts is the answer that the page gives: found with every method
    tried counted. A method named beforehand is tested alone, from its smallest rate on.

    Raises:
        UsageError: If the run has no such data set or method, or several that fit.
    """
    found = {one.name: one for one in answers(study)}
    for gate in gates:
        if gate.name not in found:
            raise UsageError(
                f"gate: no data set {gate.name!r} in this run; it has {', '.join(found)}"
            )
    told = (_told(study, gate, found[gate.name]) for gate in gates)
    return [sentence for sentence in told if sentence]


def _told(study: Study, gate: Gate, answer: Answer) -> str:
    """Why a gate is not met; empty where it is."""
    asked = f"{gate.name}: {percent(gate.rate)} asked"
    if answer.state == "no answer":
        return f"{asked}, and the full-data runs are not shown to have learned anything to lose"
    if gate.signal:
        rate = _named(study, gate, answer.source)
        by = f"by {gate.signal} after {percent(gate.warmup)} warm-up"
        return "" if rate >= gate.rate else f"{asked} {by}, {percent(rate)} shown to be within"
    if answer.rate >= gate.rate:
        return ""
    state = "" if answer.state in ("found", "none") else f" ({answer.state} only)"
    return f"{asked}, {percent(answer.rate)} shown to be within{state}"


def _named(study: Study, gate: Gate, source: DatasetId) -> float:
    """The largest rate of the method named beforehand that is within, tested alone."""
    curves = rate_curves(study, source)
    fitting = [rows for rows in curves.values() if gate.is_of(rows[0].cell.condition)]
    if len(fitting) != 1:
        have = sorted(
            {f"{c.signal}:{c.selector}@{c.warmup:g}"
             for rows in curves.values() for c in [rows[0].cell.condition]}
        )  # fmt: skip
        which = "fits no method" if not fitting else f"fits {len(fitting)} methods"
        raise UsageError(
            f"gate: {gate.signal}:{gate.selector or '…'}@{gate.warmup:g} {which} of {gate.name}; "
            f"it has {', '.join(have)}"
        )
    return passes_alone(study, fitting[0])

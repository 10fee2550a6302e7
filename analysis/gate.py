"""A condition on the answers, for continuous integration: NAME>=RATE."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from analysis.answers import Answer, answers, passes_alone
from analysis.methods import DatasetId, RateCurve
from analysis.safe_rates import rate_curves
from analysis.study import Study
from analysis.wording import percent
from trainables.errors import UsageError

_SHARE = r"0?\.[0-9]+|0|[1-9][0-9]*(?:\.[0-9]+)?%|0?\.[0-9]+%"
# NAME>=RATE, or with a method named beforehand NAME:SIGNAL[:SELECTOR]@WARM-UP>=RATE.
_WRITTEN = re.compile(rf"(?P<name>.+?)(@(?P<warmup>{_SHARE}))?\s*>=\s*(?P<rate>{_SHARE})")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What must be shown of a data set.

    Attributes:
        name: The data set, as the report names it; with a warm-up NAME:SIGNAL[:SELECTOR].
        rate: The least rate that must be within, in [0, 1).
        warmup: Of the method named beforehand, in [0, 1); None for the best of all tried.
    """

    name: str
    rate: float
    warmup: float | None = None

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
        rate, warmup = _share(found["rate"]), found["warmup"]
        if not (rate < 1 and _share(warmup or "0") < 1):
            raise UsageError(f"gate {text!r}: rate and warm-up are shares in [0, 1)")
        return cls(name=found["name"], rate=rate, warmup=_share(warmup) if warmup else None)

    def data_set(self, names: Iterable[str]) -> str:
        """The data set of a run that is meant.

        Raises:
            UsageError: If the run has none of that name.
        """
        known = list(names)
        fitting = [name for name in known if self.name == name and self.warmup is None]
        if self.warmup is not None:
            fitting = [name for name in known if self.name.startswith(f"{name}:")]
        if not fitting:
            raise UsageError(
                f"gate: no data set {self.name!r} in this run; it has {', '.join(known)}"
            )
        return max(fitting, key=len)


def _share(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


# States in which the rate says all.
_PLAIN = ("confirmed", "found", "none")


def unmet(study: Study, gates: list[Gate]) -> list[str]:
    """One sentence for each gate that is not met.

    Without a method named, what counts is the answer that the page gives: found with every method
    tried counted. A method named beforehand is tested alone, from its smallest rate on.

    Raises:
        UsageError: If the run has no such data set or method, or several that fit.
    """
    found = {one.name: one for one in answers(study)}
    told = [_told(study, gate, found[gate.data_set(found)]) for gate in gates]
    return [sentence for sentence in told if sentence]


def _told(study: Study, gate: Gate, answer: Answer) -> str:
    """Why a gate is not met; empty where it is."""
    asked = f"{answer.name}: {percent(gate.rate)} asked"
    method = gate.name.removeprefix(f"{answer.name}:")
    named = _named(study, gate, answer.source, method) if gate.warmup is not None else None
    if answer.state == "no answer":
        return f"{asked}, and the full-data runs are not shown to have learned anything to lose"
    if named is not None:
        by = f"by {method} after {percent(gate.warmup or 0.0)} warm-up"
        return "" if named >= gate.rate else f"{asked} {by}, {percent(named)} shown to be within"
    if answer.rate >= gate.rate:
        return ""
    state = "" if answer.state in _PLAIN else f" ({answer.state})"
    return f"{asked}, {percent(answer.rate)} shown to be within{state}"


def _named(study: Study, gate: Gate, source: DatasetId, method: str) -> float:
    """The largest rate of the method named beforehand that is within, tested alone."""
    curves = rate_curves(study, source)
    fitting = [rows for curve, rows in curves.items() if _is_of(curve, method, gate)]
    if len(fitting) != 1:
        have = [
            f"{curve.method.signal}:{curve.method.selector}@{percent(curve.warmup)}"
            f" ({study.methods[curve.method]})"
            for curve in curves
        ]
        which = "fits no method" if not fitting else f"fits {len(fitting)} methods"
        raise UsageError(
            f"gate: {method}@{percent(gate.warmup or 0.0)} {which} of this data set; it has {', '.join(have)}"
        )
    return passes_alone(study, fitting[0])


def _is_of(curve: RateCurve, method: str, gate: Gate) -> bool:
    """Whether a method after a warm-up is the one named beforehand."""
    names = (curve.method.signal, f"{curve.method.signal}:{curve.method.selector}")
    return method in names and abs(curve.warmup - (gate.warmup or 0.0)) < 5e-4

"""How a trial is called where a person reads of it."""

from collections.abc import Mapping

from trainables.evidence.requirements import settings_of
from trainables.selection.dynamic import POLICIES
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import NULL, Setting, TrialSpec


def title(spec: TrialSpec) -> str:
    """A trial in a few words, such as: imdb redundancy global w15 p30 s11."""
    if spec.is_baseline:
        return f"{spec.dataset} full s{spec.seed}"
    if spec.kind == "null":
        return f"{spec.dataset} null w{100 * spec.warmup:02.0f} s{spec.seed}"
    if spec.kind == "fixed":
        return f"{spec.dataset} list of {arm_text(spec)} p{100 * spec.rate:02.0f} s{spec.seed}"
    return (
        f"{spec.dataset} {arm_text(spec)} "
        f"w{100 * spec.warmup:02.0f} p{100 * spec.rate:02.0f} s{spec.seed}"
    )


def arm_text(spec: TrialSpec) -> str:
    """Signal and selector as a command asks for them, such as: keep_one,probes=8 global."""
    if spec.kind == "null":
        return NULL
    usual = SELECTORS[spec.selector].settings if spec.selector in SELECTORS else {}
    selector = _with_settings(spec.selector, spec.selector_settings, usual)
    return f"{signal_text(spec)} {selector}" + " high" * (spec.prune == "high")


def signal_text(spec: TrialSpec) -> str:
    """A signal with its settings where they are not the defaults, such as: keep_one,probes=8.

    Settings of a user's own code are always named.
    """
    usual: Mapping[str, Setting] = {}
    if spec.kind == "dynamic":
        usual = POLICIES[spec.signal].settings
    elif spec.signal in SIGNALS:
        usual = settings_of(SIGNALS[spec.signal].score)
    return _with_settings(spec.signal, spec.settings, usual)


def _with_settings(
    name: str, settings: tuple[tuple[str, Setting], ...], defaults: Mapping[str, Setting]
) -> str:
    changed = [
        f"{option}={value}" for option, value in settings if (option, value) not in defaults.items()
    ]
    return ",".join([name, *changed])

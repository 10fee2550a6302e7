"""A method of a run by the name a person gives it: as --signal takes it, or as the page calls it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analysis.methods import Method, RateCurve
from analysis.wording import percent
from trainables.errors import UsageError
from trainables.spec import Setting
from trainables.suggestions import did_you_mean
from trainables.written_numbers import real_number

_USUAL = ("global", "low")  # selector and end where --signal names none


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a name says of selector and end; empty where it says nothing."""

    selector: str
    end: str

    @property
    def usual(self) -> tuple[str, str]:
        """Selector and end as --signal reads the name."""
        return self.selector or _USUAL[0], self.end or _USUAL[1]


def curve_texts(labels: Mapping[Method, str], curves: Iterable[RateCurve]) -> dict[RateCurve, str]:
    """The shortest name of each method after a warm-up that no other of them has.

    It is written as --signal takes it, such as redundancy:global, el2n,k=5:floor:high@0.15.

    Args:
        labels: What the page calls the methods, each another name.
        curves: To be named.
    """
    curves = list(curves)
    texts: dict[RateCurve, str] = {}
    for write in (
        _plain,
        _with_settings,
        _with_warmup,
        lambda c, _: f"{labels[c.method]}@{c.warmup:g}",
    ):
        left = [curve for curve in curves if curve not in texts]
        alike = {c: [o for o in left if _plain(o, []) == _plain(c, [])] for c in left}
        written = {curve: write(curve, alike[curve]) for curve in left}
        counts = Counter(written.values())
        texts |= {curve: text for curve, text in written.items() if counts[text] == 1}
    return {curve: texts[curve] for curve in curves if curve in texts}


def _plain(curve: RateCurve, _: Iterable[RateCurve]) -> str:
    method = curve.method
    return ":".join([method.signal, method.selector, *(["high"] * (method.prune == "high"))])


def _with_settings(curve: RateCurve, alike: Iterable[RateCurve]) -> str:
    """A method with the settings in which those of its signal and selector differ."""
    method, others = curve.method, [one.method for one in alike]
    parts = []
    for name, of in ((method.signal, "settings"), (method.selector, "selector_settings")):
        shared = set.intersection(*(set(getattr(one, of)) for one in others))
        own = [f"{k}={_written(v)}" for k, v in getattr(method, of) if (k, v) not in shared]
        parts.append(",".join([name, *own]))
    return ":".join([*parts, *(["high"] * (method.prune == "high"))])


def _with_warmup(curve: RateCurve, alike: Iterable[RateCurve]) -> str:
    return f"{_with_settings(curve, alike)}@{curve.warmup:g}"


def _written(value: Setting) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def named_curve(
    labels: Mapping[Method, str], curves: Iterable[RateCurve], text: str, *, of: str
) -> RateCurve:
    """The method, after a warm-up, that a name stands for.

    Args:
        labels: What the page calls the methods.
        curves: Those there are, each a method after a warm-up.
        text: NAME[,NAME=VALUE...][:SELECTOR[,...]][:high], or as the page has it; with @WARMUP behind it
            where there are several warm-ups.
        of: What the data set is called.

    Raises:
        UsageError: If it stands for none of them, or for several; they are listed.
    """
    texts = curve_texts(labels, curves)
    name, warmup = _split(text)
    at = [curve for curve in texts if warmup is None or abs(curve.warmup - warmup) < 5e-4]
    fitting = [curve for curve in at if labels[curve.method].casefold() == name.casefold()]
    if not fitting:
        asked = {curve: one for curve in at if (one := _asked(name, curve.method))}
        usual = [c for c, one in asked.items() if one.usual == (c.method.selector, c.method.prune)]
        fitting = usual or list(asked)
    if len(fitting) == 1:
        return fitting[0]
    have = "; ".join(
        f"{texts[curve]!r} ({labels[curve.method]}, {percent(curve.warmup)} warm-up)"
        for curve in fitting or texts
    )
    if fitting:
        raise UsageError(
            f"--method {text!r} fits {len(fitting)} methods of {of}; name one of them: {have}"
        )
    signals = dict.fromkeys(curve.method.signal for curve in texts)
    near = did_you_mean(text, [*signals, *texts.values(), *labels.values()])
    raise UsageError(f"--method {text!r} is no method of {of}; it has {have}.{near}")


def _split(text: str) -> tuple[str, float | None]:
    """A name and the warm-up behind its last @, if there is one."""
    name, _, tail = text.rpartition("@")
    try:
        share = real_number(tail.removesuffix("%")) / (100 if tail.endswith("%") else 1)
    except ValueError:
        return text, None
    return (name, share) if name else (text, None)


def _asked(text: str, method: Method) -> _Asked | None:
    """What a name says of selector and end, where it may be that of a method; else None."""
    settings, rest = _taken(text, method.signal, method.settings)
    if settings is None:
        return None
    rest, end = (rest[: -len(e) - 1], e) if (e := _end(rest)) else (rest, "")
    if end and end != method.prune:
        return None
    if not rest:
        return _Asked(selector="", end=end)
    settings, left = _taken(rest[1:], method.selector, method.selector_settings)
    return _Asked(selector=method.selector, end=end) if settings is not None and not left else None


def _end(rest: str) -> str:
    return next((end for end in ("low", "high") if rest.endswith(f":{end}")), "")


def _taken(
    text: str, name: str, has: Iterable[tuple[str, Setting]]
) -> tuple[list[str] | None, str]:
    """The settings behind a name at the front of a text, if it has them all, and what is left."""
    left = text.removeprefix(name)
    if left == text or left[:1] not in ("", ",", ":"):
        return None, text
    written, colon, rest = left.partition(":")
    pairs = [pair for pair in written.split(",") if pair]
    known = {key: _written(value) for key, value in has}
    fits = all(_is_alike(known.get(key), value) for key, _, value in map(_pair, pairs))
    return (pairs if fits else None), colon + rest


def _pair(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def _is_alike(known: str | None, value: str) -> bool:
    if known is None:
        return False
    try:
        return float(known) == float(value)
    except ValueError:
        return known.casefold() == value.casefold()

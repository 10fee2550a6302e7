"""How methods are drawn: one colour and shape each, the same in every figure, no two alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analysis.methods import Method
from analysis.page.figures.style import CONTROL, Spec

# Darkened Okabe-Ito: the originals fall below a contrast of 3 to 1 on white.
_SIGNALS = {
    "redundancy": ("#0067A3", "circle"),
    "redundancy_within_class": ("#2E8FC9", "circle"),
    "keep_one": ("#7A5BC2", "triangle-down"),
    "el2n": ("#C24E00", "square"),
    "forgetting": ("#00825D", "diamond"),
    "memorization": ("#A8508A", "triangle-up"),
    "prototypes": ("#A86A00", "cross"),
    "random": (CONTROL, "x-thin"),
}
_COLORS = tuple(color for color, _ in _SIGNALS.values() if color != CONTROL)
# Without the star, which is the full data.
_MORE = (
    "hexagon", "bowtie", "pentagon", "hourglass", "triangle-left", "diamond-tall", "star-diamond",
    "hexagram", "star-square", "diamond-wide", "triangle-right", "star-triangle-up", "octagon",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Marker:
    """How a method is drawn; open where it is not cut over the whole set."""

    color: str
    symbol: str


def markers(labels: Mapping[Method, str]) -> dict[Method, Marker]:
    """A colour and a shape for each method: of its signal, as long as no other has them.

    Of several methods of one signal and filling, such as by two models, the first has the signal's own
    and the others another shape in its colour. Methods of one name are drawn alike.

    Args:
        labels: The names of all methods of a run, so that a method is drawn alike in every figure.
    """
    found: dict[str, Marker] = {}
    fresh: dict[str, int] = {}
    for method, label in labels.items():
        if label in found:
            continue
        at = 0 if method.signal in _SIGNALS else fresh.setdefault(method.signal, len(fresh))
        color, symbol = _SIGNALS.get(method.signal, _fresh(at))
        shapes = (_filled(shape, method.selector) for shape in (symbol, *_MORE))
        looks = [Marker(color=color, symbol=shape) for shape in shapes]
        taken = set(found.values())
        found[label] = next((look for look in looks if look not in taken), looks[0])
    return {method: found[label] for method, label in labels.items()}


def told_apart(marks: Mapping[Method, Marker], shown: Iterable[Method]) -> dict[Method, Marker]:
    """The marks of one legend: of several with one colour or shape the later take one that is free.

    Signals with looks of their own keep them; those of one signal share its colour.
    """
    shown = list(shown)
    owners: dict[str, str] = {}
    found: dict[Method, Marker] = {}
    for method in sorted(shown, key=lambda method: method.signal not in _SIGNALS):
        own = marks[method]
        mine = [color for color, signal in owners.items() if signal == method.signal]
        free = [color for color in (own.color, *_COLORS) if color not in owners]
        color = next(iter([*mine, *free]), own.color)
        owners.setdefault(color, method.signal)
        shapes = (own.symbol, *(_filled(shape, method.selector) for shape in _MORE))
        taken = {one.symbol for one in found.values()}
        symbol = next((shape for shape in shapes if shape not in taken), own.symbol)
        found[method] = Marker(color=color, symbol=symbol)
    return {method: found[method] for method in shown}


def _fresh(at: int) -> tuple[str, str]:
    """Colour and shape of a signal without its own: neighbours differ in both, the first 49 in either."""
    # Redundancy, keep_one and el2n are in most runs: the colours of others come first.
    return _COLORS[(at + 4) % len(_COLORS)], _MORE[(at + at // len(_COLORS)) % len(_MORE)]


def _filled(symbol: str, selector: str) -> str:
    is_open = selector != "global" and not symbol.endswith("-thin")
    return symbol + ("-open" if is_open else "")


def marker_spec(marker: Marker, size: int = 11) -> Spec:
    """Plotly's marker of a method."""
    line = {"width": 2.5 if marker.symbol.endswith("-thin") else 2, "color": marker.color}
    return {"color": marker.color, "symbol": marker.symbol, "size": size, "line": line}

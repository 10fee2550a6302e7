"""How conditions and numbers are written for a reader."""

from collections.abc import Iterable
from dataclasses import fields

from analysis.methods import Condition, DatasetId, Method
from trainables.training_settings import Training
from trainables.written_numbers import many

MARKS = {"within": "✓", "outside": "✗", "inconclusive": "?"}
_CAPITALS = {
    "el2n": "EL2N", "el2n_ensemble": "EL2N ensemble", "grand": "GraNd", "d2": "D2", "d4": "D4",
    "grand_ensemble": "GraNd ensemble", "grand_full": "GraNd full", "aum": "AUM", "trak": "TRAK",
    "tracin": "TracIn", "tracin_self": "TracIn self", "less": "LESS", "semdedup": "SemDeDup",
    "knn_shapley": "KNN-Shapley", "tfidf": "TF-IDF", "infobatch": "InfoBatch",
    "cld": "CLD", "dual": "DUAL", "zcore": "ZCore",
}  # fmt: skip


def method_labels(methods: Iterable[Method], *, with_training: bool = True) -> dict[Method, str]:
    """A name for each method, in the order given: signal and selector, and what else differs.

    Each setting, the model, the learner, the training and the protocol are named only where a run
    has more than one of them; who scores, wherever that is not what is trained.

    Args:
        methods: To be named.
        with_training: Name the training, where there are several: not where each data set has its own.
    """
    methods = list(dict.fromkeys(methods))
    varied = {
        name: len({getattr(method, name) for method in methods}) > 1
        for name in ("model", "learner", "training", "protocol")
    }
    varied["training"] &= with_training
    alike: dict[tuple[str, str], list[Method]] = {}
    for method in methods:
        alike.setdefault((_scores_label(method), method.selector), []).append(method)
    return {
        method: _method_label(method, alike[_scores_label(method), method.selector], varied)
        for method in methods
    }


def _method_label(method: Method, alike: list[Method], varied: dict[str, bool]) -> str:
    extras = ["high end pruned"] if method.prune == "high" else []
    for name in ("settings", "selector_settings"):
        shared = set.intersection(*(set(getattr(one, name)) for one in alike))
        extras += [
            f"{key} {value}" for key, value in getattr(method, name) if (key, value) not in shared
        ]
    for name in ("signal_sha", "selector_sha"):
        if len({getattr(one, name) for one in alike}) > 1:
            extras.append(getattr(method, name)[:6])
    if varied["protocol"]:
        extras.append(method.protocol)
    if method.budget != "epochs":
        extras.append("as many steps as the full run")
    extras += [f"no row of {name} removed" for name in method.protected]
    if method.min_per_class:
        extras.append(f"at least {method.min_per_class:,} rows of each class")
    if method.scorer:
        extras.append(f"scored by {model_label(method.scorer.model)}")
    # A trainer of the user's own has no model of ours; its name is always said.
    names = ("model", "learner") if method.model else ("learner",)
    extras += [getattr(method, name) for name in names if varied[name] or not method.model]
    if varied["training"]:
        extras.append(training_label(method.training))
    cut = method.selector.replace("_", " ")
    return ", ".join([f"{_scores_label(method)} ({cut})", *extras])


def _scores_label(method: Method) -> str:
    """The signal, or the file whose scores were given."""
    name = dict(method.settings).get("name", "")
    return f"Scores of {name}" if method.signal == "given" else signal_label(method.signal)


def signal_label(signal: str) -> str:
    """A signal's name as a sentence would have it: keep_one is Keep one."""
    if signal in _CAPITALS or ":" in signal:
        return _CAPITALS.get(signal, signal)
    words = signal.replace("_", " ")
    return words[:1].upper() + words[1:]


def training_label(training: Training) -> str:
    """What differs from the default training, and always the epochs."""
    default = Training()
    changed = [
        f"{f.name} {getattr(training, f.name):g}"
        if isinstance(getattr(training, f.name), float)
        else f"{f.name} {getattr(training, f.name)}"
        for f in fields(Training)
        if f.name != "epochs" and getattr(training, f.name) != getattr(default, f.name)
    ]
    plural = "" if training.epochs == 1 else "s"
    return ", ".join([f"{training.epochs} epoch{plural}", *changed])


def model_label(model: str) -> str:
    """A model without the way to its folder: linear:/home/me/encoder is linear:encoder."""
    learner, colon, path = model.rpartition(":")
    return (
        f"{learner}{colon}{path.rstrip('/').rpartition('/')[2]}" if path.startswith("/") else model
    )


def trained_label(method: Method) -> str:
    """What is trained: a model, or a trainer of the user's own by its name."""
    return model_label(method.model) if method.model else method.learner


def source_labels(sources: Iterable[DatasetId]) -> dict[DatasetId, str]:
    """A name for each data set, sorted; those of one name and different content get a digest."""
    named = sorted(sources, key=lambda source: (source.dataset, source.data_sha))
    sources = list(dict.fromkeys(named))  # of two names of one content the first
    names = [source.dataset for source in sources]
    return {
        source: source.dataset
        if names.count(source.dataset) == 1
        else f"{source.dataset} [{source.data_sha[:6]}]"
        for source in sources
    }


def experiment(condition: Condition) -> str:
    """What was trained on the survivors, as a part of a sentence."""
    after = f"after {percent(condition.warmup)} of its steps"
    if condition.kind == "dynamic":
        is_afresh = condition.protocol == "restart"
        return f"a training that chooses its rows each epoch{'' if is_afresh else f' {after}'}"
    if condition.protocol == "restart":
        return "training afresh on what is left"
    return f"a training that turns to what is left {after}"


def percent(share: float) -> str:
    """0.125 is 12.5%; only all of it is 100%, and only none of it 0%."""
    shown = round(100 * share, 2)
    if shown in (0, 100) and min(abs(share), abs(1 - share)) > 1e-12:
        return f"{100 * share:.{2 if shown == 0 else 12}g}%".replace("-", "−")
    return f"{shown:g}%".replace("-", "−")


def whole_percent(share: float) -> str:
    """0.984 is 98%; only all of it is 100%, and only none of it 0%."""
    text = f"{100 * share:.0f}%"
    if text == "100%" and share < 1:
        return ">99%"
    return "<1%" if text == "0%" and share > 0 else text


def removed_text(rate: float, warmup: float) -> str:
    """10% removed after 15% warm-up."""
    return f"{percent(rate)} removed after {percent(warmup)} warm-up"


def signed(value: float, digits: int = 2) -> str:
    """-0.2 is −0.20, with a true minus; what rounds to nothing has no sign."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def below(size: str, value: float) -> str:
    """A size as a place below nothing: −1 point; nothing itself has no sign."""
    return f"−{size}" if value else size


def interval(low: float | None, high: float | None) -> str:
    """Both bounds in brackets, or nothing where there is no interval."""
    return "" if low is None or high is None else f"[{signed(low)}, {signed(high)}]"


def seeds_text(n_seeds: int, n_planned: int) -> str:
    """5 seeds, or 3 of 5 seeds where some are missing."""
    if n_planned > n_seeds:
        return f"{n_seeds} of {n_planned} seeds"
    return many(n_seeds, "seed")


def shortened(name: str, longest: int) -> str:
    """A name of at most that many characters, cut with an ellipsis."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def seconds_text(seconds: float) -> str:
    """Seconds as a person says them: 8.3 s, 4.2 min, 3.1 h."""
    size = abs(seconds)
    for unit, length in (("h", 3600), ("min", 60)):
        if size >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}".replace("-", "−")
    return f"{seconds:.1f} s".replace("-", "−")


def p_text(p: float | None) -> str:
    """0.012, or <0.001; empty where there is none."""
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def points(pp: float) -> str:
    """Percentage points as a reader says them: 1 point, 0.85 points."""
    text = f"{pp:.3g}" if abs(pp) < 0.01 or round(pp, 2) != round(pp, 3) else f"{pp:.2f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} point" if text == "1" else f"{text} points"

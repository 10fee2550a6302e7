"""How conditions and numbers are written for a reader."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import takewhile
from typing import Any

from analysis.methods import Condition, DatasetId, Method
from trainables.plain_text import forwarded
from trainables.training_settings import Training
from trainables.written_numbers import many

MARKS = {"within": "✓", "outside": "✗", "inconclusive": "?"}
_CAPITALS = {
    "el2n": "EL2N", "el2n_ensemble": "EL2N ensemble", "grand": "GraNd", "d2": "D2", "d4": "D4",
    "grand_ensemble": "GraNd ensemble", "grand_full": "GraNd full", "aum": "AUM", "trak": "TRAK",
    "tracin": "TracIn", "tracin_self": "TracIn self", "less": "LESS", "semdedup": "SemDeDup",
    "knn_shapley": "KNN-Shapley", "tfidf": "TF-IDF", "infobatch": "InfoBatch",
    "cld": "CLD", "dual": "DUAL", "zcore": "ZCore",
    "ssl_prototypes": "SSL prototypes",
}  # fmt: skip


def method_labels(methods: Iterable[Method], *, with_training: bool = True) -> dict[Method, str]:
    """A name for each method, in the order given: signal and selector, and what else differs.

    Each setting, the model and the protocol are named only where a run has more than one of them;
    the learner, and of the training what differs, only where without them two names would be one;
    who scores, wherever that is not what is trained.

    Args:
        methods: To be named.
        with_training: Name the training, where there are several: not where each data set has its own.
    """
    methods = list(dict.fromkeys(methods))
    varied = {
        name for name in ("model", "protocol") if len({getattr(one, name) for one in methods}) > 1
    }
    models = model_labels(one.model for one in methods)
    alike: dict[tuple[str, str], list[Method]] = {}
    for method in methods:
        alike.setdefault((_scores_label(method), method.selector), []).append(method)
    labels = {
        method: _method_label(method, alike[_scores_label(method), method.selector], varied, models)
        for method in methods
    }
    labels = _told_apart(labels, "learner", lambda one: one.learner)
    if not with_training:
        return labels
    trainings = [one.training for one in methods]
    return _told_apart(labels, "training", lambda one: _own_training(one.training, trainings))


def _told_apart(
    labels: dict[Method, str], name: str, text: Callable[[Method], str]
) -> dict[Method, str]:
    """The labels, each with a text behind it where without it two that differ in it would be one."""
    own: dict[str, set[Any]] = {}
    for method, label in labels.items():
        own.setdefault(label, set()).add(getattr(method, name))
    if all(len(values) == 1 for values in own.values()):
        return labels
    # A trainer of the user's own is named already.
    return {
        method: label if name == "learner" and not method.model else f"{label}, {text(method)}"
        for method, label in labels.items()
    }


def _method_label(
    method: Method, alike: list[Method], varied: set[str], models: Mapping[str, str]
) -> str:
    extras = ["high end pruned"] if method.prune == "high" else []
    for name in ("settings", "selector_settings"):
        shared = set.intersection(*(set(getattr(one, name)) for one in alike))
        extras += [
            f"{key} {value}" for key, value in getattr(method, name) if (key, value) not in shared
        ]
    for name in ("signal_sha", "selector_sha"):
        if len({getattr(one, name) for one in alike}) > 1:
            extras.append(getattr(method, name)[:6])
    if "protocol" in varied:
        extras.append(method.protocol)
    if method.budget != "epochs":
        extras.append("as many steps as the full run")
    extras += [f"no row of {name} removed" for name in method.protected]
    if method.min_per_class:
        extras.append(f"at least {method.min_per_class:,} rows of each class")
    if method.scorer:
        extras.append(f"scored by {model_label(method.scorer.model)}")
    # A trainer of the user's own has no model of ours; its name is always said.
    if not method.model:
        extras.append(method.learner)
    elif "model" in varied:
        extras.append(models[method.model])
    cut = method.selector.replace("_", " ")
    return ", ".join([f"{_scores_label(method)} ({cut})", *extras])


def _scores_label(method: Method) -> str:
    """The signal, or the file whose scores were given."""
    name = dict(method.settings).get("name", "")
    return f"Scores of {name}" if method.signal == "given" else signal_label(method.signal)


def signal_label(signal: str) -> str:
    """A signal's name as a sentence would have it: keep_one is Keep one."""
    if signal in _CAPITALS or ":" in signal:
        return _CAPITALS.get(signal, forwarded(signal))
    words = signal.replace("_", " ")
    return words[:1].upper() + words[1:]


def training_label(training: Training) -> str:
    """What differs from the default training, and always the epochs."""
    names = [
        f.name for f in fields(Training) if getattr(training, f.name) != getattr(Training(), f.name)
    ]
    return _training_text(training, ["epochs", *(name for name in names if name != "epochs")])


def _own_training(training: Training, others: Sequence[Training]) -> str:
    """What a training does not share with all the others."""
    names = [f.name for f in fields(Training) if len({getattr(one, f.name) for one in others}) > 1]
    return _training_text(training, names)


def _training_text(training: Training, names: Iterable[str]) -> str:
    told = {name: getattr(training, name) for name in names}
    return ", ".join(
        f"{value} epoch{'' if value == 1 else 's'}"
        if name == "epochs"
        else f"{name} {value:g}"
        if isinstance(value, float)
        else f"{name} {value}"
        for name, value in told.items()
    )


def model_label(model: str) -> str:
    """A model without the way to its folder: linear:/home/me/encoder is linear:encoder."""
    return model_labels([model])[model]


def model_labels(models: Iterable[str]) -> dict[str, str]:
    """A name for each model, without the way to a folder: of two folders of one name where they part.

    A folder that is called model, as packages of models have it, is called by the one around it.
    """
    found = {}
    ways: dict[str, list[str]] = {}
    for model in dict.fromkeys(models):
        learner, colon, path = model.rpartition(":")
        ways[model] = [part for part in path.split("/") if part] if path.startswith("/") else []
        found[model] = f"{learner}{colon}{_folder(ways[model])}" if ways[model] else model
    counts = Counter(found.values())
    named = dict(found)
    for model in (one for one in named if counts[named[one]] > 1):
        others = [ways[one] for one in named if named[one] == named[model] and one != model]
        depth = max(_shared_end(ways[model], other) for other in others)
        own = ways[model][: len(ways[model]) - depth] or ways[model]
        found[model] = f"{model.rpartition(':')[0]}:{own[-1]}".removeprefix(":")
    return found


def _folder(way: Sequence[str]) -> str:
    return way[-2] if way[-1] == "model" and len(way) > 1 else way[-1]


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    """How many folders two ways share at their ends."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return len([*takewhile(lambda pair: pair[0] == pair[1], pairs)])


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


def cut_in_middle(name: str, longest: int) -> str:
    """A name of at most that many characters, its middle left out: names differ at either end."""
    if len(name) <= longest:
        return name
    end = (longest - 1) // 2
    return f"{name[: longest - 1 - end].rstrip()}…{name[len(name) - end :].lstrip()}"


def class_label(name: str) -> str:
    """A class as a reader sees it: also one that has no name."""
    return name if name.strip() else "(blank)" if name else "(empty)"


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

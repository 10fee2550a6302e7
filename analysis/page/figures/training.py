"""Accuracy by epoch on held-out training rows: the training chosen, and those of its search."""

from dataclasses import dataclass

from analysis.methods import DatasetId, condition_of
from analysis.page.figures.style import (
    CONTROL,
    SAFE,
    PageTable,
    Spec,
    axis,
    escaped,
    layout,
    rounded,
)
from analysis.page.figures.subjects import Subject
from analysis.page.training_words import careful_text
from analysis.study import Study
from trainables.result import TrainingCurve
from trainables.written_numbers import many

_COLUMNS = (
    "epochs", "learning rate", "weight decay", "accuracy at its end", "best accuracy", "at epoch",
    "seconds", "used by the trials",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The trainings of one data set and model that were looked at.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        curves: In the order in which they were made.
        chosen: The keys of those that trials were trained by.
        careful: The warning of the training chosen, or empty.
        is_tuned: Whether the training was searched.
        at: What it is about.
    """

    key: str
    label: str
    curves: tuple[TrainingCurve, ...]
    chosen: frozenset[str]
    careful: str
    is_tuned: bool
    at: Subject

    @property
    def caption(self) -> str:
        """What was held out, what a search took, and how the training chosen ends."""
        held = next((one for one in self.curves if one.n_held), self.curves[0])
        told = (
            f" {held.n_held:,} training rows held out, {held.n_train:,} trained on; the trials train on "
            "all of them."
        )
        if self.is_tuned:
            used = [one for one in self.curves if one.spec.curve_key in self.chosen] or [held]
            full = (held.n_held + held.n_train) * used[0].spec.training.epochs
            looked = sum(len(one.epochs) * one.n_held for one in self.curves)
            trained = sum(one.used.examples for one in self.curves) - looked
            seconds = sum(one.used.seconds for one in self.curves)
            told += (
                f" The search made {many(len(self.curves), 'run')}: {(trained + looked / 3) / full:.1f} full runs "
                f"of the training used, {seconds:.0f} s of one worker."
            )
        return f"{told} {self.careful}".rstrip()

    @property
    def table(self) -> PageTable:
        """A row a training, as they were made."""
        rows = []
        for one in self.curves:
            t, accuracies = one.spec.training, one.accuracies()
            best = max(range(len(accuracies)), key=accuracies.__getitem__, default=None)
            rows.append(
                (
                    t.epochs, t.lr, t.weight_decay,
                    rounded(accuracies[-1], 4) if accuracies else None,
                    rounded(accuracies[best], 4) if best is not None else None,
                    rounded(one.epochs[best], 1) if best is not None else None,
                    rounded(one.used.seconds, 1),
                    "yes" if one.spec.curve_key in self.chosen else one.error,
                )
            )  # fmt: skip
        return PageTable(
            columns=_COLUMNS, rows=tuple(rows), formats=("", "", "", "%", "%", "", "", "")
        )


def training_data(study: Study) -> list[TrainingData]:
    """A frame for each data set and model of which a run was looked at."""
    groups: dict[tuple[DatasetId, str], list[TrainingCurve]] = {}
    for curve in study.curves:
        source = DatasetId(curve.spec.dataset, curve.spec.data_sha)
        groups.setdefault((source, curve.spec.model), []).append(curve)
    trained = {condition_of(row.spec).question for row in study.results}
    several = len({model for _, model in groups}) > 1
    found = []
    for (source, model), curves in groups.items():
        used = [one for one in curves if condition_of(one.spec).question in trained]
        is_tuned = source.data_sha in study.plan.tuned
        warnings = [
            careful_text(
                study.endings.get(condition_of(one.spec).question),
                is_tuned=is_tuned,
                metric=study.metric,
            )
            for one in used
        ]
        name = study.sources.get(source, source.dataset)
        label = f"{name} · {model}" if several else name
        found.append(
            TrainingData(
                key=label,
                label=label,
                curves=tuple(curves),
                chosen=frozenset(one.spec.curve_key for one in used),
                is_tuned=is_tuned,
                at=Subject(source=source),
                careful=" ".join(dict.fromkeys(filter(None, warnings))),
            )
        )
    return found


def training_figure(data: TrainingData) -> Spec:
    """A line a training: the one used bold, those of the search pale."""
    traces = []
    for one in sorted(data.curves, key=lambda one: one.spec.curve_key in data.chosen):
        is_chosen = one.spec.curve_key in data.chosen
        t = one.spec.training
        name = f"{many(t.epochs, 'epoch')}, learning rate {t.lr:g}, weight decay {t.weight_decay:g}"
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": list(one.epochs),
                "y": [round(100 * accuracy, 3) for accuracy in one.accuracies()],
                "name": escaped(f"used: {name}" if is_chosen else name, 80),
                "line": {
                    "color": SAFE if is_chosen else CONTROL,
                    "width": 3 if is_chosen else 1,
                },
                "marker": {"size": 7 if is_chosen else 4},
                "opacity": 1.0 if is_chosen else 0.45,
                "hovertemplate": "%{fullData.name}<br>epoch %{x:.3~g}: %{y:.2f}%<extra></extra>",
                "showlegend": is_chosen,
            }
        )
    return {
        "data": traces,
        "layout": layout(
            380,
            (420, 900),
            xaxis=axis("passes over the training rows", rangemode="tozero"),
            yaxis=axis("accuracy on held-out training rows, %"),
        ),
    }

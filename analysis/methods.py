"""What trials have in common: their data set, their method, and the condition a verdict is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from trainables.spec import Kind, Setting, TrialSpec
from trainables.training_settings import Scorer, Training


def tells_rows_apart(selector: str, settings: Iterable[tuple[str, Setting]]) -> bool:
    """Whether a selector looks at what a run has learned of single rows.

    What it cuts by random scores is then not drawn by lot, so random rows of no selector are the control.
    """
    return selector == "beta" or (selector == "coverage" and bool(dict(settings).get("cutoff")))


class Method(NamedTuple):
    """How survivors are chosen and trained: a condition without data set, warm-up and rate."""

    kind: Kind
    signal: str
    settings: tuple[tuple[str, Setting], ...]
    signal_sha: str
    prune: str
    selector: str
    selector_settings: tuple[tuple[str, Setting], ...]
    selector_sha: str
    protocol: str
    budget: str
    model: str
    model_sha: str
    learner: str
    training: Training
    learner_settings: tuple[tuple[str, Setting], ...] = ()
    learner_sha: str = ""
    columns_sha: str = ""
    scorer: Scorer | None = None
    protected: tuple[str, ...] = ()
    min_per_class: int = 0

    @property
    def is_control(self) -> bool:
        """Whether this throws data away at random: by a selector that tells no rows apart itself."""
        return self.signal == "random" and not tells_rows_apart(
            self.selector, self.selector_settings
        )

    @property
    def trained(self) -> tuple[Any, ...]:
        """What is trained, and how: all but the data, the seed and the choice of survivors."""
        own = (self.learner_settings, self.learner_sha, self.columns_sha)
        return (self.model_sha, self.learner, self.training, *own)


class DatasetId(NamedTuple):
    """A data set: its name, and its content, which alone says whether two are one."""

    dataset: str
    data_sha: str

    def __eq__(self, other: object) -> bool:
        """Whether the content is the same, whatever the names."""
        return isinstance(other, DatasetId) and self.data_sha == other.data_sha

    def __hash__(self) -> int:
        return hash(self.data_sha)


class RateCurve(NamedTuple):
    """A method after a warm-up: what the conditions of one curve over the rates share."""

    method: Method
    warmup: float


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a verdict is about: a trial without its seed.

    Attributes:
        source: The data set.
        method: How survivors are chosen and trained.
        warmup: Share of the full run's steps done on all data before scoring.
        rate: Share of the training set removed.
        scored_by: Seeds whose scores made the one list all its trials train on; empty where each
            trial has rows of its own seed.
    """

    source: DatasetId
    method: Method
    warmup: float
    rate: float
    scored_by: tuple[int, ...] = ()

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.source.dataset

    @property
    def kind(self) -> Kind:
        """What its trials train on after the warm-up, as `TrialSpec.kind`."""
        return self.method.kind

    @property
    def signal(self) -> str:
        """Name of the signal."""
        return self.method.signal

    @property
    def selector(self) -> str:
        """Name of the selector."""
        return self.method.selector

    @property
    def protocol(self) -> str:
        """Whether the warm run goes on ("continue") or training starts afresh ("restart")."""
        return self.method.protocol

    @property
    def is_control(self) -> bool:
        """Whether this throws data away at random."""
        return self.method.is_control

    @property
    def rate_curve(self) -> RateCurve:
        """What it shares with the other rates of its data set."""
        return RateCurve(self.method, self.warmup)

    @property
    def question(self) -> tuple[Any, ...]:
        """What it shares with all that is compared with it: data, model and training."""
        return (self.source.data_sha, *self.method.trained)

    @property
    def control_key(self) -> tuple[Any, ...]:
        """What it shares with its random control: all but how the survivors are chosen.

        A warm-up of another run, which scores, is no part of what is trained.
        """
        m = self.method
        warmup = 0.0 if m.scorer else self.warmup
        return (self.source, m.protocol, m.budget, m.model, *m.trained, warmup, self.rate)

    @property
    def order(self) -> tuple[Any, ...]:
        """Sorts by data set, then signal with random last, then warm-up and rate."""
        m = self.method
        return (
            *self.source, m.model, m.learner, m.is_control, m.signal, str(m.settings),
            m.signal_sha, m.prune, m.selector, str(m.selector_settings), m.selector_sha,
            m.protocol, m.budget, str(m.training), m.learner_sha, str(m.learner_settings), m.columns_sha,
            str(m.scorer or ""), m.protected, m.min_per_class, self.warmup, self.rate, self.scored_by,
        )  # fmt: skip


def condition_of(spec: TrialSpec) -> Condition:
    """The condition a trial belongs to."""
    return Condition(
        source=DatasetId(spec.dataset, spec.data_sha),
        method=Method(*(getattr(spec, name) for name in Method._fields)),
        warmup=spec.warmup,
        rate=spec.rate,
        scored_by=spec.scored_by if spec.shares_list else (),
    )

"""What trials have in common: data set and method."""

from typing import NamedTuple

from trainables.spec import Setting, Training, TrialSpec


class Method(NamedTuple):
    """How survivors are chosen and trained: a condition without data set, warm-up and rate."""

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

    @property
    def is_control(self) -> bool:
        """Whether this throws data away at random."""
        return self.signal == "random"


class DatasetId(NamedTuple):
    """A data set: its name and its content."""

    dataset: str
    data_sha: str


def method_of(condition: TrialSpec) -> Method:
    """The method of a condition."""
    return Method(*(getattr(condition, name) for name in Method._fields))


def source_of(condition: TrialSpec) -> DatasetId:
    """The data set of a condition."""
    return DatasetId(condition.dataset, condition.data_sha)

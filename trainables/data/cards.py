"""DATASETS: the data sets that are known by name. A new one is a row of this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trainables.data.columns import Columns
from trainables.data.dataset import Dataset
from trainables.data.hub import Hub
from trainables.data.instructions import instructions
from trainables.data.synthetic import synthetic
from trainables.data.tickets import tickets


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """A data set known by name: made here, or found as NAME/{train,test}.parquet or on the hub.

    Attributes:
        make: Makes it, given `n_train` or not; None where it is found.
        hub: Where on the hub, or None where only a folder has it.
        columns: Its columns on the hub; a folder may have these, or `text` and `label`.
        parent: The card this one is a part of, or empty.
        imbalance: Largest over smallest class of that part; sizes between are geometric.
        order: Names of its classes from the largest to the smallest; empty for that of their numbers.
        classes: Their names by number, for files that have the numbers alone, from 0 or from 1.
        seed: Decides which rows are in that part.
    """

    make: Callable[..., Dataset] | None = None
    hub: Hub | None = None
    columns: Columns = Columns()  # noqa: RUF009 - frozen
    parent: str = ""
    imbalance: float = 1.0
    order: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    seed: int = 0


_YAHOO = Columns(text=("question_title", "question_content", "best_answer"), label="topic")
# By number, as the hub's features name them.
_YAHOO_CLASSES = (
    "Society & Culture", "Science & Mathematics", "Health", "Education & Reference", "Computers & Internet",
    "Sports", "Business & Finance", "Entertainment & Music", "Family & Relationships",
    "Politics & Government",
)  # fmt: skip
# The study found its smaller classes hit harder, and this one most: it is the smallest here.
_SMALLEST = "Science & Mathematics"
DATASETS: Mapping[str, DatasetCard] = {
    "synthetic": DatasetCard(make=synthetic),
    "tickets": DatasetCard(make=tickets),
    "instructions": DatasetCard(make=instructions),
    "imdb": DatasetCard(
        hub=Hub(repo="stanfordnlp/imdb", revision="e6281661ce1c48d982bc483cf8a173c1bbeb5d31")
    ),
    "ag_news": DatasetCard(
        hub=Hub(repo="fancyzhx/ag_news", revision="eb185aade064a813bc0b7f42de02595523103ca4")
    ),
    "yahoo_answers": DatasetCard(
        hub=Hub(
            repo="community-datasets/yahoo_answers_topics",
            revision="6652a1e7c94f7260a0bfd0c9092dd48e2d536ea1",
        ),
        columns=_YAHOO,
    ),
    "yahoo_answers_imbalanced": DatasetCard(
        parent="yahoo_answers",
        imbalance=4.0,
        order=(*(name for name in _YAHOO_CLASSES if name != _SMALLEST), _SMALLEST),
        classes=_YAHOO_CLASSES,
        seed=20,
    ),
    "yahoo_health22": DatasetCard(),
    "sst2": DatasetCard(),
    "sms_spam": DatasetCard(),
    "cifar10": DatasetCard(columns=Columns(text=("image",))),
    "cifar100": DatasetCard(columns=Columns(text=("img",), label="fine_label")),
    "svhn": DatasetCard(columns=Columns(text=("image",), label="label")),
}

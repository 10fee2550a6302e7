"""What the plan has to say: of its seeds, its control, its data and its signals, a sentence each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.methods import condition_of
from orchestrator.planning.data_words import data_notes
from orchestrator.planning.seeds import once_a_seed
from trainables.data.dataset import Dataset, Split
from trainables.data.inspection_facts import Inspection
from trainables.learners import LEARNERS
from trainables.learners.pixel_files import SIDE, own_frame
from trainables.learners.pretrained import Model
from trainables.learners.tokens import PiecesLook, even_rows
from trainables.selection.class_cuts import keep_stratified
from trainables.selection.contracts import epochs_seen, warnings
from trainables.selection.cutoff import cutoff_notes
from trainables.selection.lookup import signal_of
from trainables.spec import VECTORS, TrialSpec

# Of 10 % flipped labels in AG News, heads on an encoder after one epoch found 64 %, on a frozen one 61 %, after
# six 45 %.
_SHORT_EPOCHS = 1.0
# Images of a split whose size is looked at: a file's first bytes tell it.
_IMAGES = 200
_SEEDS = {
    1: "1 seed gives no interval: every verdict will be inconclusive",
    2: "exploratory: two seeds choose what to test, they decide nothing",
}


def notes_of(
    specs: Sequence[TrialSpec],
    datasets: Mapping[str, Dataset],
    *,
    inspections: Mapping[str, Inspection],
    confirms: bool = False,
) -> tuple[str, ...]:
    """Sentences that plan and report show, each once.

    Args:
        specs: All trials there could be.
        datasets: By content hash, subsets of them among them.
        inspections: What was seen in the data sets themselves, likewise.
        confirms: Whether fresh seeds confirm one cut at the end.
    """
    notes = [*_of_seeds(specs, confirms)]
    specs = once_a_seed(specs)
    notes += _of_control(specs)
    notes += _of_policies(specs) if confirms else ()
    for sha, seen in inspections.items():
        of_data = (*datasets[sha].notes, *data_notes(seen))
        notes += [f"{datasets[sha].name}: {note}" for note in of_data]
    notes += [note for spec in specs for note in warnings(spec)]
    notes += cutoff_notes(specs)
    notes += _of_labels(specs)
    notes += _of_empty_classes(specs, datasets)
    return tuple(dict.fromkeys(notes))


def pieces_notes(
    specs: Sequence[TrialSpec],
    datasets: Mapping[str, Dataset],
    pieces: Mapping[str, PiecesLook],
) -> Iterator[str]:
    """Sentences on texts that are cut because they are longer than what is read of them.

    Args:
        specs: All trials there could be.
        datasets: By content hash.
        pieces: What the model's tokenizer makes of some training texts, by content hash.
    """
    lengths = {spec.data_sha: spec.training.max_length for spec in specs}
    for sha, look in pieces.items():
        if look.cut_share:
            yield (
                f"{datasets[sha].name}: {look.cut_share:.1%} of {look.texts:,} training texts looked at have "
                f"more than {lengths[sha]} word pieces; what comes after is not read: --max-length reads more"
            )


def image_notes(model: Model, datasets: Iterable[Dataset]) -> Iterator[str]:
    """Sentences on images that the built-in model reads in another size than their own, by some of them."""
    for dataset in datasets if model.name == "image" else ():
        some = replace(
            dataset, train=_some(dataset.train), test=_some(dataset.test), validation=None, truth={},
            part_of=None,
        )  # fmt: skip
        frame = own_frame(some)
        if frame.shorter:
            yield (
                f"{dataset.name}: its images are not all of one size from 16 to {SIDE} pixels a side, so the shorter side of "
                f"each is brought to {frame.shorter} and the middle {frame.height} by {frame.width} is read"
            )


def _some(split: Split) -> Split:
    return split.take(np.array(even_rows(len(split), _IMAGES)))


def _of_seeds(specs: Sequence[TrialSpec], confirms: bool) -> Iterator[str]:
    count = len({spec.seed for spec in specs})
    if count == 1 and confirms:
        yield "1 seed gives no interval: it can only choose what fresh seeds confirm; use --seeds 3 or more"
    elif count in _SEEDS:
        yield f"{_SEEDS[count]}; use --seeds 3 or more, 5 is a good start"


def _of_control(specs: Sequence[TrialSpec]) -> Iterator[str]:
    conditions = {condition_of(spec) for spec in specs if spec.kind in ("pruned", "dynamic")}
    controlled = {one.control_key for one in conditions if one.is_control}
    if any(one.control_key not in controlled for one in conditions):
        yield (
            "no random pruning runs beside the signals, so nothing can be credited to a signal; "
            "--control adds it"
        )


def _of_policies(specs: Sequence[TrialSpec]) -> Iterator[str]:
    policies = dict.fromkeys(spec.signal for spec in specs if spec.kind == "dynamic")
    beside = any(spec.kind == "pruned" for spec in specs)
    if policies:
        rest = (
            "--no-confirm judges it by its search" if beside else "it is judged by its search alone"
        )
        yield (
            f"{', '.join(policies)}: rows chosen anew each epoch leave no list of rows, so no such "
            f"cut can be confirmed; {rest}"
        )


def _of_labels(specs: Sequence[TrialSpec]) -> Iterator[str]:
    """Where embeddings have seen the labels of the rows that they score."""
    blind: dict[tuple[str, str], _Seen] = {}
    held_out: dict[tuple[str, str], _Seen] = {}
    for spec in specs:
        if spec.kind != "pruned" or spec.twin.is_own or not (epochs := epochs_seen(spec)):
            continue
        row = LEARNERS[spec.twin.learner]
        if spec.twin.model == VECTORS or not (row.trains_encoder and row.learns_classes):
            continue
        signal, run = signal_of(spec.signal), (spec.twin.model, _never_saw(row.reads))
        if signal.labels_by == "through embeddings":
            blind.setdefault(run, _Seen()).add(spec.signal, epochs)
        elif signal.is_held_out and epochs > _SHORT_EPOCHS:
            held_out.setdefault(run, _Seen()).add(spec.signal, epochs)
    for (model, remedy), seen in blind.items():
        yield (
            f"{seen.names}: by embeddings of {model} after {seen.epochs} of training on the labels, so "
            f"not free of them; {remedy} scores by embeddings that never saw them"
        )
    for (model, remedy), seen in held_out.items():
        yield (
            f"{seen.names}: by heads that did not see a row, on embeddings of {model} after {seen.epochs} "
            f"of training on all rows, so out of sample less and less; {remedy} is so wholly"
        )


def _never_saw(reads: tuple[str, ...]) -> str:
    """The flags by which rows are scored by embeddings that have seen no label."""
    if "text" in reads:
        return "--protocol restart --score-model linear:FOLDER"
    return "--protocol restart --score-model linear --embedding-column COLUMN"


@dataclass
class _Seen:
    """Signals, and after how many epochs they look."""

    signals: dict[str, None] = field(default_factory=dict)
    after: set[float] = field(default_factory=set)

    def add(self, signal: str, epochs: float) -> None:
        """Note one of them."""
        self.signals[signal] = None
        self.after.add(epochs)

    @property
    def names(self) -> str:
        """The signals, by commas."""
        return ", ".join(self.signals)

    @property
    def epochs(self) -> str:
        """The epochs in words: there are several where total sizes share their steps."""
        *others, last = (f"{one:g}" for one in sorted(self.after))
        told = f"{', '.join(others)} or {last}" if others else last
        return f"{told} epoch{'s' * (told != '1')}"


def _of_empty_classes(specs: Sequence[TrialSpec], datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """Where classes are so small that their proportional shares come to no row."""
    cuts = {(spec.data_sha, spec.rate) for spec in specs if spec.selector == "stratified"}
    for sha, dataset in datasets.items():
        labels = dataset.train.labels
        alike, sizes = np.zeros(len(labels)), np.bincount(labels)
        for rate in sorted(rate for of, rate in cuts if of == sha):
            # How many classes end empty is settled by their sizes; scores and draws choose which.
            stay = keep_stratified(alike.astype(np.float32), labels, rate, alike)
            if lost := np.count_nonzero(sizes) - len(np.unique(labels[stay])):
                yield (
                    f"{dataset.name}: stratified at rate {rate:g} leaves no row of {lost} of its "
                    f"{np.count_nonzero(sizes)} classes; the smallest has {sizes[sizes > 0].min():,}"
                )

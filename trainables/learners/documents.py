"""Word pieces of the rows of a language model, and which of them are scored; made once, mapped by every trial."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.columns import Kind
from trainables.data.dataset import Dataset, Split
from trainables.energy import EnergyMeter, device_counter
from trainables.learners.scored_texts import (
    END,
    MARKS,
    ScoredText,
    Template,
    plain_template,
    scored_texts,
)
from trainables.learners.words import Pieces
from trainables.progress import tell
from trainables.result import Phase

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

PAD = "<|pad|>"
_VOCABULARY = 4096
# Rows cut at once; bounds the lists of Python objects in between.
_BLOCK = 2048


@dataclass(frozen=True, kw_only=True)
class PieceCutter:
    """Cuts texts into pieces as one language model reads them.

    Attributes:
        tokenizer: Adds no marks by itself, neither cuts nor pads.
        pad: The piece that fills up.
        begin: The piece before a text that does not mark its beginning itself; None without one.
        end: The piece behind it.
        template: Of conversations; None where the model has none.
    """

    tokenizer: "Tokenizer"
    pad: int
    begin: int | None
    end: int | None
    template: Template | None


@dataclass(frozen=True, kw_only=True)
class ScoredPieces:
    """One split's pieces.

    Attributes:
        pieces: Row after row.
        scored: Which of them are predicted, as long as `pieces.values`, bool; never the first of a row.
        whole: How many each row has before it is cut, shape (n,), int64.
    """

    pieces: Pieces
    scored: NDArray[np.bool_]
    whole: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Scored pieces of each row, shape (n,)."""
        before = np.concatenate([[0], np.cumsum(self.scored, dtype=np.int64)])
        counts: NDArray[np.int64] = np.diff(before[self.pieces.offsets])
        return counts

    def padded_scored(self, rows: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
        """Which pieces of some rows are scored, shape (len(rows), width); none of what fills up."""
        out = np.zeros((len(rows), width), dtype=bool)
        for line, row in enumerate(rows):
            start, end = self.pieces.offsets[row], self.pieces.offsets[row + 1]
            out[line, : end - start] = self.scored[start:end]
        return out


@dataclass(frozen=True, kw_only=True)
class Documents:
    """A data set's pieces.

    Attributes:
        splits: "train", "test" and, where the data set has one, "validation".
        vocabulary: Number of different pieces.
        pad: The piece that fills up.
        used: What making pieces of the data's own took; nothing where they came with the model.
    """

    splits: Mapping[str, ScoredPieces]
    vocabulary: int
    pad: int
    used: Phase = field(default_factory=Phase)


def own_cutter(texts: Iterator[list[str]]) -> PieceCutter:
    """Pairs of bytes joined into 4,096 pieces, fitted to texts: what the built-in model reads.

    Nothing is unknown to it. Pieces of other rows would be other pieces, and a loss a piece of those another
    quantity; so they are made of all training rows, once for all trials, whichever rows a trial keeps.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[PAD, END, *MARKS.values()],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    end = tokenizer.token_to_id(END)
    return PieceCutter(tokenizer=tokenizer, pad=0, begin=end, end=end, template=plain_template)


def cutter_of_rows(split: Split, kind: Kind) -> PieceCutter:
    """Pieces made of all rows of a split; see `own_cutter`."""

    def blocks() -> Iterator[list[str]]:
        for start in range(0, len(split), _BLOCK):
            inputs = split.inputs[start : start + _BLOCK].to_pylist()
            yield inputs if kind == "text" else _said(inputs)

    return own_cutter(blocks())


def _said(conversations: list[str]) -> list[str]:
    from trainables.data.messages import turns_of

    return [turn["content"] for one in conversations for turn in turns_of(one)]


def fitted_documents(dataset: Dataset, whole: Split, max_length: int) -> Documents:
    """The pieces of all splits, made of the texts of the whole training split."""
    started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
    made = documents_of(dataset, cutter_of_rows(whole, dataset.kind), max_length)
    used = Phase(seconds=time.perf_counter() - started, joules=meter.lap())
    return Documents(splits=made.splits, vocabulary=made.vocabulary, pad=made.pad, used=used)


def documents_of(dataset: Dataset, cutter: PieceCutter, max_length: int) -> Documents:
    """Every row of all splits as the pieces of a model, cut to max_length on the right."""
    splits = {}
    for name, split in dataset.splits.items():
        splits[name] = cut_rows(split, dataset.kind, cutter, max_length, name)
    size = cutter.tokenizer.get_vocab_size()
    return Documents(splits=splits, vocabulary=size, pad=cutter.pad)


def cut_rows(
    split: Split, kind: Kind, cutter: PieceCutter, max_length: int, name: str
) -> ScoredPieces:
    """Every row of a split as the pieces of a model, cut to max_length on the right."""
    values, scored, whole = [], [], []
    for start in range(0, len(split), _BLOCK):
        texts = scored_texts(split, kind, slice(start, start + _BLOCK), cutter.template)
        for text, one in zip(texts, encoded(cutter, texts), strict=True):
            ids, marks = marked_pieces(cutter, text, one)
            whole.append(len(ids))
            values.append(ids[:max_length])
            scored.append(marks[:max_length])
        tell(f"tokenising {name}", len(whole), len(split))
    ends = np.cumsum([len(one) for one in values], dtype=np.int64)
    return ScoredPieces(
        pieces=Pieces(values=np.concatenate(values), offsets=np.concatenate([[0], ends])),
        scored=np.concatenate(scored),
        whole=np.array(whole, dtype=np.int64),
    )


def encoded(cutter: PieceCutter, texts: list[ScoredText]) -> "list[Encoding]":
    """The pieces of texts, without marks that the texts do not have."""
    # What looks like a mark in a text of the user's is text, but where a template wrote it.
    cutter.tokenizer.encode_special_tokens = not texts[0].is_marked
    return cutter.tokenizer.encode_batch([one.text for one in texts], add_special_tokens=False)


def marked_pieces(
    cutter: PieceCutter, text: ScoredText, one: "Encoding"
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """All pieces of a text, and which are scored: those that end inside a span, and the end behind it."""
    ends = np.array([end for _, end in one.offsets], dtype=np.int64)
    marks = np.zeros(len(ends), dtype=bool)
    for first, last in text.spans:
        # Of some tokenizers the mark of the first word's space ends at 0.
        marks |= ((ends > first) | (first == 0)) & (ends <= last)
    own = [cutter.begin, cutter.end] if not text.is_marked else [None, None]
    head, tail = ([] if piece is None else [piece] for piece in own)
    ids = np.array([*head, *one.ids, *tail], dtype=np.int32)
    marks = np.concatenate([np.zeros(len(head), bool), marks, np.ones(len(tail), bool)])
    if not len(ids):
        # A mean over no piece is no number.
        ids, marks = np.array([cutter.pad], dtype=np.int32), np.zeros(1, bool)
    marks[0] = False
    return ids, marks


def write_documents(documents: Documents, path: Path) -> None:
    """Write them as one Arrow file."""
    about = {
        "splits": list(documents.splits),
        "vocabulary": documents.vocabulary,
        "pad": documents.pad,
    }
    fields = [
        ("pieces", pa.large_list(pa.int32())),
        ("scored", pa.large_list(pa.uint8())),
        ("whole", pa.int64()),
    ]
    schema = pa.schema(fields, metadata={"about": json.dumps(about)})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for one in documents.splits.values():
            ends = one.pieces.offsets
            values = pa.array(one.pieces.values, pa.int32())
            scored = pa.array(one.scored.astype(np.uint8), pa.uint8())
            lists = [pa.LargeListArray.from_arrays(ends, column) for column in (values, scored)]
            columns = [*lists, pa.array(one.whole)]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def read_documents(path: Path, used: Phase | None = None) -> Documents:
    """Map the file that `write_documents` wrote; nothing is copied. `used` is what making it took."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    about = json.loads(reader.schema.metadata[b"about"])
    splits = {}
    for position, name in enumerate(about["splits"]):
        batch = reader.get_batch(position)
        column = batch.column(0)
        pieces = Pieces(
            values=column.values.to_numpy(),
            offsets=np.frombuffer(column.buffers()[1], np.int64)[: len(column) + 1],
        )
        scored = batch.column(1).values.to_numpy().view(np.bool_)
        splits[name] = ScoredPieces(pieces=pieces, scored=scored, whole=batch.column(2).to_numpy())
    size, pad = about["vocabulary"], about["pad"]
    return Documents(splits=splits, vocabulary=size, pad=pad, used=used or Phase())

"""Word pieces of a data set: made once, mapped from one Arrow file by every trial."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.dataset import Dataset, Split
from trainables.energy import EnergyMeter, device_counter
from trainables.learners.encoder import read_encoder
from trainables.learners.pretrained import BUILT_IN, Model, opened
from trainables.learners.words import (
    UNKNOWN,
    Pieces,
    SplitWords,
    cut_words,
    train_pieces,
    train_tokenizer,
)
from trainables.progress import tell
from trainables.result import Phase

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Texts handed to the tokenizer at once; bounds the lists of Python ints in between.
_BLOCK = 2048
# Texts that a tokenizer of the data's own is trained on where it is only to be looked at.
_LOOKED_AT = 10_000


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A data set's word pieces.

    Attributes:
        splits: "train", "test" and, where the data set has one, "validation".
        vocabulary: Number of different pieces.
        pad: The piece that fills up.
        used: What making pieces of the data's own took; nothing where the tokenizer came with the model.
    """

    splits: Mapping[str, Pieces]
    vocabulary: int
    pad: int
    used: Phase = field(default_factory=Phase)


@dataclass(frozen=True, kw_only=True)
class PiecesLook:
    """What a model's tokenizer makes of some texts.

    Attributes:
        texts: How many there were.
        unknown_share: Of the pieces that are no mark of a text's ends, those that stand for what the
            tokenizer has no piece for.
        cut_share: Of the texts, those that do not fit into max_length, ends included.
        alike: Whether texts that differ all become the same pieces.
        median_pieces: Of a whole text, ends included.
        trained_on: Texts that the tokenizer was trained on for this look; 0 where it came with the model.
    """

    texts: int
    unknown_share: float
    cut_share: float
    alike: bool
    median_pieces: float
    trained_on: int


def look_at_pieces(
    model: Model, texts: Sequence[str | tuple[str, str]], max_length: int
) -> PiecesLook:
    """See what a model's tokenizer makes of some texts; no network is built for training.

    Args:
        model: What `find_model` gave.
        texts: At least one, or pairs of texts. A built-in model's tokenizer is trained on them, at most 10,000 drawn
            evenly: of a sample it has fewer pieces than of all rows, and cuts a little more.
        max_length: Pieces that are kept of a text.

    Raises:
        DataError: If the model's files have changed since it was found.
    """
    if model.name in BUILT_IN:
        sample = [
            text if isinstance(text, str) else "\n".join(text)
            for text in (texts[row] for row in even_rows(len(texts), _LOOKED_AT))
        ]
        tokenizer, trained_on = train_tokenizer(sample), len(sample)
        unknown: int | None = tokenizer.token_to_id(UNKNOWN)
    else:
        with opened(model.name, model.sha) as folder:
            encoder = read_encoder(folder, has_head=model.learner == "text")
        tokenizer, unknown, trained_on = encoder.tokenizer, encoder.unknown, 0
    lengths, unknowns, marks, seen = [], 0, 0, set()
    for start in range(0, len(texts), _BLOCK):
        for encoded in tokenizer.encode_batch_fast(list(texts[start : start + _BLOCK])):
            ids = encoded.ids
            lengths.append(len(ids))
            marks += sum(encoded.special_tokens_mask)
            unknowns += 0 if unknown is None else ids.count(unknown)
            seen.add(tuple(ids))
    pieces = sum(lengths) - marks
    sizes = np.array(lengths)
    return PiecesLook(
        texts=len(texts),
        unknown_share=unknowns / pieces if pieces else 0.0,
        cut_share=float((sizes > max_length).mean()),
        alike=len(seen) == 1 < len(set(texts)),
        median_pieces=float(np.median(sizes)),
        trained_on=trained_on,
    )


def even_rows(n: int, most: int) -> list[int]:
    """At most so many of n rows, from the first to the last at equal steps."""
    rows = np.linspace(0, n - 1, min(n, most)).round().astype(int)
    return [int(row) for row in rows]


def fitted_tokens(
    words: Mapping[str, SplitWords], max_length: int, *, fitted_on: NDArray[np.bool_] | None = None
) -> Tokens:
    """Word pieces of the data's own, of all splits.

    Args:
        words: Of the data set.
        max_length: Pieces that are kept of a text, ends included.
        fitted_on: Which training texts the pieces are made of, shape (n,); all without it.
    """
    started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
    lines = words["train"].lines
    known = lines if fitted_on is None else lines.filter(pa.array(fitted_on))
    vocabulary = train_pieces(known.to_pylist())
    splits = cut_words(words, vocabulary, max_length)
    used = Phase(seconds=time.perf_counter() - started, joules=meter.lap())
    return Tokens(splits=splits, vocabulary=len(vocabulary), pad=0, used=used)


def tokens_of(dataset: Dataset, tokenizer: "Tokenizer", *, max_length: int, pad: int = 0) -> Tokens:
    """Every text as the pieces of a tokenizer that came with a model, cut to max_length."""
    tokenizer.enable_truncation(max_length)
    splits = {}
    for name, split in dataset.splits.items():
        lists: list[NDArray[np.int32]] = []
        for block in _blocks(split):
            lists += _pieces(tokenizer, block, pad)
            tell(f"tokenising {name}", len(lists), len(split))
        ends = np.cumsum([len(one) for one in lists], dtype=np.int64)
        offsets = np.concatenate([[0], ends])
        splits[name] = Pieces(values=np.concatenate(lists), offsets=offsets)
    return Tokens(splits=splits, vocabulary=tokenizer.get_vocab_size(), pad=pad)


def write_tokens(tokens: Tokens, path: Path) -> None:
    """Write them as one Arrow file."""
    about = {"splits": list(tokens.splits), "vocabulary": tokens.vocabulary, "pad": tokens.pad}
    schema = pa.schema(
        [pa.field("pieces", pa.large_list(pa.int32()))], metadata={"about": json.dumps(about)}
    )
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for pieces in tokens.splits.values():
            values = pa.array(pieces.values, pa.int32())
            column = pa.LargeListArray.from_arrays(pieces.offsets, values)
            writer.write_batch(pa.record_batch([column], schema=schema))


def _blocks(split: Split) -> list[list[str | tuple[str, str]]]:
    return [split.encodable(slice(i, i + _BLOCK)) for i in range(0, len(split), _BLOCK)]


def _pieces(
    tokenizer: "Tokenizer", texts: list[str | tuple[str, str]], pad: int
) -> list[NDArray[np.int32]]:
    # An empty text of a tokenizer that marks no ends: a mean over no piece is no number.
    encoded = tokenizer.encode_batch_fast(texts)
    return [np.array(e.ids or [pad], dtype=np.int32) for e in encoded]


def read_tokens(path: Path, used: Phase | None = None) -> Tokens:
    """Map the file that `write_tokens` wrote; nothing is copied. `used` is what making it took."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    about = json.loads(reader.schema.metadata[b"about"])
    splits = {}
    for position, name in enumerate(about["splits"]):
        column = reader.get_batch(position).column(0)
        splits[name] = Pieces(
            values=column.values.to_numpy(),
            offsets=np.frombuffer(column.buffers()[1], np.int64)[: len(column) + 1],
        )
    size, pad = about["vocabulary"], about["pad"]
    return Tokens(splits=splits, vocabulary=size, pad=pad, used=used or Phase())

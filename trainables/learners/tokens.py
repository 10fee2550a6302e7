"""Word pieces of a data set: made once, mapped from one Arrow file by every trial."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.dataset import Dataset, Split
from trainables.learners.encoder import read_encoder
from trainables.learners.pretrained import BUILT_IN, Model, opened

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Texts handed to the tokenizer at once; bounds the lists of Python ints in between.
_BLOCK = 2048
# Texts that a tokenizer of the data's own is trained on where it is only to be looked at.
_LOOKED_AT = 10_000
_VOCABULARY = 8192
_UNKNOWN = "[UNK]"
_SPECIAL = ("[PAD]", _UNKNOWN, "[CLS]", "[SEP]")


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """One split's word pieces, row after row.

    Attributes:
        values: All pieces, one text behind the other, int32.
        offsets: Where each text starts, and the end; shape (n + 1,), int64.
    """

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Pieces of each text, shape (n,)."""
        return np.diff(self.offsets)

    def padded(self, rows: NDArray[np.int64], width: int, pad: int) -> NDArray[np.int64]:
        """The pieces of some rows, shape (len(rows), width), filled up with pad."""
        out = np.full((len(rows), width), pad, dtype=np.int64)
        for line, row in enumerate(rows):
            start, end = self.offsets[row], self.offsets[row + 1]
            out[line, : end - start] = self.values[start:end]
        return out


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A data set's word pieces.

    Attributes:
        splits: "train", "test" and, where the data set has one, "validation".
        vocabulary: Number of different pieces.
        pad: The piece that fills up.
    """

    splits: Mapping[str, Pieces]
    vocabulary: int
    pad: int


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
        tokenizer, trained_on = _trained_on(sample), len(sample)
        unknown: int | None = tokenizer.token_to_id(_UNKNOWN)
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


def train_tokenizer(dataset: Dataset) -> "Tokenizer":
    """A WordPiece tokenizer, lower case, of 8,192 pieces and the letters, from the training texts."""
    return _trained_on(dataset.train.texts)


def _trained_on(all_texts: Sequence[str]) -> "Tokenizer":
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    normalizer = normalizers.BertNormalizer(lowercase=True)
    texts = [normalizer.normalize_str(text) for text in all_texts]
    letters = sorted(set().union(*texts))
    trained = Tokenizer(models.WordPiece(unk_token=_UNKNOWN))
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=_VOCABULARY + len(letters),
        min_frequency=2,
        initial_alphabet=letters,
        # The trainer numbers ##letters in the order of a hash map, breaks ties by these numbers,
        # and so gives another vocabulary each time; naming them beforehand fixes the numbers.
        special_tokens=[*_SPECIAL, *(f"##{letter}" for letter in letters)],
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer)
    tokenizer = Tokenizer(models.WordPiece(trained.get_vocab(), unk_token=_UNKNOWN))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = {piece: _SPECIAL.index(piece) for piece in ("[SEP]", "[CLS]")}
    tokenizer.post_processor = processors.BertProcessing(*ends.items())
    return tokenizer


def write_tokens(
    dataset: Dataset, tokenizer: "Tokenizer", path: Path, *, max_length: int, pad: int = 0
) -> None:
    """Cut every text to max_length pieces and write them as one Arrow file."""
    tokenizer.enable_truncation(max_length)
    names = list(dataset.splits)
    batches = []
    for name in names:
        lists = [_pieces(tokenizer, block, pad) for block in _blocks(dataset.splits[name])]
        values = np.concatenate([piece for block in lists for piece in block])
        sizes = [len(piece) for block in lists for piece in block]
        offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        batches.append(pa.LargeListArray.from_arrays(offsets, pa.array(values, pa.int32())))
    about = {"splits": names, "vocabulary": tokenizer.get_vocab_size(), "pad": pad}
    field = pa.field("pieces", pa.large_list(pa.int32()))
    schema = pa.schema([field], metadata={"about": json.dumps(about)})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(pa.record_batch([batch], schema=schema))


def _blocks(split: Split) -> list[list[str | tuple[str, str]]]:
    return [split.encodable(slice(i, i + _BLOCK)) for i in range(0, len(split), _BLOCK)]


def _pieces(
    tokenizer: "Tokenizer", texts: list[str | tuple[str, str]], pad: int
) -> list[NDArray[np.int32]]:
    # An empty text of a tokenizer that marks no ends: a mean over no piece is no number.
    encoded = tokenizer.encode_batch_fast(texts)
    return [np.array(e.ids or [pad], dtype=np.int32) for e in encoded]


def read_tokens(path: Path) -> Tokens:
    """Map the file that `write_tokens` wrote; nothing is copied."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    about = json.loads(reader.schema.metadata[b"about"])
    splits = {}
    for position, name in enumerate(about["splits"]):
        column = reader.get_batch(position).column(0)
        splits[name] = Pieces(
            values=column.values.to_numpy(),
            offsets=np.frombuffer(column.buffers()[1], np.int64)[: len(column) + 1],
        )
    return Tokens(splits=splits, vocabulary=about["vocabulary"], pad=about["pad"])

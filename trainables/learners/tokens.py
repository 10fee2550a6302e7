"""Word pieces of a data set: made once, mapped from one Arrow file by every trial."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.dataset import Dataset
from trainables.errors import UsageError
from trainables.learners.pretrained import revision_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Texts handed to the tokenizer at once; bounds the lists of Python ints in between.
_BLOCK = 2048
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


def train_tokenizer(dataset: Dataset) -> "Tokenizer":
    """A WordPiece tokenizer, lower case, of 8,192 pieces and the letters, from the training texts."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    normalizer = normalizers.BertNormalizer(lowercase=True)
    texts = [normalizer.normalize_str(text) for text in dataset.train.texts]
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


def load_tokenizer(model: str) -> tuple["Tokenizer", int]:
    """The fast tokenizer that comes with a pretrained encoder, and its padding piece.

    Raises:
        ValueError: If the model has no fast tokenizer or no padding piece.
    """
    from transformers import AutoTokenizer

    name, revision = revision_of(model)
    wrapped = AutoTokenizer.from_pretrained(name, revision=revision)
    if not wrapped.is_fast or wrapped.pad_token_id is None:
        raise UsageError(
            f"the tokenizer of {model} has no "
            f"{'fast version' if not wrapped.is_fast else 'padding piece'}; use an encoder that has"
        )
    tokenizer: Tokenizer = wrapped.backend_tokenizer
    tokenizer.no_padding()
    return tokenizer, wrapped.pad_token_id


def write_tokens(
    dataset: Dataset, tokenizer: "Tokenizer", path: Path, *, max_length: int, pad: int = 0
) -> None:
    """Cut every text to max_length pieces and write them as one Arrow file."""
    tokenizer.enable_truncation(max_length)
    names = list(dataset.splits)
    batches = []
    for name in names:
        lists = [_pieces(tokenizer, block) for block in _blocks(dataset.splits[name].inputs)]
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


def _blocks(texts: Any) -> list[list[str]]:
    return [texts[i : i + _BLOCK].to_pylist() for i in range(0, len(texts), _BLOCK)]


def _pieces(tokenizer: "Tokenizer", texts: list[str]) -> list[NDArray[np.int32]]:
    return [np.array(e.ids, dtype=np.int32) for e in tokenizer.encode_batch_fast(texts)]


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

"""Words of a data set's texts, and word pieces fitted to those of some rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.dataset import Dataset, Split

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "[UNK]"
SPECIAL = ("[PAD]", UNKNOWN, "[CLS]", "[SEP]")
_START, _END = SPECIAL.index("[CLS]"), SPECIAL.index("[SEP]")
_VOCABULARY = 8192
# Texts split into words at once; bounds the lists of Python strings in between.
_BLOCK = 2048


@dataclass(frozen=True, kw_only=True)
class SplitWords:
    """One split's words, row after row.

    Attributes:
        lines: The words of each text, lower case, with a space between two; shape (n,), large_string.
        firsts: Where a text is a pair of texts, how many of its words are the first one's; else -1.
            Shape (n,), int64.
    """

    lines: pa.Array
    firsts: NDArray[np.int64]


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


def word_splitter() -> tuple[Any, Any]:
    """What writes texts lower case and without accents, and what splits them at spaces and signs."""
    from tokenizers import normalizers, pre_tokenizers

    return normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()


def words_in(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text."""
    normalizer, splitter = word_splitter()
    return [
        [word for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))]
        for text in texts
    ]


def write_words(dataset: Dataset, path: Path) -> None:
    """Split every text into words and write them as one Arrow file."""
    schema = pa.schema(
        [("lines", pa.large_string()), ("firsts", pa.int64())],
        metadata={"splits": json.dumps(list(dataset.splits))},
    )
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for split in dataset.splits.values():
            lines, firsts = [], []
            for line, first in _lines(split):
                lines.append(line)
                firsts.append(first)
            columns = [pa.array(lines, pa.large_string()), pa.array(firsts, pa.int64())]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _lines(split: Split) -> Iterator[tuple[str, int]]:
    """The words of each text as a line, and how many are of the first of a pair, or -1."""
    for start in range(0, len(split), _BLOCK):
        for text in split.encodable(slice(start, start + _BLOCK)):
            parts = words_in([text] if isinstance(text, str) else text)
            yield " ".join(w for part in parts for w in part), len(parts[0]) if parts[1:] else -1


def read_words(path: Path) -> dict[str, SplitWords]:
    """Map the file that `write_words` wrote; nothing is copied."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    names = json.loads(reader.schema.metadata[b"splits"])
    batches = [reader.get_batch(position) for position in range(len(names))]
    return {
        name: SplitWords(lines=batch["lines"], firsts=batch["firsts"].to_numpy())
        for name, batch in zip(names, batches, strict=True)
    }


def train_pieces(lines: Sequence[str]) -> dict[str, int]:
    """The vocabulary of WordPiece: 8,192 pieces and the letters, lower case, each with its number.

    Args:
        lines: Words of texts with a space between two, as `SplitWords` has them.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    # The space stands in no word; without it every piece would have another number, and a seed would
    # draw other weights for it than before.
    letters = sorted({" "}.union(*lines))
    trained = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    trained.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(
        vocab_size=_VOCABULARY + len(letters),
        min_frequency=2,
        initial_alphabet=letters,
        # The trainer numbers ##letters in the order of a hash map, breaks ties by these numbers,
        # and so gives another vocabulary each time; naming them beforehand fixes the numbers.
        special_tokens=[*SPECIAL, *(f"##{letter}" for letter in letters)],
        show_progress=False,
    )
    trained.train_from_iterator(lines, trainer)
    vocabulary: dict[str, int] = trained.get_vocab()
    return vocabulary


def whole_tokenizer(vocabulary: Mapping[str, int]) -> "Tokenizer":
    """The tokenizer of a vocabulary: from a text to its pieces, ends included."""
    from tokenizers import Tokenizer, models, processors

    tokenizer = Tokenizer(models.WordPiece(dict(vocabulary), unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = word_splitter()
    ends = {SPECIAL[number]: number for number in (_END, _START)}
    tokenizer.post_processor = processors.BertProcessing(*ends.items())
    return tokenizer


def train_tokenizer(texts: Sequence[str]) -> "Tokenizer":
    """A WordPiece tokenizer, lower case, of 8,192 pieces and the letters, from texts."""
    return whole_tokenizer(train_pieces([" ".join(words) for words in words_in(texts)]))


def cut_words(
    words: Mapping[str, SplitWords], vocabulary: Mapping[str, int], max_length: int
) -> dict[str, Pieces]:
    """The word pieces of every split, as the tokenizer of the vocabulary gives them.

    Each different word is cut once, which is several times as fast.

    Args:
        words: Of each split.
        vocabulary: As `train_pieces` gives it.
        max_length: Pieces that are kept of a text, ends included.
    """
    from tokenizers import Tokenizer, models

    lines = pa.chunked_array([split.lines for split in words.values()])
    lists = pc.split_pattern(lines, " ").combine_chunks()
    coded = lists.flatten().dictionary_encode()
    cutter = Tokenizer(models.WordPiece(dict(vocabulary), unk_token=UNKNOWN))
    cut = [one.ids for one in cutter.encode_batch_fast(coded.dictionary.to_pylist())]
    by_word = _joined(cut)
    numbers, starts = coded.indices.to_numpy(), lists.offsets.to_numpy().astype(np.int64)
    found, row = {}, 0
    for name, split in words.items():
        bounds = starts[row : row + len(split.lines) + 1]
        found[name] = _cut_split(
            numbers[bounds[0] : bounds[-1]], bounds - bounds[0], split.firsts, by_word, max_length
        )
        row += len(split.lines)
    return found


def _joined(lists: Sequence[Sequence[int]]) -> Pieces:
    sizes = [len(one) for one in lists]
    values = np.fromiter((piece for one in lists for piece in one), np.int32, sum(sizes))
    return Pieces(values=values, offsets=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]))


def _cut_split(
    numbers: NDArray[np.int32],
    bounds: NDArray[np.int64],
    firsts: NDArray[np.int64],
    by_word: Pieces,
    max_length: int,
) -> Pieces:
    """Pieces of one split's texts.

    Args:
        numbers: Of all its words, one text behind the other.
        bounds: Where each text's words start, and the end, shape (n + 1,).
        firsts: As `SplitWords` has it.
        by_word: The pieces of each word.
        max_length: As `cut_words`.
    """
    is_pair = firsts >= 0
    # A text is one part, a pair two; each ends with a mark, the first begins with one.
    parts = np.sort(np.concatenate([bounds, bounds[:-1][is_pair] + firsts[is_pair]]), kind="stable")
    begins = np.cumsum(np.concatenate([[0], 1 + is_pair]))
    is_first = np.zeros(len(parts) - 1, dtype=bool)
    is_first[begins[:-1]] = True
    of_word = by_word.lengths[numbers]
    ends_of_words = np.concatenate([[0], np.cumsum(of_word)])
    sizes = np.diff(ends_of_words[parts])
    left = _left(sizes, begins, is_pair, max_length)
    starts = np.concatenate([[0], np.cumsum(left + 1 + is_first)])
    values = np.full(starts[-1], _END, dtype=np.int32)
    values[starts[:-1][is_first]] = _START
    every = by_word.values[_runs(by_word.offsets[numbers], of_word)]
    values[_runs(starts[:-1] + is_first, left)] = every[_runs(ends_of_words[parts[:-1]], left)]
    return Pieces(values=values, offsets=starts[begins])


def _left(
    sizes: NDArray[np.int64], begins: NDArray[np.int64], is_pair: NDArray[np.bool_], max_length: int
) -> NDArray[np.int64]:
    """Pieces that stay of each part: of a pair the longer one is cut first."""
    left = sizes.copy()
    alone = begins[:-1][~is_pair]
    left[alone] = np.minimum(sizes[alone], max(max_length - 2, 0))
    one, room = begins[:-1][is_pair], max(max_length - 3, 0)
    small = np.minimum(sizes[one], sizes[one + 1])
    large = np.minimum(np.maximum(sizes[one], sizes[one + 1]), np.maximum(small, room - small))
    is_over = small + large > room
    small, large = np.where(is_over, room // 2, small), np.where(is_over, room - room // 2, large)
    is_swapped = sizes[one] > sizes[one + 1]
    left[one] = np.where(is_swapped, large, small)
    left[one + 1] = np.where(is_swapped, small, large)
    return left


def _runs(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start on, as many as its size, one run behind the other."""
    before = np.concatenate([[0], np.cumsum(sizes)])
    runs: NDArray[np.int64] = np.repeat(starts - before[:-1], sizes) + np.arange(before[-1])
    return runs

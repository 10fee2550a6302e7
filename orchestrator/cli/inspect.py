"""prune-envelope inspect: what is in a data set, before anything is trained."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.options import flag, parameter, takes
from orchestrator.terminal.console import open_console

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from trainables.data.catalog import LoadedSplits, Source

_SAMPLED = 2_000
_MAX_LENGTH = 128
_FLAGS = (
    "data_dir", "name", "text_column", "label_column", "id_column", "embedding_column", "delimiter", "quotes",
    "test", "test_fraction", "limit", "model", "max_length",
)  # fmt: skip
_DATASET = parameter(
    "dataset", str, typer.Argument(metavar="DATASET", help="Name, file or folder."), ...
)
_JSON = parameter("as_json", bool, typer.Option("--json", help="One object."), False)


@dataclass(frozen=True, kw_only=True)
class PieceFacts:
    """What a model reads of the training texts.

    Attributes:
        model: Its name.
        max_length: Word pieces it is given of a text.
        texts: How many were looked at, drawn at random.
        cut: Those of more pieces.
        unknown: Share of all pieces that the model does not know, in [0, 1]; None where its tokenizer
            names no piece for those.
    """

    model: str
    max_length: int
    texts: int
    cut: int
    unknown: float | None


@takes([_DATASET, *map(flag, _FLAGS), _JSON])
def inspect(context: typer.Context, **flags: Any) -> None:
    """Look at a data set: classes, copies, overlap of train and test, odd texts; nothing is trained."""
    from orchestrator.cli.config_file import read_options
    from trainables.errors import explained

    with explained():
        options = read_options(None, context=context).options
        (source,) = options.request().sources().values()
        _look(source, options.model, options.max_length or _MAX_LENGTH, as_json=flags["as_json"])


def _look(source: "Source", model: str, max_length: int, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict, replace

    from orchestrator.planning.data_words import data_warnings
    from orchestrator.terminal.data_text import print_inspection
    from trainables.data.catalog import load_splits
    from trainables.data.inspection import inspect_splits

    loaded = load_splits(replace(source, target="optional"))
    seen = inspect_splits(loaded.name, loaded.splits, loaded.class_names, kind=loaded.kind)
    pieces = pieces_of(model, loaded, max_length) if model else None
    console = open_console()
    if as_json:
        known = {"notes": loaded.notes, "warnings": data_warnings(seen)}
        whole = {**asdict(seen), **known, "pieces": asdict(pieces) if pieces else None}
        console.print_json(json.dumps(whole), ensure_ascii=True)
        return
    print_inspection(seen, console)
    for note in loaded.notes:
        console.print(f"  note: {note}", highlight=False)
    if pieces:
        console.print(_pieces_text(pieces), highlight=False)


def pieces_of(model: str, loaded: "LoadedSplits", max_length: int) -> PieceFacts:
    """What a model reads of training texts, 2,000 of them at most.

    Raises:
        UsageError: If the inputs are no text, or the model has no fast tokenizer.
        AbsentError: If it is not there.
    """
    import numpy as np

    from trainables.data.dataset import ARROW_TYPES
    from trainables.errors import UsageError

    train = loaded.splits["train"]
    if train.inputs.type != ARROW_TYPES["text"]:
        raise UsageError(f"{loaded.name}: images have no word pieces; leave --model out")
    chosen = np.random.default_rng(0).permutation(len(train))[:_SAMPLED]
    tokenizer = _tokenizer(model, loaded)
    tokenizer.no_truncation()
    texts = train.take(np.sort(chosen)).texts
    found = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    known = getattr(tokenizer.model, "unk_token", None)
    unknown = tokenizer.token_to_id(known) if known else None
    return PieceFacts(
        model=model,
        max_length=max_length,
        texts=len(texts),
        cut=sum(len(ids) > max_length for ids in found),
        unknown=None if unknown is None else _share(unknown, found),
    )


def _share(piece: int, of: list[list[int]]) -> float:
    return sum(ids.count(piece) for ids in of) / sum(map(len, of))


def _tokenizer(model: str, loaded: "LoadedSplits") -> "Tokenizer":
    from trainables.data.dataset import Dataset
    from trainables.learners.pretrained import find_model
    from trainables.learners.tokens import load_tokenizer, train_tokenizer

    found = find_model(model)
    if found.name != found.sha:
        return load_tokenizer(found.name)[0]
    train = loaded.splits["train"]
    whole = Dataset(
        name=loaded.name, kind="text", class_names=loaded.class_names, train=train, test=train
    )
    return train_tokenizer(whole)


def _pieces_text(pieces: PieceFacts) -> str:
    from orchestrator.planning.data_words import rows_of

    said = (
        f"{pieces.model} at {pieces.max_length} word pieces: cuts {rows_of(pieces.cut, pieces.texts)} "
        "training texts drawn at random"
    )
    if pieces.unknown is not None:
        said += f"; {100 * pieces.unknown:.1f} % of their pieces are unknown to it"
    return said

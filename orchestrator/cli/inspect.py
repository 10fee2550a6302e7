"""prune-envelope inspect: what is in a data set, before anything is trained."""

from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.completion import completion
from orchestrator.cli.flags import flag
from orchestrator.cli.parameters import parameter, takes
from orchestrator.terminal.console import open_console

if TYPE_CHECKING:
    from trainables.data.catalog import LoadedSplits, Source
    from trainables.learners.tokens import PiecesLook

_SAMPLED = 2_000
_MAX_LENGTH = 128
_FLAGS = (
    "data_dir", "name", "text_column", "messages", "prompt_column", "response_column", "label_column", "id_column",
    "embedding_column", "delimiter", "quotes",
    "test", "test_fraction", "limit", "model", "max_length",
)  # fmt: skip
_DATASET = parameter(
    "dataset",
    str,
    typer.Argument(
        metavar="DATASET",
        autocompletion=completion("dataset"),
        help="Known name, file, folder, or owner/name on the hub.",
    ),
    ...,
)
_JSON = parameter("as_json", bool, typer.Option("--json", help="Print one JSON object."), False)


@takes([_DATASET, *map(flag, _FLAGS), _JSON])
def inspect(context: typer.Context, **flags: Any) -> None:
    """Look at a data set: classes, copies, overlap of train and test, odd texts; nothing is trained."""
    from orchestrator.cli.config_file import read_options
    from trainables.errors import explained

    with explained():
        options = read_options(None, context=context).options
        (source,) = options.request().sources().values()
        _look(
            source,
            options.model,
            _MAX_LENGTH if options.max_length is None else options.max_length,
            as_json=flags["as_json"],
        )


def _look(source: "Source", model: str, max_length: int, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict, replace

    from orchestrator.cli.typed_command import typed_command
    from orchestrator.planning.data_words import data_warnings
    from orchestrator.planning.missing import Missing, look_at_sources
    from orchestrator.terminal.data_text import print_inspection
    from trainables.data.catalog import load_splits
    from trainables.data.inspection import inspect_splits

    # A language model reads no classes, also where the file has them.
    source = replace(source, target="none" if source.target == "none" else "optional")
    missing = Missing(command=typed_command())
    look_at_sources([source], missing, needs_test=False)
    missing.end()
    loaded = load_splits(source)
    seen = inspect_splits(loaded.name, loaded.splits, loaded.class_names, kind=loaded.kind)
    pieces = pieces_of(model, loaded, max_length) if model else None
    console = open_console()
    if as_json:
        known = {"notes": loaded.notes, "warnings": data_warnings(seen)}
        whole = {**asdict(seen), **known, "pieces": None}
        if pieces:
            whole["pieces"] = {"model": model, "max_length": max_length, **asdict(pieces)}
        console.print_json(json.dumps(whole), ensure_ascii=True)
        return
    print_inspection(seen, console)
    for note in loaded.notes:
        console.print(f"  note: {note}", highlight=False)
    if pieces:
        console.print(_pieces_text(model, pieces, max_length), highlight=False)


def pieces_of(model: str, loaded: "LoadedSplits", max_length: int) -> "PiecesLook":
    """What a model reads of training texts, 2,000 of them at most.

    Raises:
        UsageError: If the inputs are no text.
        AbsentError: If the model is not there.
        DataError: If it is not fit.
    """
    from trainables.errors import UsageError
    from trainables.learners.pretrained import find_model
    from trainables.learners.tokens import even_rows, look_at_pieces

    train = loaded.splits["train"]
    if loaded.kind == "messages":
        raise UsageError(
            f"{loaded.name} holds conversations: how many word pieces they have is said by prune-envelope sweep with "
            "the same flags and --dry-run; leave --model out"
        )
    if loaded.kind != "text":
        raise UsageError(f"{loaded.name} holds no texts, which have word pieces; leave --model out")
    texts = train.encodable(even_rows(len(train), _SAMPLED))
    return look_at_pieces(find_model(model), texts, max_length)


def _pieces_text(model: str, pieces: "PiecesLook", max_length: int) -> str:
    return (
        f"{model} at {max_length} word pieces: of {pieces.texts:,} training texts drawn evenly it cuts "
        f"{pieces.cut_share:.1%}, and does not know {pieces.unknown_share:.1%} of their pieces; half of "
        f"the texts have {pieces.median_pieces:.0f} or fewer"
    )

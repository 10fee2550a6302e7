"""What a reader is told of columns that were guessed, and of those that were not read."""

from collections.abc import Sequence

from trainables.data.columns import Columns, Field, Kind, excerpt
from trainables.data.guesses import label_column_of


def unread_classes(header: Sequence[Field], found: Columns) -> tuple[str, ...]:
    """The sentence that no classes were read, where a column could be theirs."""
    left = [field for field in header if field.name not in found.names]
    label, several = label_column_of(left, found, by_kind=True)
    if found.label or not (names := [label] if label else several):
        return ()
    return (
        f"no classes were read; --label-column names their column, such as {excerpt(names[0])}",
    )


def unread_conversations(header: Sequence[Field], found: Columns) -> tuple[str, ...]:
    """The sentence that a column of conversations was not read, where other texts were taken."""
    names = [field.name for field in header if field.kind == "messages"]
    if found.of_language or not names:
        return ()
    return (
        f"column {names[0]!r} holds conversations, and is not read: --messages {excerpt(names[0])} reads them, "
        "for a language model",
    )


def guess_note(asked: Columns, found: Columns, kind: Kind) -> tuple[str, ...]:
    """The sentence that says which columns were guessed, where they are not `text` and `label`.

    Args:
        asked: The columns that were asked for.
        found: Those that are read.
        kind: What the inputs are.
    """
    parts = []
    flags = "--text-column, --label-column and --embedding-column set them"
    if not asked.of_language and found.of_language:
        told = f"conversations from {excerpt(found.messages)}"
        if found.response:
            told = f"prompts from {excerpt(found.prompt)}, responses from {excerpt(found.response)}"
        parts.append(told)
        flags = "--messages, --prompt-column and --response-column, or --text-column, set them"
    if not asked.text and found.text not in ((), ("text",)):
        noun = "images" if kind == "image" else "texts"
        parts.append(f"{noun} from {' + '.join(excerpt(name) for name in found.text)}")
    if not asked.embedding and found.embedding:
        is_file = found.embedding.endswith(".npy")
        parts.append(
            f"vectors from {'the .npy file beside' if is_file else excerpt(found.embedding)}"
        )
    if not asked.label and found.label not in ("", "label"):
        parts.append(f"classes from {excerpt(found.label)}")
    if not parts:
        return ()
    return (f"columns were guessed: {', '.join(parts)}; {flags}",)

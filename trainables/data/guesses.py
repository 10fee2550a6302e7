"""Which columns of a file hold texts and classes, where that was not said or goes by another name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from trainables.data.columns import Columns, Field, excerpt
from trainables.data.language_columns import with_language
from trainables.errors import DataError
from trainables.suggestions import did_you_mean

TEXT_NAMES = {
    "text", "texts", "sentence", "content", "review", "body", "comment", "tweet", "question",
    "document", "doc", "message", "utterance", "query", "prompt", "headline", "title",
    "description", "input", "inputs", "abstract", "passage", "article", "post", "sms",
}  # fmt: skip
LABEL_NAMES = {
    "label", "labels", "target", "class", "category", "intent", "sentiment", "topic", "y",
    "coarse_label", "fine_label", "label_id", "class_label", "gold_label", "stars", "rating",
}  # fmt: skip
PAIRS = (
    ("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"),
    ("question", "sentence"), ("question", "passage"), ("query", "passage"), ("text1", "text2"),
    ("text_a", "text_b"), ("sentence_a", "sentence_b"), ("question", "answer"), ("prompt", "response"),
    ("question", "context"), ("query", "document"),
)  # fmt: skip
# Texts of one row that are joined: a heading and what stands under it.
HEADED = (
    ("title", "content"), ("title", "body"), ("title", "description"), ("subject", "body"),
    ("headline", "body"), ("summary", "review"),
)  # fmt: skip
# Numbers that say something else of a row than its class.
_NO_CLASSES = {
    "year", "month", "day", "date", "time", "timestamp", "length", "len", "count", "words", "chars",
    "tokens", "fold", "split", "age", "price", "weight", "unnamed: 0",
}  # fmt: skip
_VECTORS = ("emb", "vec", "feat", "hidden", "repr")
_IDS = {
    "id", "idx", "index", "uid", "guid", "row", "row_id", "sample_id", "key", "file", "filename", "path",
    "url", "",
}  # fmt: skip
_OPTIONS = "name them with --text-column, --label-column, --id-column and --embedding-column"
_LANGUAGE_OPTIONS = "name them with --messages, or --prompt-column and --response-column"


class ColumnsError(DataError):
    """Columns that were asked for, or are needed, are not in a file.

    Attributes:
        unknown: Names that were asked for and are not there, each with what it may have been meant as.
        asked: The columns that were asked for.
        lacks_text: Whether no column of texts was found.
        lacks_label: Whether no column of classes was found.
        found: Those that are known.
    """

    unknown: Mapping[str, str] = MappingProxyType({})
    asked: Columns = Columns()
    lacks_text: bool = False
    lacks_label: bool = False
    found: Columns = Columns()


def choose(
    header: Sequence[Field],
    asked: Sequence[Columns],
    where: str,
    *,
    need_label: bool = True,
    need_input: bool = True,
    of_language: bool = False,
) -> Columns:
    """The columns to read: the first of asked that is there whole, its gaps filled.

    A gap is filled by the column `text`, or `label`, or by the one that could be meant.

    Args:
        header: The file's columns.
        asked: In order of preference; an empty field is a gap.
        where: The file, for messages.
        need_label: Whether there must be a class.
        need_input: Whether there must be a text, an image or vectors.
        of_language: Whether conversations, and prompts with their responses, are looked for first.

    Raises:
        DataError: If none is; all that is missing is told at once.
    """
    names = [field.name for field in header]
    if of_language and not (asked[0].inputs or asked[0].embedding):
        asked = [with_language(header, asked[0], where), *asked[1:]]
    told: dict[str, str] = {}
    for columns in asked:
        if set(columns.names) <= set(names):
            found, lacks = _filled(header, columns, need_label=need_label, need_input=need_input)
            if not lacks:
                check_once(header, where, found.names)
                return found
            break
    else:
        columns = asked[0]
        missing = [name for name in columns.names if name not in names]
        told = {
            name: excerpt(name)
            + (f" ({hint.strip()})" if (hint := did_you_mean(name, names)) else "")
            for name in missing
        }
        lacks = [f"no column {', '.join(told.values())}"]
        rest = replace(
            columns,
            text=tuple(name for name in columns.text if name in names),
            label=columns.label if columns.label in names else "",
        )
        found, more = _filled(
            header,
            rest,
            need_label=need_label and not columns.label,
            need_input=need_input and not columns.text,
        )
        lacks += more
    options = _LANGUAGE_OPTIONS if asked[0].of_language else _OPTIONS
    error = ColumnsError(
        f"{where}: {'; '.join(lacks)}; its columns are {excerpt(', '.join(names))}; {options}"
        f"{_one_column(names)}"
    )
    error.unknown, error.asked, error.found = told, asked[0], found
    error.lacks_label = need_label and not (found.label or found.of_language)
    error.lacks_text = need_input and not (found.inputs or found.embedding)
    raise error


def _one_column(names: Sequence[str]) -> str:
    if len(names) != 1:
        return ""
    return ". It has one column alone: if others stand in it, say what is between with --delimiter"


def check_once(header: Sequence[Field], where: str, used: Sequence[str] | None = None) -> None:
    """Refuse columns of one name.

    Args:
        header: The file's columns.
        where: The file, for messages.
        used: The names that are used; None for all.

    Raises:
        DataError: If one of them occurs twice.
    """
    names = [field.name for field in header]
    if twice := sorted({name for name in used or names if names.count(name) > 1}):
        raise DataError(f"{where}: column names {twice} occur twice; rename one of each")


def _filled(
    header: Sequence[Field], columns: Columns, *, need_label: bool, need_input: bool
) -> tuple[Columns, list[str]]:
    """Columns with the gaps that can be filled, and what is then still missing."""
    if need_input and not (columns.inputs or columns.embedding):
        columns = replace(columns, messages=_inputs(header)[0].messages)
    if columns.of_language:  # nothing but the responses is learned of them
        return columns, []
    lacks = []
    if not columns.label:
        left = [field for field in header if field.name not in columns.names]
        label, several = label_column_of(left, columns, by_kind=need_label)
        columns = replace(columns, label=label)
        if need_label and not label:
            lacks.append(f"no column of classes is named 'label'{_candidates(several)}")
    if not columns.text and not columns.embedding:
        left = [field for field in header if field.name not in columns.names]
        found, several = _inputs(left, by_kind=need_input)
        columns = replace(columns, text=found.text, embedding=found.embedding)
        if need_input and not columns.text and not columns.embedding:
            lacks.append(f"no column of texts is named 'text'{_candidates(several)}")
    elif not columns.text:  # texts beside vectors are for the reader
        plain = {field.name for field in header if field.kind == "text"}
        columns = replace(columns, text=("text",) if "text" in plain - {columns.label} else ())
    return columns, lacks


def _candidates(names: Sequence[str]) -> str:
    return f", and {' and '.join(excerpt(name) for name in names)} could each be it" * bool(names)


def _called(fields: Sequence[Field], names: set[str], kinds: set[str]) -> list[str]:
    """Columns of some kinds that go by one of some names, whatever their case."""
    return [
        field.name
        for field in fields
        if field.name.strip().lower() in names and field.kind in kinds
    ]


def label_column_of(
    fields: Sequence[Field], columns: Columns, *, by_kind: bool
) -> tuple[str, list[str]]:
    """The column of classes, or empty; and those that could each be it.

    Args:
        fields: The columns there are.
        columns: What is known of them.
        by_kind: Whether a column may be taken for what it holds alone, whatever its name.
    """
    if any(field.name == "label" for field in fields):
        return "label", []
    for names in ({"label"}, LABEL_NAMES):
        found = _called(fields, names, {"text", "number", "measure", "null"})
        if found:
            return (found[0], []) if len(found) == 1 else ("", found)
    if not by_kind:
        return "", []
    inputs = _inputs(fields)[0]
    used = {*(columns.text or inputs.text), columns.embedding or inputs.embedding}
    kinds = {"text", "number"}
    others = [
        field.name
        for field in fields
        if field.name not in used and field.kind in kinds and not _is_no_class(field.name)
    ]
    is_told = bool(columns.text or columns.embedding or inputs.text or inputs.embedding)
    return (others[0], []) if is_told and len(others) == 1 else ("", others)


def _is_id(name: str) -> bool:
    """Whether a column is called like one of ids or row numbers."""
    plain = name.strip().lower()
    return plain in _IDS or (
        plain.endswith(("_id", "id")) and plain not in ("valid", "paid", "said")
    )


def _is_no_class(name: str) -> bool:
    return _is_id(name) or name.strip().lower() in _NO_CLASSES


def _is_called_vectors(name: str) -> bool:
    return any(part in name.strip().lower() for part in _VECTORS)


def _inputs(fields: Sequence[Field], *, by_kind: bool = True) -> tuple[Columns, list[str]]:
    """The columns of texts, images or vectors; and those texts that could each be it.

    Args:
        fields: The columns there are.
        by_kind: Whether a column may be taken for what it holds alone, whatever its name.
    """
    if any(field.name == "text" for field in fields):
        return Columns(text=("text",)), []
    texts_or_none = [field for field in fields if field.kind in ("text", "null")]
    by_name = {field.name.strip().lower(): field.name for field in texts_or_none}
    if "text" in by_name:
        return Columns(text=(by_name["text"],)), []
    for pair in (*PAIRS, *HEADED):
        if set(pair) <= set(by_name):
            return Columns(text=tuple(by_name[name] for name in pair)), []
    texts = _called(fields, TEXT_NAMES, {"text"})
    if not texts and by_kind:
        texts = [
            field.name
            for field in fields
            if field.kind == "text"
            and not (_is_no_class(field.name) or _is_called_vectors(field.name))
            and field.name.strip().lower() not in LABEL_NAMES
        ]
    if len(texts) == 1:
        return Columns(text=(texts[0],)), []
    for kind in ("image", "vectors", "messages"):
        found = [
            field.name
            for field in fields
            if field.kind == kind and (kind != "vectors" or _is_called_vectors(field.name))
        ]
        if not texts and len(found) == 1:
            (name,) = found
            held = {"image": Columns(text=(name,)), "vectors": Columns(embedding=name)}
            return held.get(kind, Columns(messages=name)), []
    return Columns(), texts


def is_pair(columns: Columns) -> bool:
    """Whether the texts are the two of a pair, by the names of their columns: a model is told them apart."""
    return tuple(name.strip().lower() for name in columns.text) in PAIRS

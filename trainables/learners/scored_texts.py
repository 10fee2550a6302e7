"""What a language model reads of a row, and which characters of it it is to predict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from trainables.data.columns import Kind
from trainables.data.dataset import Split
from trainables.data.messages import ANSWERS, ROLES, turns_of

Turns = Sequence[Mapping[str, str]]
# From turns, and whether the head of an answer follows them, to the text that a model reads.
Template = Callable[[Turns, bool], str]

END = "<|end|>"
# Of Unicode's private use: no answer begins or ends with it.
_OTHER = "\ue000"
MARKS = {role: f"<|{role}|>" for role in ROLES}


@dataclass(frozen=True)
class ScoredText:
    """One row as a language model reads it.

    Attributes:
        text: All of it.
        spans: From which character to which it is predicted, in order; what is before is only read.
        is_marked: Whether the text itself marks where it begins and ends, as a chat template does.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    is_marked: bool = False


def plain_template(turns: Turns, answers: bool) -> str:
    """The template of the built-in model: each turn between the mark of its role and an end mark."""
    told = "".join(f"{MARKS[one['role']]}{one['content']}{END}" for one in turns)
    return told + MARKS[ANSWERS] * answers


def scored_texts(
    split: Split, kind: Kind, rows: slice, template: Template | None
) -> list[ScoredText]:
    """Some rows of a split as a language model reads them.

    Of a text all is predicted, of a prompt and its response the response, of a conversation what the
    assistant says, with the mark that ends it.

    Args:
        split: The split.
        kind: "text" or "messages".
        rows: Which.
        template: Of conversations.
    """
    inputs: list[str] = split.inputs[rows].to_pylist()
    if kind == "messages":
        assert template is not None, "the plan refuses conversations without one"
        return [conversation_text(turns_of(one), template) for one in inputs]
    if split.first is None:
        return [ScoredText(one, ((0, len(one)),)) for one in inputs]
    # A newline is between the two, unless one of them is empty.
    starts = [end + 1 if end else 0 for end in split.first[rows].tolist()]
    return [
        ScoredText(one, ((min(start, len(one)), len(one)),))
        for one, start in zip(inputs, starts, strict=True)
    ]


def conversation_text(turns: Turns, template: Template) -> ScoredText:
    """A conversation through a chat template; what each turn of the assistant adds to it is predicted.

    Where the template writes earlier turns otherwise once others follow (some leave out what was thought), or
    the assistant begins, only the last answer is.
    """
    whole = template(turns, False)
    answers = [i for i, one in enumerate(turns) if one["role"] == ANSWERS]
    spans = []
    for i in filter(None, answers):  # many a template takes no empty list of turns
        before, after = template(turns[:i], True), template(turns[: i + 1], False)
        if after.startswith(before) and whole.startswith(after):
            spans.append((len(before), len(after)))
    if len(spans) < len(answers):
        return ScoredText(whole, _last_answer(turns, answers[-1], template), True)
    return ScoredText(whole, tuple(spans), True)


def _last_answer(turns: Turns, last: int, template: Template) -> tuple[tuple[int, int], ...]:
    """From where the words of the last answer begin to behind the mark that ends it.

    They are where the text is another with other words in their place: a search for them would find a short
    answer in the marks, too.
    """
    other = [*turns[:last], {**turns[last], "content": _OTHER}, *turns[last + 1 :]]
    whole, start, end = _place(turns, other, template)
    ended, _, mark = _place(turns[: last + 1], other[: last + 1], template)
    if whole.startswith(ended[mark:], end):
        end += len(ended) - mark
    return ((start, end),) if start < end else ()


def _place(turns: Turns, other: Turns, template: Template) -> tuple[str, int, int]:
    """The text of turns, and from which to which of its characters that of others is another."""
    text, another = template(turns, False), template(other, False)
    start = _alike(text, another)
    same = _alike(text[start:][::-1], another[start:][::-1])
    return text, start, len(text) - same


def _alike(one: str, other: str) -> int:
    """How many characters two texts share from their first."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))

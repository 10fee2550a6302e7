"""YAML as version 1.2 reads it: what a user wrote means that and nothing else, or is refused by its line.

PyYAML reads version 1.1, where 011 is 9, 1:30 is 90, `no` is false, 1e-1 is a text, and the last of two equal
keys counts.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from trainables.data.columns import excerpt
from trainables.errors import EnvelopeError, UnsafeError, UsageError

MAX_BYTES = 10**6
# A setting is a value, a list, or a list in a list; PyYAML itself ends by Python's limit at some hundred.
MAX_DEPTH = 20
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# What one version or another, or a reader, takes for another number than it looks like.
_UNCLEAR = re.compile(
    r"[-+]?(0[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|"
    r"(?=[^_]*_)\.?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?)"
)
_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A value of a YAML text.

    Attributes:
        value: What it means: None, a bool, int, float or str; a list of `Written`, or these by name.
        text: As it is written; of a list or a mapping nothing.
        line: Where, from 1.
    """

    value: Any
    text: str = ""
    line: int = 1

    @property
    def plain(self) -> Any:
        """The value, with those in it."""
        if isinstance(self.value, list):
            return [one.plain for one in self.value]
        if isinstance(self.value, dict):
            return {name: one.plain for name, one in self.value.items()}
        return self.value


class _Reader(Reader, Scanner, Parser, Composer, BaseResolver):  # type: ignore[misc] # no types
    """PyYAML's own parts, less what makes values: it knows no tags, anchors, or second document."""

    def __init__(self, text: str, where: str) -> None:
        Reader.__init__(self, text)
        for part in (Scanner, Parser, Composer, BaseResolver):
            part.__init__(self)
        self._where, self._depth = where, 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        line = event.start_mark.line + 1
        if anchor := getattr(event, "anchor", None):
            raise UsageError(
                f"{self._where}:{line}: {excerpt(anchor)} stands for what is written elsewhere (& and *), which is "
                "not read; write the value itself"
            )
        if tag := getattr(event, "tag", None):
            is_code = "python" in tag
            kind: type[EnvelopeError] = UnsafeError if is_code else UsageError
            why = "would run code and is refused" if is_code else "is a tag, which is not read"
            raise kind(
                f"{self._where}:{line}: {excerpt(tag)} {why}; write the value alone, a text in quotes"
            )
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UsageError(
                f"{self._where}:{line}: more than {MAX_DEPTH} lists, one within the other; a setting is a value or a "
                "list of values"
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def read_yaml(content: bytes | str, where: str) -> Written:
    """What a YAML text holds; nothing of it is run.

    Args:
        content: Of a file, in UTF-8 with or without a mark at its start; or a text.
        where: What errors call it; they put the line behind.

    Raises:
        UsageError: If it is no YAML that means one thing: two equal keys, 011, 1:30, 1_000, anchors, tags,
            a second document.
        UnsafeError: If a tag of it asks for code to be run.
    """
    text = _decoded(content, where) if isinstance(content, bytes) else content
    if found := Reader.NON_PRINTABLE.search(text):
        raise UsageError(
            f"{where}:{_line_of(text, found.start())}: the character {excerpt(found[0])} is none that a "
            "YAML file may hold; remove it"
        )
    try:
        node = _Reader(text, where).get_single_node()
    except yaml.composer.ComposerError as error:
        raise UsageError(
            f"{where}:{error.problem_mark.line + 1}: a second document begins here (---); keep one"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context).split())
        tab = "; put blanks in place of tabs" if "\\t" in problem else ""
        raise UsageError(f"{where}:{mark.line + 1}: not YAML: {problem}{tab}") from error
    return Written(value=None) if node is None else _written(node, where)


def _decoded(content: bytes, where: str) -> str:
    if len(content) > MAX_BYTES:
        raise UsageError(
            f"{where}: {len(content):,} bytes, and at most {MAX_BYTES:,} are read of such a file; is this the file "
            "that is meant?"
        )
    try:
        return content.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = _line_of(content[: error.start].decode(errors="replace"), error.start)
        raise UsageError(
            f"{where}:{line}: the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from error


def _line_of(text: str, at: int) -> int:
    return len(_BREAKS.findall(text[:at])) + 1


def _written(node: Any, where: str) -> Written:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Written(value=[_written(one, where) for one in node.value], line=line)
    if isinstance(node, yaml.ScalarNode):
        # Quoted, or a block of text: it is what it says.
        value = _meant(node.value, f"{where}:{line}") if node.style is None else node.value
        return Written(value=value, text=node.value, line=line)
    for key, _ in node.value:
        at = f"{where}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise UsageError(f"{at}: a list or a mapping stands for a name; write NAME: VALUE")
        if key.value == "<<":
            raise UsageError(f"{at}: << is not read; write the settings themselves")
    names = Counter(key.value for key, _ in node.value)
    if twice := [name for name, many in names.items() if many > 1]:
        lines = [key.start_mark.line + 1 for key, _ in node.value if key.value == twice[0]]
        raise UsageError(
            f"{where}:{lines[1]}: {excerpt(twice[0])} stands in line {lines[0]}, too; keep one of them"
        )
    return Written(value={key.value: _written(one, where) for key, one in node.value}, line=line)


def _meant(text: str, at: str) -> Any:
    """What a value without quotes means, by the core schema of YAML 1.2."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) < 400 else float(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    if found := _NO_NUMBER.fullmatch(text):
        return float(f"{found[1] or ''}inf" if found[2] else "nan")
    if _UNCLEAR.fullmatch(text):
        raise UsageError(
            f"{at}: {excerpt(text)} is read as one number here and as another elsewhere; write a number in plain "
            f"decimals, and a text in quotes: '{text}'"
        )
    return text


class _CardLoader(yaml.SafeLoader):  # type: ignore[misc] # no types
    """Cards are of others: what means two things stays the text that it is, such as the language `no`."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _kind, _pattern in (("null", _NULL), ("bool", _BOOL), ("int", _WHOLE), ("float", _NUMBER)):
    _CardLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_pattern.pattern})$"), None
    )


def card_values(front: str) -> Any:
    """What the YAML at the head of a data set's card says.

    Raises:
        UsageError: If it cannot be read.
    """
    try:
        return _CardLoader(front).get_single_data()
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{excerpt(str(error))}") from error

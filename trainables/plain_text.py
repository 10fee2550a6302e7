r"""Text from outside as it may be shown or kept: no control character that a reader obeys, no secret.

Names, texts, errors, paths and variables come from files, programs and other people. Every output passes
through one of these: terminal, log, page, table, card, and the records of a run.
"""

import os
import re
import unicodedata
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from urllib.parse import quote

HIDDEN = "***"
# Names of variables whose values are kept from every output, and the least length of a value that is one.
_SECRET_NAME = re.compile(
    r"KEY(?![A-Z])|TOKEN(?!IZ|S)|SECRET|PASSW|PASSPHRASE|CREDENTIAL|_PAT$", re.IGNORECASE
)
_LEAST = 6
# Values that are a setting, whatever their variable is called.
_SETTINGS = {"disabled", "enabled", "default", "required", "optional", "system", "keyring"}
# Bounded: from each letter of a long word its end would be looked for, which takes hours for one of megabytes.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s'\"<>]+")
_USER = re.compile(r"(?<=://)(?:[^/?#@]*@|[^/?#@:]+:(?!\d+/)[^?#@]{1,1024}@)")
_VALUE = re.compile(r"(?<=[?&;#])([\w.~%-]+)=([^&;#]*)")
# Settings of a URI of storage that are no secrets.
_PLAIN_SETTINGS = {"endpoint_override", "scheme", "region", "allow_bucket_creation", "revision"}
# A path from the root or the home folder, with folders above its name.
_FULL_PATH = re.compile(r"(?<![\w.~/…*-])~?/(?:[^\s'\"/]+/)+([^\s'\"/]+)")
_FILE_URL = re.compile(r"\bfile://(?:localhost)?(?=/)")
# A home folder, whose name is its user's; and a path of Windows.
_HOME = re.compile(r"(?<![\w.~/…*-])/(?:home|Users)/[^\s'\"/]+|~[\w.-]+(?=/)")
_WINDOWS = re.compile(r"(?<!\w)(?:[A-Za-z]:|\\)\\(?:[^\\/:\s'\"]+\\)+(?=[^\\\s'\"])")
# Where an invisible joiner shapes what is seen: letters without case, their marks, and pictures.
_SPELLED = re.compile(r"(?<!\\)((?:\\\\)*)\\u(200[cd])")
_JOINERS, _JOINED = "\u200c\u200d", ("Lo", "Mn", "Mc", "So", "Sk")
_BEARER = r"(?:(?:api|auth|access|hf|hub|refresh|session|security|bearer)[_-]?)?token"
_WORD = rf"(?:[\w-]*(?:api[_-]?key|access[_-]?key(?:[_-]?id)?|secret(?:[_-]?(?:access[_-]?)?key)?|passw(?:or)?d|passphrase)|{_BEARER})"
_PAIR = re.compile(
    rf"(?<![\w-])((?:--)?{_WORD}[\"']?\s*[=:]\s*[\"']?|--{_WORD}\s+[\"']?|Bearer\s+)((?<=\")[^\"]*|(?<=')[^']*|[^\s\"',;&]+)",
    re.IGNORECASE,
)
_SHAPE = re.compile(
    r"\bhf_[A-Za-z0-9]{16,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bsk-[\w-]{20,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{30,}|\beyJ[\w-]{10,2048}\.[\w-]{10,65536}\.[\w-]+"
)


def printable(text: str, *, lines: bool = True) -> str:
    r"""A text without what moves a cursor, turns the direction of writing or cannot be seen: each as `\x1b`.

    Words of every language stay as they are written.

    Args:
        text: Of anybody.
        lines: Leave line ends and tabs as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        c
        if c.isprintable()
        or (lines and c in "\n\t")
        or unicodedata.category(c) == "Zs"
        or (c in _JOINERS and _is_joined(text, i))
        else ascii(c)[1:-1]
        for i, c in enumerate(text)
    )


def quoted(value: object) -> str:
    """A value as a message quotes it, on one line: `'Wörter'`."""
    text = repr(value)
    if isinstance(value, str) and not {*_JOINERS}.isdisjoint(value):
        text = _SPELLED.sub(lambda found: found[1] + chr(int(found[2], 16)), text)
    return printable(text, lines=False)


def _is_joined(text: str, i: int) -> bool:
    """Whether an invisible joiner stands where one belongs, as in Persian, Hindi and pictures of people."""
    around = text[max(0, i - 1) : i] + text[i + 1 : i + 2]
    return len(around) == 2 and all(unicodedata.category(c) in _JOINED for c in around)


def redacted(text: str) -> str:
    """A text without secrets: those of URLs, of variables named as such, and what looks like one.

    In a URL the user, the password and every setting but those known to be none are hidden.
    """
    for value in sorted(_secret_values(), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    text = _URL.sub(lambda found: _url(found[0]), text)
    text = _PAIR.sub(lambda found: found[1] + HIDDEN, text)
    return _SHAPE.sub(HIDDEN, text)


def shown(text: str) -> str:
    """A text for a terminal or a log: printable, and without secrets."""
    return printable(redacted(text))


def forwarded(text: str) -> str:
    """A text for those to whom a page or card is sent on: of a full path only its last name, as `…/train.csv`."""
    text = _WINDOWS.sub("…/", _FILE_URL.sub("", text))
    return _HOME.sub("~", _FULL_PATH.sub(_last_name, text))


def _last_name(found: re.Match[str]) -> str:
    return "~" if _HOME.fullmatch(found[0]) else f"…/{found[1]}"


def _url(url: str) -> str:
    url = _USER.sub(f"{HIDDEN}@", url, count=1)
    return _VALUE.sub(
        lambda m: m[0] if m[1].lower() in _PLAIN_SETTINGS else f"{m[1]}={HIDDEN}", url
    )


def _secret_values() -> Iterator[str]:
    for name, value in os.environ.items():
        is_setting = value.lower() in _SETTINGS or (value.isdecimal() and len(value) < 10)
        if not _SECRET_NAME.search(name) or len(value) < _LEAST or is_setting:
            continue
        if not (value.startswith("/") and Path(value).exists()):
            yield from {value, quote(value, safe=""), dumps(value)[1:-1]}

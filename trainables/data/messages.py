"""Conversations as a language model is trained on them: turns of a role and a text, one row each."""

import json
from collections.abc import Mapping, Sequence

from trainables.data.columns import excerpt
from trainables.errors import DataError

# What is learned: the turns of this role.
ANSWERS = "assistant"
ROLES = ("system", "user", ANSWERS)
# Names of the two fields of a turn, and of roles, that other programs write.
FIELDS = (("role", "content"), ("from", "value"))
_OTHERS = {"human": "user", "gpt": ANSWERS, "bot": ANSWERS}


def conversation(turns: object) -> str:
    """A conversation in one form, from a list of turns as files hold them.

    Args:
        turns: A list of objects with role and content, or with from and value.

    Returns:
        JSON, from which `turns_of` reads the turns.

    Raises:
        DataError: If it is no such list, has a role that is not known or no answer to learn; the message says
            what is wrong and what to write instead.
    """
    if isinstance(turns, str):
        try:
            turns = json.loads(turns)
        except (ValueError, RecursionError) as error:
            raise DataError(f"is text and no JSON list of turns ({error})") from error
    if not isinstance(turns, Sequence) or isinstance(turns, str) or not turns:
        raise DataError("is no list of turns")
    told = [_turn(number, one) for number, one in enumerate(turns)]
    if not any(one["role"] == ANSWERS and one["content"] for one in told):
        raise DataError(
            f"has no turn of the {ANSWERS}, so there is nothing to learn: remove the row"
        )
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def is_turns(value: object) -> bool:
    """Whether a value is a list of turns by its first: an object with a role and a text, under known names."""
    if not isinstance(value, list) or not value or not isinstance(value[0], Mapping):
        return False
    return any(who in value[0] and what in value[0] for who, what in FIELDS)


def _turn(number: int, turn: object) -> dict[str, str]:
    if not isinstance(turn, Mapping):
        raise DataError(f"turn {number} is no object with role and content")
    for who, what in FIELDS:
        if turn.get(who) is not None and what in turn:
            role, content = turn[who], turn[what]
            break
    else:
        given = ", ".join(str(name) for name, value in turn.items() if value is not None)
        raise DataError(f"turn {number} has {excerpt(given)}, not role and content")
    role = _OTHERS.get(role, role) if isinstance(role, str) else role
    if role not in ROLES:
        raise DataError(f"turn {number} is of role {excerpt(role)}; roles are {', '.join(ROLES)}")
    if not isinstance(content, str):
        raise DataError(f"turn {number} has a content that is no text")
    if any("\ud800" <= letter <= "\udfff" for letter in content):
        raise DataError(f"turn {number} has half of a surrogate pair (\\ud800 to \\udfff)")
    return {"role": role, "content": content}


def turns_of(text: str) -> list[dict[str, str]]:
    """The turns of a conversation, each with role and content."""
    turns: list[dict[str, str]] = json.loads(text)
    return turns


def readable(text: str) -> str:
    """A conversation as a person reads it: a line a turn, the role before it."""
    return "\n".join(f"{one['role']}: {one['content']}" for one in turns_of(text))

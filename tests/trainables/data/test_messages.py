import json

import pytest

from trainables.data.messages import conversation, readable, turns_of
from trainables.errors import DataError

ASKED = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]
SHARED = [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}]


def test_turns_of_either_spelling_are_one_conversation():
    assert conversation(ASKED) == conversation(SHARED) == conversation(json.dumps(ASKED))
    assert turns_of(conversation(SHARED)) == ASKED


def test_a_conversation_is_shown_by_its_roles():
    assert readable(conversation(ASKED)) == "user: 2 + 2?\nassistant: 4"


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        ("hello", "is text and no JSON list"),
        ([], "is no list of turns"),
        ({"role": "user", "content": "x"}, "is no list of turns"),
        (["hello"], "turn 0 is no object"),
        (
            [{"speaker": "user", "content": "x"}],
            "turn 0 has 'speaker, content', not role and content",
        ),
        ([{"role": "tool", "content": "x"}], "turn 0 is of role 'tool'; roles are system, user"),
        ([{"role": "user", "content": 4}], "turn 0 has a content that is no text"),
        (ASKED[:1], "has no turn of the assistant"),
    ],
)
def test_what_is_no_conversation_is_refused_by_its_turn(turns, message):
    with pytest.raises(DataError, match=message):
        conversation(turns)

import numpy as np
import pytest

from trainables.data.dataset import Split
from trainables.data.messages import conversation, turns_of
from trainables.learners.scored_texts import conversation_text, plain_template, scored_texts

ASKED = [
    {"role": "user", "content": "2 + 2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "And 3?"},
    {"role": "assistant", "content": "7"},
]


def split(texts, first=None):
    return Split(
        inputs=texts, labels=np.zeros(len(texts), int), ids=np.arange(len(texts)), first=first
    )


def scored(text):
    return [text.text[first:last] for first, last in text.spans]


def test_all_of_a_plain_text_is_scored():
    one, two = scored_texts(split(["one text", ""]), "text", slice(None), None)
    assert scored(one) == ["one text"] and scored(two) == [""]


def test_of_a_prompt_and_its_response_the_response_is_scored():
    texts = ["Ask\nAnswer\nmore", "Answer alone", "Ask alone"]
    found = scored_texts(split(texts, np.array([3, 0, 9])), "text", slice(None), None)
    assert [scored(one) for one in found] == [["Answer\nmore"], ["Answer alone"], [""]]


def test_of_a_conversation_the_turns_of_the_assistant_are_scored_with_their_end():
    found = conversation_text(turns_of(conversation(ASKED)), plain_template)
    assert scored(found) == ["4<|end|>", "7<|end|>"]


def forgetful(turns, answers):
    """Writes what was thought before the last turn alone."""
    told = [
        f"[{one['role']}]{'(thinks)' if i == len(turns) - 1 and one['role'] == 'assistant' else ''}{one['content']}<end>"
        for i, one in enumerate(turns)
    ]
    return "".join(told) + "[assistant]" * answers


def test_a_template_that_forgets_what_was_thought_leaves_the_last_answer_alone():
    assert scored(conversation_text(ASKED, forgetful)) == ["7<end>"]


def test_a_short_last_answer_is_not_looked_for_in_the_marks():
    turns = [*ASKED[:3], {"role": "assistant", "content": "d"}]
    assert scored(conversation_text(turns, forgetful)) == ["d<end>"]


def test_a_users_turn_behind_the_last_answer_is_not_scored():
    assert scored(conversation_text(ASKED[:3], forgetful)) == ["4<end>"]


def test_of_a_conversation_that_the_assistant_begins_the_last_answer_is_scored():
    assert scored(conversation_text(ASKED[1:], plain_template)) == ["7<|end|>"]


@pytest.mark.parametrize("answers", [True, False])
def test_the_built_in_template_of_turns_begins_as_that_of_fewer(answers):
    whole = plain_template(ASKED, False)
    assert whole.startswith(plain_template(ASKED[:3], answers))

"""The made instructions: repeatable, answered rightly, and true to what they say of themselves."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from trainables.data import instruction_words as words
from trainables.data.catalog import load
from trainables.data.instruction_tasks import TASK_FAMILIES
from trainables.data.instructions import instructions
from trainables.data.messages import turns_of
from trainables.data.planting import Plants
from trainables.errors import UsageError


@pytest.fixture(scope="module")
def made():
    return instructions()


@pytest.fixture(scope="module")
def turns(made):
    return [turns_of(text) for text in made.train.texts]


def answers(turns):
    """A conversation's answers."""
    return tuple(one["content"] for one in turns if one["role"] == "assistant")


def test_equal_seeds_give_the_same_bytes_on_every_machine():
    assert instructions(n_train=100, n_test=50).sha.startswith("ab201e77c104b2ab")


def test_another_seed_gives_other_conversations(made):
    assert len(set(instructions(seed=1).train.texts) & set(made.train.texts)) < 20


def test_they_are_conversations_without_classes(made):
    assert (made.kind, made.class_names, made.train.labels.any()) == ("messages", (), False)


def test_what_is_planted_is_as_stated(made):
    copies = made.truth["duplicate_of"] >= 0
    assert (copies.mean(), made.truth["is_wrong"].mean()) == (0.3, 0.06)


def test_two_in_five_copies_are_word_for_word(made):
    texts, source = np.array(made.train.texts), made.truth["duplicate_of"]
    copies = source >= 0
    assert (texts[copies] == texts[source[copies]]).mean() == pytest.approx(0.4, abs=0.05)


def test_a_copy_has_the_answers_of_its_source(made, turns):
    source = made.truth["duplicate_of"]
    for row in np.flatnonzero(source >= 0):
        assert answers(turns[row]) == answers(turns[source[row]])


def test_a_near_copy_asks_in_other_words(made):
    near = instructions(n_test=50, plants=Plants(duplicates=0.3, exact=0, wrong=0))
    texts, source = np.array(near.train.texts), near.truth["duplicate_of"]
    assert not (texts == texts[source])[source >= 0].any()


def test_few_rows_are_copied_and_some_of_them_often(made):
    sizes = Counter(made.truth["group"].tolist())
    assert sum(size > 1 for size in sizes.values()) < 150
    assert max(sizes.values()) > 40


def test_rows_of_different_groups_ask_for_different_things(made):
    texts, group = made.train.texts, made.truth["group"]
    assert len(set(zip(texts, group.tolist(), strict=True))) == len(set(texts))


def test_a_wrong_answer_is_no_copy_and_has_none(made):
    sizes = np.bincount(made.truth["group"])[made.truth["group"]]
    assert (sizes[made.truth["is_wrong"]] == 1).all()


def test_wrong_rows_alone_differ_from_the_same_data_without_wrong_answers(made):
    right = instructions(plants=Plants(duplicates=0.3, exact=0.4, wrong=0))
    differs = np.array(made.train.texts) != np.array(right.train.texts)
    assert differs.tolist() == made.truth["is_wrong"].tolist()


@pytest.mark.parametrize("family", TASK_FAMILIES)
def test_no_answer_of_a_wrong_row_is_right(family):
    rng = np.random.default_rng(0)
    posed = [TASK_FAMILIES[family].draw(rng) for _ in range(200)]
    assert not any(
        {one.right.alone, one.right.sentence} & {one.wrong.alone, one.wrong.sentence}
        for one in posed
    )


@pytest.mark.parametrize("family", TASK_FAMILIES)
def test_every_way_to_ask_says_all_that_the_answer_needs(family):
    rng = np.random.default_rng(1)
    for posed in (TASK_FAMILIES[family].draw(rng) for _ in range(50)):
        said = [sorted(re.findall(r"[A-Z]\w+|\d+", ask)) for ask in posed.asks]
        needed = {
            str(one) for one in posed.content[1:] if str(one)[0].isupper() or str(one)[0].isdigit()
        }
        assert all(needed <= set(one) for one in said), posed.asks


def test_sums_are_right(made, turns):
    told = [one for row, one in enumerate(turns) if not made.truth["is_wrong"][row]]
    sums = [
        (
            re.findall(r"\d+", asked["content"]),
            re.search(r"That makes (\d+) \w+\.", given["content"]),
        )
        for one in told
        for asked, given in pairwise(one)
    ]
    assert {int(right[1]) - sum(map(int, said)) for said, right in sums if right} == {0}


def test_every_family_has_its_share(made):
    assert sum(family.share for family in TASK_FAMILIES.values()) == pytest.approx(1)


def test_a_system_turn_asks_for_the_answer_alone(turns):
    brief = [one for one in turns if one[0]["role"] == "system"]
    assert len(brief) / len(turns) == pytest.approx(0.2, abs=0.03)
    assert not any(answer.endswith(".") for one in brief for answer in answers(one))


def test_no_test_row_asks_for_what_a_training_row_asks_for(monkeypatch):
    seen = []
    for name, family in TASK_FAMILIES.items():
        spied = replace(
            family, draw=lambda rng, draw=family.draw: seen.append(draw(rng)) or seen[-1]
        )
        monkeypatch.setitem(TASK_FAMILIES, name, spied)
    made = instructions(n_train=300, n_test=300)
    content = {ask: one.content for one in seen for ask in one.asks}

    def contents(split):
        asked = [
            t["content"] for text in split.texts for t in turns_of(text) if t["role"] == "user"
        ]
        return {content[ask] for ask in content if any(ask in one for one in asked)}

    assert not contents(made.train) & contents(made.test)


def test_each_fact_is_true_of_a_town_and_tavi_has_a_word_for_each_word():
    assert {len(facts) for facts in words.FACTS.values()} == {len(set(words.TOWNS))}
    assert len(set(words.TAVI.values())) == len(words.TAVI)


def test_the_note_says_who_made_them_and_what_is_planted(made):
    assert made.notes == (
        "the package made these conversations (seed 0): of 2,400 training rows 720 copy another one, "
        "word for word or asked in other words, and 144 have a wrong answer",
    )


def test_they_are_loaded_by_name_and_size(made):
    few = load("instructions:300")
    assert load("instructions").sha == made.sha
    assert (few.name, len(few.train)) == ("instructions:300", 300)


@pytest.mark.parametrize(
    "sizes", [{"n_train": 200_000}, {"n_train": 20, "plants": Plants(duplicates=1.0)}]
)
def test_sizes_that_cannot_be_are_refused(sizes):
    with pytest.raises(UsageError, match=r"give (fewer|more)"):
        instructions(**sizes)

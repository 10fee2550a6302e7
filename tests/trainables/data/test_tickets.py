"""The support tickets: repeatable, readable, and true to what they say of themselves."""

import re

import numpy as np
import pytest

from trainables.data import ticket_words as words
from trainables.data.catalog import load
from trainables.data.planting import Plants
from trainables.data.tickets import NAMES, PRODUCTS, tickets
from trainables.errors import UsageError

FORM = re.compile(
    r"Web form\. Charged: \d+ euros\. Shop: [\w ]+\. Card payment, card ending in \d{4}\. "
)


@pytest.fixture(scope="module")
def made():
    return tickets()


def inner(text):
    """A text without its greeting, closing, or remark."""
    outer = sorted((*words.GREETINGS, *words.CLOSINGS, *words.REMARKS), key=len, reverse=True)
    for part in outer:
        text = text.removeprefix(part).removesuffix(part).strip()
    return text


def pattern(phrase, things):
    """Where a phrase stands in a text, about any of the things."""
    spoken = re.escape(f"{phrase[0].upper()}{phrase[1:]}.").replace(r"\{d\}", r"\d+")
    return spoken.replace(r"\{t\}", f"(?:{'|'.join(things)})")


OF_QUEUE = {
    queue: re.compile("|".join(pattern(p, topic.things) for topic in topics for p in topic.phrases))
    for queue, topics in words.QUEUES.items()
}


def test_equal_seeds_give_equal_bytes(made):
    assert tickets().sha == made.sha


def test_the_default_is_what_it_was():
    # The demo rests on these texts: a change here must raise SPEC_VERSION.
    assert tickets(n_train=100, n_test=50).sha.startswith("0572e9e0de6ec436")


def test_another_seed_gives_other_texts(made):
    assert len(set(tickets(seed=1).train.texts) & set(made.train.texts)) < 20


def test_sizes_are_as_asked():
    small = tickets(n_train=300, n_test=120)
    assert (len(small.train), len(small.test)) == (300, 120)


def test_each_ticket_has_a_number_of_its_own(made):
    ids = [*made.train.ids, *made.test.ids]
    assert (ids[17], ids[-1], len(set(ids))) == ("T-00017", "T-07399", 7400)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_planted_is_as_stated(seed):
    truth = tickets(seed=seed, n_test=50).truth
    sizes = np.bincount(truth["true_label"])
    assert (truth["duplicate_of"] >= 0).mean() == pytest.approx(0.4)
    assert truth["is_wrong"].mean() == pytest.approx(0.08)
    assert sizes.max() / sizes.min() == pytest.approx(6.5, abs=0.1)
    assert sizes.argmin() == NAMES.index("Fraud")
    assert sizes.min() / sizes.sum() == pytest.approx(0.054, abs=0.001)


def test_the_test_split_has_the_queues_shares(made):
    assert np.bincount(made.test.labels) / 5000 == pytest.approx(
        np.bincount(made.truth["true_label"]) / 2400, abs=0.001
    )


def test_two_in_five_copies_are_word_for_word(made):
    texts, source = np.array(made.train.texts), made.truth["duplicate_of"]
    copies = source >= 0
    assert (texts[copies] == texts[source[copies]]).mean() == pytest.approx(0.4, abs=0.04)


def test_a_copy_that_is_not_word_for_word_differs_from_its_source():
    made = tickets(n_test=50, plants=Plants(duplicates=0.4, exact=0))
    texts, source = np.array(made.train.texts), made.truth["duplicate_of"]
    assert not (texts == texts[source])[source >= 0].any()


def test_few_tickets_are_sent_again_and_some_of_them_often(made):
    sizes = np.unique(made.truth["group"], return_counts=True)[1]
    assert (sizes > 1).sum() < 80
    assert sizes.max() > 40


def test_a_group_of_copies_has_one_true_label(made):
    group, label = made.truth["group"], made.truth["true_label"]
    assert (label == label[group]).all()


def test_rows_are_of_one_group_if_and_only_if_their_inner_parts_are_equal(made):
    parts, group = [inner(text) for text in made.train.texts], made.truth["group"]
    first = {part: row for row, part in reversed(list(enumerate(parts)))}
    assert [first[part] for part in parts] == group.tolist()


def test_forms_are_exactly_the_tickets_that_belong_to_the_smallest_queue(made):
    fraud = NAMES.index(words.FORM_QUEUE)
    for texts, labels in ((made.train.texts, made.truth["true_label"]),
                          (made.test.texts, made.test.labels)):  # fmt: skip
        assert [bool(FORM.match(text)) for text in texts] == (labels == fraud).tolist()


def test_forms_look_alike_and_yet_differ(made):
    forms = {inner(text) for text in made.test.texts if FORM.match(text)}
    assert len(forms) == (made.test.labels == NAMES.index(words.FORM_QUEUE)).sum()


def test_what_a_ticket_says_fits_its_true_queue(made):
    texts = made.train.texts + made.test.texts
    labels = np.concatenate([made.truth["true_label"], made.test.labels])
    told = 0
    for text, label in zip(texts, labels, strict=True):
        fits = [queue for queue, said in OF_QUEUE.items() if said.search(text)]
        assert fits in ([], [NAMES[label]])
        told += bool(fits)
    assert told / len(texts) == pytest.approx(0.85 * 0.946, abs=0.02)


def test_a_ticket_about_any_thing_still_names_one_of_its_queue(made):
    for text, label in zip(made.test.texts, made.test.labels, strict=True):
        if NAMES[label] != words.FORM_QUEUE:
            things = [thing for topic in words.QUEUES[NAMES[label]] for thing in topic.things]
            assert any(thing in text for thing in things)


def test_no_test_ticket_is_a_training_ticket_with_another_greeting_or_closing(made):
    assert not {inner(t) for t in made.test.texts} & {inner(t) for t in made.train.texts}


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_text_is_readable(made, split):
    for text in made.splits[split].texts:
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,.:!-]*[.!]", text), text
        assert "  " not in text
        assert not re.search(r"[a-z] [A-Z]", re.sub(r"\bI\b|Shop: [\w ]+", "", text)), text


def test_every_word_to_fill_in_is_filled_with_words_that_go_with_a():
    assert [product for product in PRODUCTS if product[0] in "aeiou"] == []


def test_no_two_queues_share_a_thing_or_a_phrase():
    for part in ("things", "phrases"):
        found = [x for topics in words.QUEUES.values() for t in topics for x in getattr(t, part)]
        assert len(found) == len(set(found))


def test_nothing_is_planted_where_nothing_is_asked_for():
    plain = tickets(n_test=50, plants=Plants(imbalance=1, duplicates=0, wrong=0))
    assert (plain.truth["duplicate_of"] == -1).all()
    assert not plain.truth["is_wrong"].any()


def test_the_note_says_who_made_them_and_what_is_planted(made):
    assert made.notes == (
        "the package made these texts (seed 0): of 2,400 training rows 960 copy another one and "
        "192 have a wrong label; the smallest queue, Fraud, is a web form, so its tickets look "
        "alike and yet differ",
    )


def test_they_are_loaded_by_name_and_size(made):
    few = load("tickets:300")
    assert load("tickets").sha == made.sha
    assert (few.name, len(few.train)) == ("tickets:300", 300)


@pytest.mark.parametrize(
    "sizes", [{"n_train": 20}, {"n_test": 1}, {"plants": Plants(duplicates=1.0)}]
)
def test_sizes_that_leave_a_queue_empty_are_refused(sizes):
    with pytest.raises(UsageError, match="so that every queue has one"):
        tickets(**sizes)


def test_the_smallest_size_has_all_queues():
    small = tickets(n_train=32, n_test=19)
    assert set(small.truth["true_label"]) == set(small.test.labels) == set(range(6))

"""Columns that were not named are those that alone could be meant; else all that is missing is told."""

import pytest

from tests.trainables.data.written import columns_of_rows, made_rows, write_as
from trainables.data.catalog import Source, load, load_splits
from trainables.data.columns import Columns, Field
from trainables.data.guess_notes import unread_classes
from trainables.data.guesses import HEADED, PAIRS, choose, is_pair
from trainables.errors import DataError


def header(**kinds):
    return [Field(name=name, kind=kind) for name, kind in kinds.items()]


@pytest.mark.parametrize(
    ("fields", "text", "label"),
    [
        (header(text="text", label="number"), ("text",), "label"),
        (header(idx="number", sentence="text", label="number"), ("sentence",), "label"),
        (header(review="text", sentiment="text"), ("review",), "sentiment"),
        (header(text="text", label="number", label_text="text"), ("text",), "label"),
        (header(id="number", tweet="text", rating="number"), ("tweet",), "rating"),
        (header(Text="text", Label="text"), ("Text",), "Label"),
        (header(body_of_mail="text", spam="number"), ("body_of_mail",), "spam"),
        (header(comment="text", toxic="text"), ("comment",), "toxic"),
        (header(img="image", label="number"), ("img",), "label"),
        (header(text="other", label="number"), ("text",), "label"),
        (header(text="null", label="number"), ("text",), "label"),
        (header(label="number", text="text", title="text", body="text"), ("text",), "label"),
        (header(meta="other", article="text", when="other", category="text"), ("article",), "category"),
    ],
)  # fmt: skip
def test_the_one_column_that_could_be_meant_is_taken(fields, text, label):
    found = choose(fields, [Columns()], "x.csv")
    assert (found.text, found.label) == (text, label)


@pytest.mark.parametrize("texts", HEADED)
def test_a_heading_and_what_stands_under_it_are_read_together_and_are_no_pair(texts):
    found = choose(header(**dict.fromkeys(texts, "text"), label="number"), [Columns()], "x.csv")
    assert found.text == texts
    assert not is_pair(found)


@pytest.mark.parametrize(
    "fields",
    [
        header(text="text", user_id="number"), header(text="text", year="number"),
        header(text="text", length="number"), header(text="text", fold="number"),
        header(description="text", points="number", price="number", variety="text"),
        header(tokens="other", label="number"), header(bbox="vectors", label="number"),
        header(embedding="text", label="text"), header(text="text", PhraseId="number", SentenceId="number"),
    ],
)  # fmt: skip
def test_what_is_no_class_and_no_input_is_not_taken_for_one(fields):
    with pytest.raises(DataError, match="no column of"):
        choose(fields, [Columns()], "x.csv")


def test_ids_beside_are_no_obstacle():
    fields = header(qid="text", question_text="text", target="text")
    assert choose(fields, [Columns()], "x").text == ("question_text",)
    fields = header(**{"Unnamed: 0": "text", "statement": "text", "status": "text"})
    with pytest.raises(DataError, match="'statement' and 'status'"):
        choose(fields, [Columns()], "x")


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_of_texts_is_read_as_both(pair):
    fields = header(**dict.fromkeys(pair, "text"), idx="number", label="number")
    assert choose(fields, [Columns()], "x.csv").text == pair


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (header(a="text", b="text", label="number"), "'a' and 'b' could each be it"),
        (header(text="text", coarse_label="number", fine_label="number"),
         "'coarse_label' and 'fine_label' could each be it"),
        (header(abstract="text", article="text", label="number"), "'abstract' and 'article'"),
        (header(a="other", b="other"), "no column of classes.*; no column of texts"),
        (header(text="text"), "no column of classes is named 'label'"),
        (header(v="vectors", w="vectors", label="number"), "no column of texts"),
    ],
)  # fmt: skip
def test_what_is_missing_or_could_be_several_is_told_at_once(fields, says):
    with pytest.raises(DataError, match=f"x.csv: .*{says}.*its columns are"):
        choose(fields, [Columns()], "x.csv")


def test_all_names_that_are_not_there_are_told_at_once():
    fields = header(text="text", label="number")
    asked = Columns(text=("tekst", "title"), label="lable", id="key")
    with pytest.raises(
        DataError, match=r"'tekst' \(Did you mean 'text'\?\), 'title', 'lable' \(Did you.*'key'"
    ):
        choose(fields, [asked], "x.csv")


def test_a_wrong_name_and_a_gap_are_told_together():
    with pytest.raises(DataError, match=r"no column 'tekst'.*; no column of classes"):
        choose(header(a="text", b="text"), [Columns(text=("tekst",))], "x.csv")


def test_a_card_goes_before_a_guess_and_what_was_named_before_both():
    fields = header(text="text", topic="number", title="text", label="number")
    card = Columns(text=("title",), label="topic")
    assert choose(fields, [card, Columns()], "x").label == "topic"
    assert choose(fields, [Columns(text=("title",))], "x").label == "label"


def test_vectors_are_taken_where_there_is_no_text():
    found = choose(header(embedding="vectors", label="number", id="text"), [Columns()], "x")
    assert (found.embedding, found.text) == ("embedding", ())


def test_a_guess_is_told_and_what_is_plain_is_not(tmp_path):
    columns = columns_of_rows(made_rows())
    plain = write_as(tmp_path / "plain.csv", columns)
    odd = write_as(tmp_path / "odd.csv", {"review": columns["text"], "stars": columns["label"]})
    loaded = [load(Source(name=str(path), test_fraction=0.2)) for path in (plain, odd)]
    assert loaded[0].sha == loaded[1].sha
    assert not any("guessed" in note for note in loaded[0].notes)
    (note,) = [note for note in loaded[1].notes if "guessed" in note]
    assert "texts from 'review', classes from 'stars'" in note


@pytest.mark.parametrize(
    ("fields", "label", "says"),
    [
        (header(id="text", subject="text", body="text", queue="text"), "", "such as 'queue'"),
        (header(text="text", a="number", b="number"), "", "such as 'a'"),
        (header(text="text", label="number"), "label", ""),
        (header(text="text", id="number"), "", ""),
    ],
)
def test_where_no_classes_are_read_the_column_that_could_hold_them_is_named(fields, label, says):
    found = choose(fields, [Columns()], "x", need_label=False)
    assert found.label == label
    told = unread_classes(fields, found)
    assert (says in told[0] and "--label-column" in told[0]) if says else told == ()


def test_a_look_without_classes_names_their_column(tmp_path):
    columns = columns_of_rows(made_rows())
    named = {"review": columns["text"], "queue": columns["label"]}
    source = Source(name=str(write_as(tmp_path / "odd.csv", named)), target="optional")
    assert any("--label-column" in note and "'queue'" in note for note in load_splits(source).notes)

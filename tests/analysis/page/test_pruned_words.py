"""What a page tells of the pruned data sets made from its run."""

from dataclasses import replace

import pytest

from analysis.page.pruned_words import pruned_cards
from analysis.page.render import render
from analysis.pruned_files import ClassCount
from trainables.errors import DataError

CLASSES = tuple(ClassCount(name=f"c{k}", kept=90 - k, rows=100) for k in range(10))


@pytest.fixture
def told(confirmed, written):
    """Makes the one card of a record."""

    def tell(**fields):
        seen = confirmed()
        (card,) = pruned_cards(replace(seen, pruned=(written(seen, **fields),)))
        return card

    return tell


def fact(card, label):
    (found,) = (one for one in card.facts if one.label == label)
    return found.value, found.detail


def test_a_warrant_that_passed_is_told_first(told):
    card = told()
    assert (card.mark, card.pill, card.tone) == ("✓", "confirmed", "in")
    assert card.headline.startswith("Confirmed: ") and card.warnings == ()


@pytest.mark.parametrize("state", ["not decided", "incomplete", "no answer"])
def test_no_other_warrant_looks_safe(told, state):
    card = told(state=state)
    assert card.tone == "unsure" and card.mark in "?◐–"


def test_files_without_a_warrant_are_not_measured_and_say_why(told):
    card = told(warrant=None, no_warrant="It was left out.", list_sha="cd" * 32)
    assert (card.pill, card.sentences) == ("not measured", ("It was left out.",))
    assert card.headline == "Not measured: no model was trained on exactly these rows."


def test_the_confirmed_rows_without_a_warrant_are_not_called_unmeasured(told):
    card = told(warrant=None, no_warrant="It was left out.")
    assert card.headline == (
        "It carries no warrant; what fresh seeds say of exactly its rows stands above."
    )
    assert card.pill == "no warrant" and card.tone == "unsure"


@pytest.mark.parametrize(
    ("is_shown", "text"),
    [
        (False, "its run does not show this cut to be within the margin"),
        (True, "though its warrant did not pass"),
    ],
)
def test_what_was_written_anyway_says_so(told, is_shown, text):
    (warning,) = told(anyway=True, is_shown=is_shown).warnings
    assert text in warning


def test_what_a_file_is_can_be_read_from_its_facts(told):
    card = told(agreement={0: 0.841, 1: 0.912}, protected=("c1",), min_per_class=20)
    assert fact(card, "Rows") == ("300 of 1,000 go", "700 stay: list abababababab")
    assert fact(card, "Cut")[1] == (
        "made of the scores of seeds 0, 1, 2, 3, 4; the cut of a seed alone removes 84% to 91% of the "
        "rows that go here"
    )
    nearly = told(agreement={0: 0.9984, 1: 0.9996})
    assert "removes >99% of the rows" in fact(nearly, "Cut")[1]
    assert fact(card, "Kept back")[0] == (
        "no row of c1 goes; of each class 20 rows stay, or all it has"
    )
    assert fact(card, "Written")[0] == "2026-11-30 03:04 UTC"


def test_the_class_of_which_least_stays_is_named_first_and_the_rest_counted(told):
    value, detail = fact(told(classes=CLASSES), "Classes")
    assert value == "c9 81 of 100 stay"
    assert detail.startswith("c8 82 of 100, ") and detail.endswith("; 2 more keep a larger share")
    assert "Classes" not in [one.label for one in told(classes=()).facts]


def test_rows_drawn_by_lot_are_made_of_nobodys_scores(confirmed, written):
    seen = confirmed(is_random=True)
    (card,) = pruned_cards(replace(seen, pruned=(written(seen),)))
    assert fact(card, "Cut")[1] == ""


def test_the_newest_file_stands_first(confirmed, written):
    seen = confirmed()
    old, new = written(seen, out="/made/old"), written(seen, out="/made/new")
    assert [card.name for card in pruned_cards(replace(seen, pruned=(old, new)))] == [
        "new",
        "old",
    ]


def test_a_page_without_files_has_no_section_of_them(confirmed, written):
    seen = confirmed()
    assert 'id="pruned"' not in render(seen)
    page = render(replace(seen, pruned=(written(seen, words="<b>a cut"),)))
    assert page.count('href="#pruned"') == 2 and "&lt;b&gt;a cut" in page and "<b>a cut" not in page


def test_a_damaged_warrant_is_refused(told):
    with pytest.raises(DataError, match="not a warrant"):
        told(warrant={"verdict": "within"})

"""What is said of leaked test rows and of altered rows: on card, page and terminal, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.gate import Gate, unmet
from analysis.page.leak_words import leak_lines, leak_texts
from analysis.page.prose import altered_texts
from analysis.page.render import render
from analysis.page.tables import planted_panels
from analysis.run_files import Plan
from analysis.study import study
from tests.analysis.page.test_answer_cards import CALM, made, only
from trainables.errors import UsageError

TOLD = ("10% of labels flipped", "a stress test, its training rows altered on purpose: 40 of 400")


def sha_of(seen):
    (source,) = seen.sources
    return source.data_sha


def leaking(share, true=((0, 0), (0.2, 0.9)), **more):
    """A run of which the first share of the test rows leaks."""
    seen = made([*true])
    mask = np.arange(CALM.n) < share * CALM.n
    plan = Plan(tolerance=1.0, leaked={sha_of(seen): np.packbits(mask).tobytes()}, **more)
    return made([*true], plan=plan)


def altered(**more):
    seen = made([(0, 0), (0.2, 0.9)])
    return made(
        [(0, 0), (0.2, 0.9)], plan=Plan(tolerance=1.0, altered={sha_of(seen): TOLD}, **more)
    )


def test_the_text_counts_the_rows_and_says_how_right_the_model_is_on_them():
    (text,) = leak_texts(leaking(0.25))
    assert text.startswith("made: of 4,000 test rows 1,000 (25%) occur in the training split.")
    assert "Full-data accuracy on them is " in text and ", on the 3,000 clean ones " in text
    assert "those of its answer, 30% of made by made:signal_00, at the answer's level." in text


def test_the_table_has_both_sides_and_all_and_they_add_up():
    clean, leaked, every = leak_lines(leaking(0.25))
    assert [row[1] for row in (clean, leaked, every)] == ["clean", "leaked", "all"]
    assert [row[2] for row in (clean, leaked, every)] == ["3,000", "1,000", "4,000"]
    card = only(leaking(0.25))
    accuracy = next(fact for fact in card.facts if fact.label == "Accuracy")
    assert accuracy.value.split("%")[0] == f"{float(every[3][:-1]):.1f}"


def test_a_card_speaks_of_the_leak_only_where_the_clean_rows_say_something_else():
    assert only(leaking(0.05)).leak == ""
    card = only(leaking(0.97))
    assert card.leak.startswith("On the 120 clean test rows alone it is not decided: ")
    assert card.leak.endswith("; 3,880 occur in training.")
    assert only(leaking(1.0)).leak.startswith("Every test row occurs in the training split")


def test_nothing_is_said_of_leaks_where_there_is_none():
    page = render(made([(0, 0), (0.2, 0.9)]))
    assert 'id="leaks"' not in page and "Stress test" not in page
    assert 'id="leaks"' in render(leaking(0.25))


def test_an_answer_about_altered_rows_is_never_one_about_the_data_as_they_came():
    card = only(altered())
    assert card.headline.startswith("Drop 30% of made (altered) by ")
    assert card.altered == "Not about the data as they came: a stress test, 10% of labels flipped."
    (told,) = altered_texts(altered())
    assert told.startswith("made (altered): rows altered on purpose, 10% of labels flipped.")
    assert "Stress test" in render(altered()) and altered_texts(made([(0, 0)])) == []


def test_a_gate_of_the_data_is_not_passed_by_a_stress_test():
    assert unmet(made([(0, 0), (0.2, 0.9)]), [Gate.of("made>=0.1")]) == []
    with pytest.raises(
        UsageError, match="no data set 'made' in this run; it has made \\(altered\\)"
    ):
        unmet(altered(), [Gate.of("made>=0.1")])


def test_what_was_planted_is_told_in_full_above_what_was_found():
    seen = altered()
    found = {
        "duplicates": 0.5,
        "wrong_labels": 0.25,
        "duplicates_recall": 0.5,
        "wrong_labels_recall": 1,
    }
    rows = [replace(row, found={} if row.spec.is_baseline else found) for row in seen.results]
    (panel,) = planted_panels(study(rows, seen.plan))
    assert panel.name == "made (altered)"
    assert panel.sentences[0] == f"A{TOLD[1][1:]}."

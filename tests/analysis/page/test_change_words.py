"""What a page says of the changes since an older run."""

from dataclasses import replace

import pytest

from analysis.changes import changes_between
from analysis.page.change_words import change_sentences, changes_panel
from analysis.study import study
from tests.analysis.test_changes import LATER, as_spec, made
from trainables.training_settings import Training


def panel(then, now):
    return changes_panel(changes_between(study(then, name="then"), study(now, name="now")))


def test_other_data_are_said_first():
    now = as_spec(made(1), data_sha="e" * 64)
    first, second, *_ = panel(made(1), now).sentences
    assert first.startswith("The data of made are not those of then: 1,000 training rows, 4,000")
    assert second.startswith("4 conditions are not paired (other data)")


def test_a_change_is_named_with_its_size():
    told = panel(made(1), as_spec(made(1, -0.01), training=Training(epochs=9)))
    assert told.sentences[1].startswith("Changes are shown, sure to 19 in 20 with all 4 conditions")
    assert told.sentences[2].startswith("made:signal_00 (global), 30% removed: −1.0")
    assert told.differs == [("made: epochs", "3", "9")]


def test_the_same_trials_cannot_have_changed():
    told = panel(made(1), made(1) + made(2, seeds=(6, 7)))
    assert told.sentences == [
        "4 conditions are the very same trials then and now, so nothing of them can have changed.",
        "No difference can be tested: that needs three seeds of other trials on both sides.",
    ]
    assert told.differs == [("made: seeds", "1, 2, 3, 4, 5", "1, 2, 3, 4, 5, 6, 7")]


def test_noise_is_told_as_no_change_and_intervals_say_how_large_one_may_be():
    found = changes_between(study(made(1), name="a"), study(made(2, environment=LATER), name="b"))
    assert [*change_sentences(found)][-1].startswith("No change is shown, sure to 19 in 20")


def test_what_only_one_of_them_has_is_counted():
    fewer = [row for row in made(1) if row.spec.signal != "made:signal_02"]
    assert panel(made(1), fewer).sentences[-1] == "1 of then were not run now, 0 of now not then."


def test_no_path_of_a_model_reaches_the_page():
    now = [
        replace(row, spec=replace(row.spec, model="linear:/home/me/encoder", model_sha="x" * 64))
        for row in made(1)
    ]
    assert not any("/home/me" in cell for line in panel(made(1), now).differs for cell in line)


@pytest.mark.parametrize("now", [made(1), made(2, environment=LATER)])
def test_each_condition_has_a_line_of_eight_cells(now):
    assert {len(line) for line in panel(made(1), now).conditions} == {8}

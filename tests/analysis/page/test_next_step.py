"""From a safe answer to its files: the command, and what is told once they are written."""

import shlex
from dataclasses import replace

import pytest

from analysis.page.answer_cards import cards
from analysis.page.next_step import next_step, record_of
from analysis.page.render import render
from analysis.pruned_files import ClassCount


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run's folder of a sweep, below the folder that the reader is in; blanks in its name."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my runs"
    folder.mkdir()
    (folder / "options.json").write_text("{}")
    return folder


def test_a_safe_answer_names_the_command_that_writes_its_files(confirmed, run):
    (card,) = cards(replace(confirmed(), folder=run))
    assert shlex.split(card.next.command) == ["prune-envelope", "prune", "my runs", "made-pruned"]
    assert card.pill == "confirmed" and card.headline.startswith("Drop 30% of made")


def test_of_several_data_sets_each_is_named(confirmed, run):
    found = cards(replace(confirmed(names=("made", "data/my set.csv")), folder=run))
    words = [shlex.split(card.next.command)[3:] for card in found]
    assert words == [
        ["--dataset", "data/my set.csv", "my-set-pruned"], ["--dataset", "made", "made-pruned"]
    ]  # fmt: skip


def test_of_a_run_that_was_asked_for_nothing_no_command_is_known(confirmed, run):
    (card,) = cards(replace(confirmed(true_pp=-9), folder=run))
    assert card.answer.state == "refuted" and card.next is None


def test_a_run_of_which_nobody_knows_the_data_names_no_command(confirmed, run):
    assert cards(confirmed())[0].next is None
    (run / "options.json").unlink()
    assert cards(replace(confirmed(), folder=run))[0].next is None


def test_rows_chosen_anew_each_epoch_leave_no_files(confirmed, run):
    seen = replace(confirmed(), folder=run)
    (card,) = cards(seen)
    row = card.answer.row
    method = row.cell.condition.method._replace(kind="dynamic")
    cell = replace(row.cell, condition=replace(row.cell.condition, method=method))
    assert next_step(seen, replace(card.answer, row=replace(row, cell=cell))) is None


def test_files_of_the_confirmed_rows_with_a_warrant_are_the_answer(confirmed, written, run):
    seen = replace(confirmed(), folder=run)
    record = written(seen)
    (card,) = cards(replace(seen, pruned=(record,)))
    assert card.headline == "Confirmed: made without 30% of its rows trains as well."
    assert card.sentences[0].startswith(
        "Sure to 19 in 20: trained afresh on exactly the rows of this file by 5 new seeds, a model on "
        "average loses less than 1 point."
    )
    (fact,) = (one for one in card.facts if one.label == "File")
    assert (fact.value, fact.detail[:18]) == ("out folder", "written 2026-11-30")
    assert shlex.split(card.next.command) == ["cat", "out folder/README.md"]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"state": "not decided"}, id="a warrant that did not pass"),
        pytest.param({"warrant": None, "no_warrant": "--no-warrant"}, id="no warrant"),
    ],
)
def test_files_without_a_passed_warrant_are_named_and_change_no_answer(
    confirmed, written, run, fields
):
    seen = replace(confirmed(), folder=run)
    (card,) = cards(replace(seen, pruned=(written(seen, **fields),)))
    assert card.headline.startswith("Drop 30% of made")
    assert "File" in [one.label for one in card.facts]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"list_sha": "cd" * 32}, id="other rows"),
        pytest.param({"data_sha": "e" * 64}, id="another data set"),
    ],
)
def test_files_of_something_else_are_not_the_answers(confirmed, written, run, fields):
    seen = replace(confirmed(), folder=run)
    seen = replace(seen, pruned=(written(seen, **fields),))
    (card,) = cards(seen)
    assert record_of(seen, card.answer) is None and "prune" in card.next.command


def test_files_that_are_gone_are_written_again(confirmed, written, run):
    seen = replace(confirmed(), folder=run)
    record = replace(written(seen), out=str(run / "moved away"))
    (card,) = cards(replace(seen, pruned=(record,)))
    assert shlex.split(card.next.command)[:2] == ["prune-envelope", "prune"]


def test_of_rows_a_search_found_the_files_are_those_of_its_own_condition(confirmed, written, run):
    """Without fresh seeds in the run: the record's condition decides, and rows kept back make it another."""
    seen = confirmed()
    listed = written(seen)
    found = replace(seen, confirmed={}, plan=replace(seen.plan, candidates={}), folder=run)
    (card,) = cards(found)
    assert card.answer.state == "found"
    assert record_of(replace(found, pruned=(listed,)), card.answer) == listed
    kept = replace(listed, protected=("a",), classes=(ClassCount(name="a", kept=5, rows=5),))
    assert record_of(replace(found, pruned=(kept,)), card.answer) is None
    other = replace(listed, spec=replace(listed.spec, rate=0.2))
    assert record_of(replace(found, pruned=(other,)), card.answer) is None


def test_the_page_shows_the_command_as_text(confirmed, run):
    (run / "options.json").rename(run / "kept")
    hostile = run / "<b>&x"
    hostile.mkdir()
    (run / "kept").rename(hostile / "options.json")
    page = render(replace(confirmed(), folder=hostile))
    assert "<code>prune-envelope prune" in page and "&lt;b&gt;&amp;x" in page

"""The first screen in every state: as many words as a reader reads, one yellow line, one command."""

import json
import re
import shlex
from dataclasses import replace
from html import unescape

import pytest

from analysis.page.answer_cards import cards
from analysis.page.answer_notes import answer_notes
from analysis.page.first_screen import MOST_WORDS, first_screen
from analysis.page.page_parts import open_templates
from analysis.page.phrases import has_classes, words_of
from analysis.page.render import render
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.paired_runs import World
from tests import metric_runs
from tests.analysis.page import test_training_words as trained
from tests.analysis.page.test_answer_cards import CALM, made
from tests.analysis.page.test_leak_words import altered, leaking
from tests.analysis.test_confirmation import fresh
from tests.analysis.test_confirmation import seen as chosen
from trainables.seals import with_check
from trainables.spec import EACH_EPOCH

GOOD, BAD, OPEN = [(0, 0), (0.2, 0.9)], [(-4, -9), (-3, -8)], [(-1.9, -5), (-1.7, -5)]
NOISY = World(n=1500, run_sd=0.008)


def dynamic():
    rows = made([(-0.7, -2.5), (0, 0)]).results
    each = [
        row if row.spec.is_baseline else replace(row, spec=replace(row.spec, selector=EACH_EPOCH))
        for row in rows
    ]
    return study(each, Plan(tolerance=1.0))


def sets(*some):
    """Several data sets in one run, the true differences of each given."""
    rows = [
        replace(row, spec=replace(row.spec, dataset=f"set {k}", data_sha=f"{k}" * 64))
        for k, true in enumerate(some)
        for row in made(true, number=k, protocol="restart").results
    ]
    return study(rows, Plan(tolerance=1.0))


STATES = {
    "one method earns it": (lambda: made([(-0.7, -2.5), (0, 0)], protocol="restart"), "--"),
    "it improved": (lambda: made(GOOD), ""),
    "improved, past its best": (lambda: trained.improved((0.6, 0.02), [trained.FALLS]), ""),
    "improved, still learning": (lambda: trained.improved((0.6, 0.02), [trained.RISES]), ""),
    "random as good": (lambda: made([(0, 0), (0, 0)]), ""),
    "random wins": (lambda: made([(0, 0), (-3, -9), (-3, -9)]), ""),
    "no random": (lambda: made([(0, 0)], control=False), "--control"),
    "keep all": (lambda: made(BAD), "--rate 0.025 --rate 0.05 --rate 0.1 --rate 0.3"),
    "open": (lambda: made(OPEN, seeds=3, world=NOISY), "--seeds"),
    "one seed": (lambda: made([(0, 0)], seeds=1), "--seeds 5"),
    "two seeds": (
        lambda: made([(-5, -9), *[(0, 0)] * 6], seeds=2, world=replace(CALM, run_sd=0.00001)),
        "--seeds 5",
    ),
    "learned nothing": (
        lambda: made([(0, 0)], world=replace(CALM, accuracy=0.48)), "--tune --run"
    ),
    "not shown to have learned": (
        lambda: made([(0, 0)], world=World(n=100, accuracy=0.56, run_sd=0.001)), "--tune --run"
    ),
    "test set too small": (
        lambda: made([(0, 0)], seeds=2, world=World(n=40, accuracy=0.95, likeness=1.0)), None
    ),
    "each epoch": (dynamic, None),
    "leaking": (lambda: leaking(0.97), ""),
    "all leaking": (lambda: leaking(1.0), ""),
    "altered": (altered, ""),
    "confirmed": (lambda: chosen(*fresh(0.1, control_pp=-5)), ""),
    "waiting": (chosen, "sweep"),
    "being confirmed": (lambda: chosen(*fresh(0.1, seeds=(901, 902))), "sweep"),
    "refuted": (lambda: chosen(*fresh(-4.0)), "--protocol restart --run"),
    "not confirmed": (lambda: chosen(*fresh(-0.95)), "--protocol restart --run"),
    "nothing at all": (lambda: study([]), None),
    "three sets, one cut": (lambda: sets(GOOD, GOOD, GOOD), "--dataset"),
    "three sets, some": (lambda: sets(GOOD, BAD, OPEN), "--dataset"),
    "three sets, none": (lambda: sets(BAD, BAD, BAD), "--rate"),
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run that a sweep made."""
    folder = tmp_path_factory.mktemp("a run")
    told = with_check({"folder": str(folder), "options": {"grid": "demo"}})
    (folder / "options.json").write_text(json.dumps(told))
    return folder


def shown(seen):
    """The first screen of a run, and its words on the page."""
    first = first_screen(seen, cards(seen))
    page = open_templates().get_template("sections/answer.html.j2")
    html = page.render(first=first, words=words_of(seen), has_classes=has_classes(seen))
    return first, unescape(re.sub(r"<[^>]*>", " ", html)).split()


@pytest.mark.parametrize(("make", "command"), STATES.values(), ids=STATES)
def test_before_the_first_figure_stand_no_more_words_than_a_reader_reads(make, command, run):
    seen = replace(make(), folder=run)
    first, words = shown(seen)
    assert len(words) + bool(first.next) <= MOST_WORDS, " ".join(words)  # with the word Copy
    assert first.headline and (len(first.facts) <= 4)


@pytest.mark.parametrize(("make", "command"), STATES.values(), ids=STATES)
def test_each_state_has_the_command_that_settles_it(make, command, run):
    first, _ = shown(replace(make(), folder=run))
    told = first.next.command if first.next else ""
    assert bool(told) == (command is not None)
    assert (command or "") in " ".join(shlex.split(told)) or command == "--"


@pytest.mark.parametrize("name", ["log_loss", "macro_f1", "mae", "wrong/asked:lower"])
def test_other_metrics_and_guards_need_no_more_words(name, tmp_path):
    guards = ("worst_class:3",) if metric_runs.kind_of(name) == "classes" else ()
    _, words = shown(metric_runs.made(tmp_path, name, guards=guards))
    assert len(words) <= MOST_WORDS, " ".join(words)


def test_a_run_at_several_sizes_needs_no_more_words(sized_run):
    assert len(shown(study(*sized_run))[1]) <= MOST_WORDS


def test_a_name_of_many_words_takes_the_place_of_what_can_be_told_below():
    rows = made([(-0.7, -2.5), (0, 0)]).results
    named = [replace(row, spec=replace(row.spec, dataset="a " * 40)) for row in rows]
    first = first_screen(study(named), cards(study(named)))
    assert len(first.sentences) == 1 and first.more


def test_one_warning_is_yellow_and_the_others_are_the_first_notes():
    seen = trained.improved((0.3, 0.2), [trained.FALLS])
    told = ("10% of labels flipped", "40 of 400")
    (source,) = seen.sources
    seen = study(
        seen.results, Plan(tolerance=1.0, altered={source.data_sha: told}), curves=seen.curves
    )
    first = first_screen(seen, cards(seen))
    assert first.careful.startswith("Not about the data as they came")
    assert first.warnings[0].startswith("Careful: with all rows the model ends 5 points below")
    assert answer_notes(seen, first.warnings)[0][0] == first.warnings[0]


def test_leaks_are_the_first_note_and_what_was_not_found_is_none():
    notes = (
        "a: 3 of 9 training texts have a copy", "a: limited to 9 of 90 train rows",
        "a: 0 of 9 validation texts occur in the training split",
        "a: 2 of 9 test texts occur in the training split: accuracy on them is memory",
    )  # fmt: skip
    found = answer_notes(replace(made(GOOD), plan=Plan(notes=notes)))
    assert [text for text, _ in found[:3]] == [notes[3], notes[1], notes[0]]
    assert all("0 of 9" not in text for text, _ in found)


def test_several_data_sets_have_one_heading_and_a_row_each():
    first, _ = shown(sets(GOOD, GOOD, GOOD))
    assert first.headline.startswith(
        "Drop 30% by made:signal_00: accuracy holds on all 3 data sets"
    )
    first, _ = shown(sets(GOOD, BAD, [(-4, -9), (-1, -5)]))
    assert first.headline == "1 of 3 data sets can shrink; no one cut is shown to be safe for all."
    assert [row.mark for row in first.rows] == ["✓", "✗", "?"]
    assert first.rows[1].cut == "keep all" and first.rows[1].value == ""
    assert shown(sets(BAD, BAD))[0].headline == (
        "Keep all of the 2 data sets: every cut tested costs more than 1 point."
    )


def test_the_page_has_the_answer_as_its_one_heading(run):
    page = render(replace(made(GOOD), folder=run))
    assert re.findall(r"<h1>(.*?)</h1>", page) == [
        "Drop 30% of made by made:signal_00: accuracy improved."
    ]
    assert page.index("prune-envelope prune") < page.index('id="sure"')

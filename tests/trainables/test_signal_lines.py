"""Which rows go by a method, in one plain line: there for each, short, and never of the other end."""

import re

import pytest

from trainables.selection.dynamic import POLICIES
from trainables.selection.selectors import SELECTORS
from trainables.signal_lines import LINES, LOT_LINES, POLICY_LINES, SELECTOR_LINES, line_of
from trainables.signals import SIGNALS
from trainables.signals.ends import BY_LOT, ENDS

# What is said of rows that a model finds hard, or whose label looks wrong, and of the others.
HARD = re.compile(
    r"hard|fights most|looks wrong|least sure|least often go$|forgotten most|right least"
)
EASY = re.compile(
    r"eas(y|iest)|fights least|looks right|most sure|surest|forgotten least|right most"
)


def test_every_signal_and_policy_has_a_line():
    assert (set(LINES), set(POLICY_LINES)) == (set(SIGNALS), set(POLICIES))


@pytest.mark.parametrize("name", SIGNALS)
def test_a_line_has_at_most_nine_words_and_tells_the_ends_apart(name):
    line = LINES[name]
    assert all(0 < len(text.split()) <= 9 for text in (line.low, line.high))
    assert (line.low == line.high) == (ENDS[name].low == BY_LOT)


@pytest.mark.parametrize("name", [name for name, row in SIGNALS.items() if row.hard_end])
def test_hard_rows_are_said_to_go_at_the_end_that_holds_them(name):
    at = {"low": LINES[name].low, "high": LINES[name].high}
    easy = at["high" if SIGNALS[name].hard_end == "low" else "low"]
    hard = at[SIGNALS[name].hard_end]
    easy_only = re.sub(r"forgotten least often|fights least", "", easy)
    assert not HARD.search(easy_only) and not EASY.search(hard)


@pytest.mark.parametrize("name", [*SELECTORS, "mine:cut"])
@pytest.mark.parametrize("signal", ["random", "aum", "mine:longest"])
def test_a_cut_is_described_by_its_selector_where_that_takes_no_end(name, signal):
    told = line_of(signal, selector=name, settings={"cutoff": 0.0, "top": 0.5})
    takes_an_end = name in ("global", "stratified", "floor", "class_error")
    if signal == "random":
        takes_an_end = name in ("global", "coverage", "window")
    own = line_of(signal)
    assert (told == own) == takes_an_end
    assert len(told.split()) <= 9


def test_two_random_rows_of_one_board_say_which_is_which():
    told = [line_of("random", selector=name) for name in ("global", *LOT_LINES)]
    assert len(set(told)) == 4


def test_every_selector_takes_the_lower_end_or_has_a_line():
    assert set(SELECTORS) == {"global", "stratified", "floor", "class_error", *SELECTOR_LINES}


def test_the_high_end_reads_the_other_way():
    assert line_of("el2n", prune="high") == "the rows the model finds hardest go"
    assert line_of("mine:longest", prune="high") == "the rows it scores highest go"


def test_a_window_at_one_end_is_a_cut_of_that_end():
    high = line_of("el2n", prune="high")
    assert line_of("el2n", selector="window", settings={"top": 1.0}) == high

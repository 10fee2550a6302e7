from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from orchestrator.store.running import Bar, Lane, Running
from orchestrator.terminal.panel import Panel, cut_line, lane_text

TRAINS = Lane(
    what="tickets redundancy,k=5 stratified", which="30% removed, seed 1",
    began=925.0, stage="training", done=2, total=3, unit="epoch", share=0.52,
)  # fmt: skip
EMBEDS = Lane(
    what="data [bug] linear",
    began=988.0, stage="embedding train", done=12_000, total=40_000, unit="rows", share=0.3,
)  # fmt: skip
BEGINS = Lane(what="tickets all rows", which="seed 2", began=997.0)
LEADS = ("tickets: 30% removed at random", "−0.12 points, likely −0.47 to +0.23, 2 of 3 seeds")
BUSY = Running(
    at=1000.0,
    lanes=(TRAINS, EMBEDS, BEGINS),
    bars=(
        Bar(noun="data", done=1, total=1, seconds=14.0),
        Bar(noun="full runs", done=3, total=5, seconds=75.0),
        Bar(noun="pruned runs", done=0, total=60, seconds=None),
    ),
    so_far=(LEADS, (f"{'long name ' * 9}: 10% removed by Redundancy", LEADS[1])),
    failed=1,
    left_s=(130.0, 290.0),
    coming="fresh seeds",
)


def drawn(running, width=80, height=24):
    console = Console(width=width, height=height, file=StringIO(), markup=False)
    console.print(Panel(lambda: running))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_24_lines_and_every_number_is_whole(width):
    text = drawn(replace(BUSY, lanes=BUSY.lanes * 20, so_far=BUSY.so_far * 9), width)
    lines = text.splitlines()
    assert len(lines) <= 22
    assert all(len(line.rstrip()) <= width for line in lines)
    shown = {60: "", 80: "training ", 120: "training, epoch 2 of 3, "}[width]
    assert f"30% removed, seed 1 · {shown}52% · 1:15" in text and LEADS[1] in text and "3/5" in text
    assert "about 2 to 5 min left, then fresh seeds" in text
    assert " more workers" in text and " more data sets" in text


def test_a_lane_says_what_a_worker_does_and_how_far_it_is():
    text = drawn(BUSY)
    assert "data [bug] linear · embedding train, 12,000 of 40,000 rows, 30% · 12 s" in text
    assert "tickets all rows · seed 2 · 3 s" in text


def test_what_leads_is_said_to_be_no_verdict():
    assert "no verdict before all seeds have run" in drawn(BUSY)
    assert "so far" not in drawn(replace(BUSY, so_far=()))


def test_a_sweep_that_stops_says_so_and_no_time_left():
    text = drawn(replace(BUSY, stops=True), width=120)
    assert "stopping: its workers end · a second Ctrl-C does not wait" in text
    assert "left" not in text and "Ctrl-C stops" not in text


def test_the_clock_of_a_kind_that_has_not_begun_shows_nothing():
    (line,) = [line for line in drawn(BUSY).splitlines() if "pruned runs" in line]
    assert line.rstrip().endswith("0/60")


def test_what_is_waited_for_is_said_while_no_worker_works():
    waits = replace(BUSY, lanes=(), waits_for="starting Ray on 2 cores: up to 20 seconds")
    assert "starting Ray on 2 cores" in drawn(waits)
    assert "starting Ray" not in drawn(replace(waits, lanes=BUSY.lanes))


@pytest.mark.parametrize("width", range(20, 60))
def test_a_line_is_cut_at_a_word_before_its_tail(width):
    line = cut_line("tickets redundancy 30% removed", width, " 0.9512 −0.35 pp")
    words = line.removesuffix(" 0.9512 −0.35 pp").rstrip("…").split(" ")
    assert len(line) <= width and line.endswith(" 0.9512 −0.35 pp")
    assert width < 36 or words == ["tickets", "redundancy", "30%", "removed"][: len(words)]


def test_a_lane_of_a_worker_that_has_said_nothing_is_its_task_and_time():
    assert lane_text(BEGINS, 1000.0, 80) == "tickets all rows · seed 2 · 3 s"

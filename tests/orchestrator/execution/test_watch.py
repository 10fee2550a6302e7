import pytest

from orchestrator.execution import refreshed_page as paged
from orchestrator.execution.refreshed_page import RefreshedPage
from orchestrator.execution.watch import Watch
from orchestrator.planning.tasks import Task
from orchestrator.store.running import read_running
from orchestrator.terminal.tally import Tally
from trainables.progress import Headway
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="tickets", data_sha="d", model="tiny", model_sha="tiny", learner="linear", seed=1
)
PREPARE = Task(kind="prepare", spec=FULL, makes=(("prepared", "p"),))
TRIAL = Task(kind="baseline", spec=FULL, makes=(("result", FULL.result_key),), cost=1.0)


class World:
    """A watch over a folder, with a clock and reports of the test's own."""

    def __init__(self, folder, **settings):
        self.now, self.lines, self.told = 1000.0, [], {}
        self.tally = Tally(clock=self.clock)
        self.tally.set_tasks([PREPARE, TRIAL])
        self.watch = Watch(
            tally=self.tally, folder=folder, say=self.say, judge=lambda: (("tickets: 10%", "−1"),),
            reports=lambda names: self.told, clock=self.clock, **settings,
        )  # fmt: skip
        self.watch.spoke()

    def clock(self):
        return self.now

    def say(self, text):
        self.lines.append(text)
        self.watch.spoke()

    def after(self, seconds, **told):
        self.now += seconds
        self.told = told
        self.watch.look()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def rows(done, total=40_000):
    return Headway("embedding train", done, total, "rows", done / total)


def test_a_log_says_how_far_an_embedding_is_and_how_long_it_may_take(world):
    world.tally.begin("a", PREPARE)
    world.after(1, a=rows(0))
    world.after(10, a=rows(4_000))
    assert world.lines == []
    world.after(25, a=rows(10_000))
    assert world.lines == [
        "embedding train of tickets: 10,000 of 40,000 rows, about 1 to 3 min left"
    ]
    world.after(29, a=rows(20_000))
    assert len(world.lines) == 1


def test_a_log_is_never_silent_for_long_and_speaks_less_often_as_time_goes(world):
    world.tally.begin("a", TRIAL)
    for _ in range(40):
        world.after(30, a=Headway("training", 2, 3, "epoch", 0.5))
    assert [line.split(";")[0] for line in world.lines][:2] == [
        "running: tickets all rows · seed 1 · training, epoch 2 of 3, 50% · 1:00",
        "running: tickets all rows · seed 1 · training, epoch 2 of 3, 50% · 3:00",
    ]
    assert 4 <= len(world.lines) <= 6


def test_a_terminal_with_a_panel_gets_no_such_lines(tmp_path):
    world = World(tmp_path, is_log=False)
    world.tally.begin("a", PREPARE)
    for share in range(9):
        world.after(100, a=rows(4_000 * share))
    assert world.lines == []


def test_the_folder_says_what_runs_and_no_more_once_it_has_ended(world, tmp_path):
    with world.watch.looking():
        world.tally.begin("a", PREPARE)
        world.after(5, a=rows(10_000))
        (lane,) = read_running(tmp_path).lanes
        assert (lane.what, lane.done) == ("data tickets linear", 10_000)
    assert read_running(tmp_path) is None


def test_words_of_another_release_are_none(tmp_path):
    (tmp_path / ".running.json").write_text('{"at": 1, "lanes": [{"other": 1}]}')
    assert read_running(tmp_path) is None


def test_what_leads_is_judged_only_after_a_trial_has_ended(world):
    world.after(60)
    assert world.tally.so_far == ()
    world.tally.begin("a", TRIAL)
    world.tally.end("a", TRIAL)
    world.after(60)
    assert world.tally.so_far == (("tickets: 10%", "−1"),)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page due every 30 s, made by a stand-in that takes no time; its lines and clock."""
    made = World(tmp_path)
    made.page = RefreshedPage(tmp_path, 30.0, say=made.lines.append, clock=made.clock)

    def wait(words):
        monkeypatch.setattr(paged, "_WRITE", words)
        made.now += 31
        made.page.look(made.tally.trials)
        made.page._process.wait()
        made.page.look(made.tally.trials)

    made.write_by = wait
    yield made
    made.page.close()


def test_a_page_is_begun_when_it_is_time_and_a_trial_has_ended(page):
    page.now += 31
    page.page.look(0)
    assert page.page._process is None
    page.tally.trials = 1
    page.write_by("")
    assert len(page.lines) == 1 and "report.html" in page.lines[0]
    page.now += 29
    page.page.look(2)
    assert page.page._process is None


def test_a_page_that_cannot_be_written_is_said_once_and_the_sweep_goes_on(page):
    page.tally.trials = 1
    page.write_by("raise SystemExit('no room on the disk')")
    page.now += 1000
    page.page.look(9)
    assert page.page._process is None
    (line,) = page.lines
    assert line.endswith("(--refresh-report): no room on the disk")


def test_a_page_that_hangs_is_ended_with_the_sweep(page, monkeypatch):
    monkeypatch.setattr(paged, "_WRITE", "import time; time.sleep(600)")
    monkeypatch.setattr(paged, "_PATIENCE_S", 0.1)
    page.now += 31
    page.page.look(1)
    process = page.page._process
    page.page.close()
    assert process.returncode == -9

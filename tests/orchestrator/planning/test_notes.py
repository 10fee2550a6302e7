import pytest

from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS
from orchestrator.planning.notes import notes_of
from orchestrator.planning.request import Request
from trainables.learners.pretrained import Model

TINY = Model(learner="tiny", name="tiny", sha="tiny")
NO_CONTROL = (
    "no random pruning runs beside the signals, so nothing can be credited to a signal; "
    "--control adds it"
)


def notes(**asked):
    """What the plan of a request says before it has seen any data."""
    request = Request(**{"grid": "demo", "seeds": (1, 2, 3)} | asked)
    grid = request.resolved(TINY, gpu=False)
    return notes_of(expand(grid, dict.fromkeys(request.sources(), "sha"), TINY), {})


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        (
            (7,),
            "1 seed gives no interval: every verdict will be inconclusive; "
            "use --seeds 3 or more, 5 is a good start",
        ),
        (
            (7, 8),
            "exploratory: two seeds choose what to test, they decide nothing; "
            "use --seeds 3 or more, 5 is a good start",
        ),
    ],
)
def test_too_few_seeds_are_told_first(seeds, said):
    assert notes(seeds=seeds)[0] == said


def test_three_seeds_beside_random_need_no_words():
    assert notes() == ()


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ({"control": False}, True),
        ({"grid": "paper"}, True),
        ({"grid": "paper", "control": True}, False),
        ({"control": False, "signals": ("redundancy", "random")}, False),
        ({"control": False, "signals": ("infobatch:each_epoch",)}, True),
        ({"control": False, "signals": ("infobatch:each_epoch", "random:each_epoch")}, False),
        ({"control": False, "signals": ("random",)}, False),
    ],
)
def test_signals_without_random_beside_them_are_told_to_have_no_credit(asked, is_told):
    assert (NO_CONTROL in notes(**asked)) == is_told


@pytest.mark.parametrize("grid", GRIDS)
def test_of_all_grids_only_the_study_has_no_credit_to_give(grid):
    assert (NO_CONTROL in notes(grid=grid)) == (grid == "paper")

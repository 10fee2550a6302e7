import re
from io import StringIO

import pytest
from rich.console import Console

from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.terminal.plan_text import print_plan

ASKED = {"datasets": ("synthetic:300",), "model": "linear", "seeds": (1, 2, 3), "rates": (0.1,)}


def printed(tmp_path, **asked):
    """The plan of a sweep as text."""
    sweep = plan_sweep(
        Request(**ASKED | asked), Resources(cache=tmp_path / "cache"), run=tmp_path / "run",
        command="sweep", tolerance=1.0,
    )  # fmt: skip
    text = StringIO()
    print_plan(sweep, Console(file=text, width=400))
    return text.getvalue()


def test_the_plan_says_what_is_trained_and_when_scores_are_taken(tmp_path):
    assert (
        "restart: each pruned run trains afresh on what is left; scores from the full-data run "
        "after 10% of its steps (2 of 20 epochs)"
    ) in printed(tmp_path, signals=("aum",))


def test_a_run_that_goes_on_is_said_to_answer_another_question(tmp_path):
    text = printed(tmp_path, protocol="continue", warmups=(0.05, 0.15))
    assert (
        "continue: the run goes on from its warm-up with what is left, which says nothing" in text
    )
    assert "after 5% of its steps (1 of 20 epochs) and 15% of its steps (3 of" in text


@pytest.mark.parametrize("seeds", [1, 2])
def test_every_count_of_a_plan_agrees_with_its_noun(tmp_path, seeds):
    text = printed(tmp_path, seeds=tuple(range(seeds)), signals=("el2n",), rates=(0.1, 0.2))
    assert f" {seeds} full-data run{'s' * (seeds > 1)} + {4 * seeds} pruned" in text
    assert f"shared: {seeds} warm-up{'s' * (seeds > 1)} instead of" in text
    assert re.findall(r"(?<![\d.,])1 [a-z-]+s\b(?<!1 is)", text) == []

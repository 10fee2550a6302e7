from io import StringIO

import pytest
from rich.console import Console

from orchestrator.planning.grids import GRIDS
from orchestrator.planning.named_plan import named_plan, preset_plan
from orchestrator.planning.request import Request
from orchestrator.terminal.named_text import print_named


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.delenv("PRUNE_ENVELOPE_DATA", raising=False)


def test_a_preset_is_planned_by_its_names_without_hub(offline):
    plan, preset = named_plan(Request(grid="full")), preset_plan("full")
    assert (plan.full, plan.pruned) == (preset.full, preset.pruned) == (15, 675)
    assert (plan.at_random, plan.confirming) == (270, 45)
    assert plan.fetched["data set imdb"].startswith("https://huggingface.co/datasets/stanfordnlp")
    assert "model distilbert/distilbert-base-uncased" in plan.fetched and not plan.rows


def test_what_is_here_has_its_rows_and_is_not_fetched(offline):
    plan = named_plan(Request(datasets=("synthetic:60", "owner/name"), model="linear"))
    assert plan.rows == {"synthetic:60": 60}
    assert list(plan.fetched) == ["data set owner/name"]


def test_what_is_not_checked_is_said(offline):
    text = StringIO()
    print_named("paper", named_plan(Request(grid="paper")), Console(file=text, width=300))
    assert "paper  72 trials: 6 full-data runs + 66 pruned\n" in text.getvalue()
    assert "not checked, as offline mode is on (HF_HUB_OFFLINE)" in text.getvalue()


@pytest.mark.parametrize("name", GRIDS)
def test_every_preset_counts_what_a_sweep_of_it_expands_to(name):
    plan = preset_plan(name)
    baselines = {(spec.dataset, spec.seed) for spec in plan.specs if spec.is_baseline}
    assert plan.full == plan.sizes * len(baselines)

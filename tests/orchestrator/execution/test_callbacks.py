from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from analysis.metrics import METRICS
from orchestrator.execution.callbacks import ProgressCallback, _worse
from orchestrator.store.local import ArtifactStore
from orchestrator.store.run_folder import Run
from trainables.result import TrialResult
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="a data set of a long name", data_sha="d", model="tiny", model_sha="tiny",
    learner="tiny", seed=11,
)  # fmt: skip
PRUNED = replace(FULL, warmup=0.15, signal="random", selector="global", rate=0.1)


def lines(folder, **terminal):
    """What is printed of a full run and of a pruned one beside it."""
    console = Console(file=StringIO(), markup=False, **terminal)
    store = ArtifactStore(folder / "cache", environment="here")
    progress = ProgressCallback([], Run(folder / "run"), store, console)
    for spec, right in ((FULL, 9000), (PRUNED, 8990)):
        bits = np.packbits(np.arange(10_000) < right).tobytes()
        row = TrialResult(spec=spec, accuracy=right / 10_000, correct=bits, n_test=10_000)
        progress._record_result(row, 2.125)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_trial_is_one_line_of_a_terminal_with_its_rate_seed_and_numbers_whole(tmp_path, width):
    full, pruned = lines(tmp_path, width=width, force_terminal=True, color_system=None)
    assert len(full) <= width and full.endswith(" · seed 11: 0.9000 2.1 s")
    assert len(pruned) <= width and pruned.endswith(" · 10% seed 11: 0.8990 −0.10 pp 2.1 s")


def test_a_log_names_the_trial_by_key_and_is_not_cut(tmp_path):
    _, pruned = lines(tmp_path, width=40)
    key = PRUNED.result_key[:10]
    assert f" ok trial {key} a data set of a long name random global w15 p10 s11 " in pruned
    assert pruned.endswith(" acc=0.8990 delta=-0.10pp 2.1s")


def test_a_terminal_too_narrow_for_lanes_gets_the_lines_of_a_log(tmp_path):
    def has_panel(width):
        console = Console(file=StringIO(), width=width, force_terminal=True)
        return ProgressCallback([], Run(tmp_path), ArtifactStore(tmp_path), console)._has_panel

    assert (has_panel(59), has_panel(60)) == (False, True)


def test_a_loss_that_rose_is_worse_and_one_that_fell_better():
    loss = METRICS["token_loss"]
    assert _worse(-0.05123, loss) == "0.0512 nats worse"
    assert _worse(0.05, loss) == "0.05 nats better"
    assert _worse(-1200.0, METRICS["mae"]) == "1,200 worse"

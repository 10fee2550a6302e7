"""A sweep of a trainer of one's own over a table of numbers, from the plan to page, tables and gate."""

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.frames import trials
from analysis.report import write_report
from analysis.study import read_runs
from analysis.table import app as table_app
from orchestrator.execution.collect_dropped import write_dropped
from orchestrator.execution.write_lists import write_lists
from orchestrator.planning.judging import write_tests
from orchestrator.planning.own_asked import OwnAsked
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.stored_inputs import store_data
from orchestrator.planning.tasks import TASKS, by_need
from tests.trainables.data.written import write_as
from trainables.data.columns import Columns
from trainables.trainers.server_process import close_servers

LINE = """
import numpy as np
def fit(train, test, *, seed):
    rows = np.random.default_rng(seed).integers(0, train.num_rows, train.num_rows)
    x, y = (np.asarray(train[name].to_numpy(), float)[rows] for name in ("size", "price"))
    return np.polyval(np.polyfit(x, y, 1), test["size"].to_numpy())
"""


@pytest.fixture
def ended(tmp_path, monkeypatch):
    """The sweep with all its tasks done here, one after another."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.py").write_text(LINE)
    rng = np.random.default_rng(0)
    size = rng.uniform(20, 200, 300)
    write_as(tmp_path / "houses.csv", {"size": size, "price": 3 * size + rng.normal(0, 20, 300)})
    request = Request(
        datasets=("houses.csv",), columns=Columns(label="price"), test_fraction=0.3,
        signals=("random",), rates=(0.2,), seeds=(11, 17, 23), confirm=True,
        own=OwnAsked(function="line.py:fit"), asked=asked(),
    )  # fmt: skip
    resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
    sweep = plan_sweep(request, resources, run=None, command="sweep")
    store_data(sweep.datasets, sweep.store, sweep.loaded.own)
    sweep.run.write_plan(sweep.plan)
    write_tests(sweep.run, sweep.datasets.values())
    while left := by_need(sweep.left):
        for task in left:
            TASKS[task.kind].run(task, sweep.store, sweep.resources.place)
        sweep = sweep.grown()
        sweep.run.write_plan(sweep.plan)
    for spec in sweep.specs:
        sweep.run.copy_row(spec, sweep.store)
    yield sweep
    close_servers()


def asked():
    from analysis.criteria import Asked

    return Asked(metric="mae")


def test_numbers_go_all_the_way_to_page_tables_and_lists(ended):
    study = read_runs([ended.run.folder])
    (cell,) = [one for one in study.rows if one.cell.condition.scored_by == ()]
    assert cell.verdict.mean is not None
    assert all(row.accuracy is None for row in study.results)
    (listed,) = write_lists(ended)
    assert listed.count == 168
    write_dropped(ended, examples=True)
    page = write_report(ended.run.folder).read_text(encoding="utf-8")
    assert "line.py:fit" in page and "mean absolute error" in page
    assert {"mae"} == set(trials(study)["metric"])
    shown = CliRunner().invoke(table_app, [str(ended.run.folder), "--what", "trials"])
    assert shown.exit_code == 0, shown.output

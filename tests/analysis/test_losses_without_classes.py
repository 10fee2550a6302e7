"""A trainer that says no class of rows which have one: losses, and columns of its own."""

import numpy as np
import pytest

from analysis.criteria import Asked
from analysis.report import write_study
from analysis.study import read_runs
from analysis.table_rows import TABLES
from tests.analysis.runs_with_outcomes import spec_of, truth_of, write_run

LABELS = np.arange(240) % 3


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rng, folder, said = np.random.default_rng(0), tmp_path_factory.mktemp("run"), {}
    for spec in [spec_of(seed, rate=rate) for seed in (1, 2, 3) for rate in (0.0, 0.1, 0.3)]:
        loss = 4 * rng.gamma(20, 0.1, len(LABELS))
        said[spec] = {"loss": loss, "weight": np.full(240, 4.0), "reference": loss + 8}
    write_run(folder, truth_of(LABELS), said)
    return folder


@pytest.mark.parametrize("metric", ["token_loss", "loss:lower", "loss/weight:lower"])
def test_every_table_and_the_page_are_made_without_a_predicted_class(metric, run, tmp_path):
    asked = Asked(metric=metric, tolerance="0.5")
    study = read_runs([run], asked)
    for rows in TABLES.values():
        list(rows(study))
    assert all(row.verdict.verdict == "within" for row in study.rows)
    assert write_study(study, tmp_path / "report.html").stat().st_size

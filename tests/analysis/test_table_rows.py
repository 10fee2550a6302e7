import pytest

from analysis.intervals import bounds, item_variance, p_below, parts
from analysis.study import study
from analysis.table_rows import COLUMNS, envelope_rows, short_csv
from tests.analysis.test_verdicts import nested


def test_the_envelope_has_one_row_a_cell_with_its_verdict(paired):
    (row,) = envelope_rows(study(paired([-0.1, -0.4, -0.2, -0.6, -0.1])))
    assert (row["verdict"], row["n_seeds"], row["seeds"]) == ("within", 5, "1 2 3 4 5")
    assert row["delta"] == pytest.approx(-0.28)
    # Of 1,000 test examples the first 1, 4, 2, 6 and 1 of the last right ones are lost.
    own = parts(nested(1000, -1, -4, -2, -6, -1))
    low, high = bounds(own)
    assert (row["low"], row["high"]) == pytest.approx((100 * low, 100 * high))
    assert row["p_not_within"] == pytest.approx(p_below(own, -0.01))
    assert row["test_variance"] == pytest.approx(1e4 * item_variance(own))
    assert (row["alpha"], row["diverged_seeds"]) == (0.05, "")


def test_a_run_that_diverged_is_named_in_its_row(paired):
    (row,) = envelope_rows(study(paired([-0.1, 0.0, -15.0, 0.1, -15.0, 0.0, 0.1])))
    assert (row["diverged_seeds"], row["n_seeds"]) == ("3 5", 7)
    assert (row["verdict"], row["equivalent"]) == ("inconclusive", False)
    assert row["more_seeds"] is None and "a run diverged" in row["more_reason"]


def test_every_row_of_the_envelope_has_every_column(small_run, result, pruned):
    rows = envelope_rows(study([*small_run, result(pruned(1, warmup=0.5), 0.9)]))
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(COLUMNS["envelope"]))}


def test_a_cell_without_a_pair_is_in_the_envelope_with_its_reason(result, pruned):
    (row,) = envelope_rows(study([result(pruned(), 0.9)]))
    assert (row["verdict"], row["notes"]) == (None, "seed 1: no full-data baseline")


@pytest.mark.parametrize("what", COLUMNS)
def test_a_table_without_rows_has_its_header(what):
    assert short_csv(study([]), what) == [",".join(COLUMNS[what])]

import pytest

from analysis.study import study
from analysis.table_rows import COLUMNS, envelope_rows, short_csv


def test_the_envelope_has_one_row_a_cell_with_its_verdict(paired):
    (row,) = envelope_rows(study(paired([-0.1, -0.45, -0.2, -0.62, -0.05])))
    assert (row["verdict"], row["n_seeds"], row["seeds"]) == ("within", 5, "1 2 3 4 5")
    assert row["delta"] == pytest.approx(-0.284)


def test_every_row_of_the_envelope_has_every_column(small_run, result, pruned):
    rows = envelope_rows(study([*small_run, result(pruned(1, warmup=0.5), 0.9)]))
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(COLUMNS["envelope"]))}


def test_a_cell_without_a_pair_is_in_the_envelope_with_its_reason(result, pruned):
    (row,) = envelope_rows(study([result(pruned(), 0.9)]))
    assert (row["verdict"], row["notes"]) == (None, "seed 1: no full-data baseline")


@pytest.mark.parametrize("what", COLUMNS)
def test_a_table_without_rows_has_its_header(what):
    assert short_csv(study([]), what) == [",".join(COLUMNS[what])]

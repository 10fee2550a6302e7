from dataclasses import replace

import pytest

from analysis.page.tables import (
    compute_table,
    counted_by,
    failure_rows,
    planted_panels,
    unpaired_rows,
)
from analysis.page.trial_table import trial_table
from analysis.run_files import Plan
from analysis.study import study


def as_dicts(table):
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_the_trials_are_listed_baselines_first(paired):
    rows = as_dicts(trial_table(study(paired([-0.5, 0.2]))))
    assert [row["method"] for row in rows] == ["full data"] * 2 + ["Redundancy (global)"] * 2
    assert [row["Δ pp"] for row in rows] == [None, None, -0.5, 0.2]


def test_compute_shows_what_was_used_and_saved(paired):
    (row,) = as_dicts(compute_table(study(paired([-0.5, 0.2]))))
    assert (row["trained seconds"], row["scored examples"], row["saved by 1 run"]) == (
        "91.5%",
        "11.1%",
        "−2.6%",
    )
    assert row["scored seconds"] == "10.0%"
    assert (row["saved by 5 runs"], row["pays from run"]) == ("", "")  # later runs were not tried
    (afresh,) = as_dicts(compute_table(study(paired([-0.5, 0.2], protocol="restart"))))
    assert (afresh["saved by 1 run"], afresh["saved by 5 runs"]) == ("−2.6%", "18.3%")
    assert afresh["pays from run"] == "2"


def counted(rows, **measures):
    """The rows with these counts of training in place of their own, as multiples of their examples."""
    return [
        replace(
            row,
            phases={
                name: replace(one, **{m: int(k * one.examples) for m, k in measures.items()})
                for name, one in row.phases.items()
            },
        )
        for row in rows
    ]


@pytest.mark.parametrize(
    ("counts", "absent", "told"),
    [
        ({"tokens": 30}, set(), ("tokens", "A token scored counts as a third of one trained.")),
        ({"tokens": 1}, {"trained tokens"}, ("examples", "An example scored counts as a third of one trained.")),
        (
            {"tokens": 0, "examples": 0},
            {"trained tokens", "trained examples", "scored examples"},
            ("seconds", ""),
        ),
    ],
    ids=["texts", "images", "a trainer of one's own"],
)  # fmt: skip
def test_compute_speaks_of_what_was_counted_alone(paired, counts, absent, told):
    seen = study(counted(paired([-0.5, 0.2]), **counts))
    measures = {"trained tokens", "trained examples", "scored examples"}
    assert measures - set(compute_table(seen).columns) == absent
    assert counted_by(seen) == told


def test_failed_trials_are_listed_with_their_error(paired, result, pruned):
    failed = result(pruned(3), 0.9, status="failed", error="out of memory")
    ((_, condition, error),) = failure_rows(study([*paired([0.1, 0.2]), failed]))
    assert error == "out of memory" and "seed 3" in condition


def test_cells_that_miss_seeds_are_listed(paired, result, pruned):
    ((_, has, why),) = unpaired_rows(study([*paired([0.1, 0.2]), result(pruned(3), 0.9)]))
    assert (has, why) == ("2 of 3 seeds", "seed 3: no full-data baseline")


def planted(rows, copies, wrong=0.05):
    found = {
        "duplicates": copies, "duplicates_recall": 1.0, "wrong_labels": wrong,
        "wrong_labels_recall": 0.5,
    }  # fmt: skip
    return [row if row.spec.is_baseline else replace(row, found=found) for row in rows]


def test_what_was_planted_is_told_by_the_set_itself_and_by_what_random_finds(paired):
    rows = planted(paired([-1.0, -2.0], signal="random"), 0.45)
    rows += planted(paired([-1.0, -2.0], signal="random", rate=0.3), 0.41)
    rows += planted(paired([-1.0, -2.0], signal="keep_one", rate=0.3), 0.99)
    notes = ("other: no", "imdb: half of it copies.", "imdb: 3 rows are empty")
    (panel,) = planted_panels(study(rows, Plan(notes=notes)))
    assert panel.sentences == (
        "Half of it copies.",
        "Of the rows that random removes, 41% to 45% are spare copies and 5% have a wrong label: "
        "a method has found something only where it has more than random has there.",
    )
    assert panel.columns == ("10% removed", "30% removed")
    ((first, _), (second, cells)) = panel.rows
    assert (first, second) == ("Random (global)", "Keep one (global)")
    assert cells[0] is None and cells[1]["copies"] == "99%"


def test_a_note_of_two_contents_of_one_name_is_of_neither(paired):
    rows = planted(paired([-1.0]), 0.5) + planted(paired([-1.0], data_sha="e" * 64), 0.5)
    panels = planted_panels(study(rows, Plan(notes=("imdb: half of it copies",))))
    assert [len(panel.sentences) for panel in panels] == [1, 1]
    assert len({panel.name for panel in panels}) == 2

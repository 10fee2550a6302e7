"""What goes with the kept share of a class, held against scipy, pandas and orders counted one by one."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from analysis.bias_causes import association, bias_causes, cause_rows, class_likenesses
from analysis.dropped_samples import ClassLikeness, Dropped
from analysis.envelope import cells
from analysis.page.cause_words import cause_text
from analysis.page.figures.causes import causes_data, causes_figure
from analysis.study import study

SIZES = (900, 700, 500, 300, 250, 200, 150, 100, 90, 80)
ALIKE = (0.9, 0.5, 0.85, 0.4, 0.8, 0.45, 0.7, 0.6, 0.65, 0.55)
NAMES = tuple(f"topic {k}" for k in range(len(SIZES)))
RATE = 0.2


def kept_of(seed, *, by_likeness=True, sizes=SIZES):
    """Classes whose rows are more alike keep less, with some noise of the seed; or by lot."""
    rng = np.random.default_rng(seed)
    counts = np.array(sizes)
    if not by_likeness:
        rows = np.repeat(np.arange(len(counts)), counts)
        return tuple(np.bincount(rng.permutation(rows)[: round(0.8 * len(rows))], minlength=10))
    share = 1.1 - 0.45 * np.array(ALIKE[: len(sizes)]) + 0.005 * rng.standard_normal(len(sizes))
    return tuple(int(one) for one in np.minimum(counts, np.round(counts * share)))


@pytest.fixture(scope="module")
def made(result, pruned):
    """Rows of ten classes and what the sweep wrote of them: likeness by seed, two seeds."""

    def make(*, signal="el2n", by_likeness=True, sizes=SIZES):
        of_classes = {
            "class_names": NAMES[: len(sizes)], "class_counts": sizes, "recall": (0.9,) * len(sizes),
        }  # fmt: skip
        rows, alike = [], []
        for seed in (1, 2):
            spec = pruned(seed, RATE, signal=signal)
            kept = kept_of(seed, by_likeness=by_likeness, sizes=sizes)
            rows.append(result(spec.baseline, 0.9, **of_classes, kept_counts=sizes))
            rows.append(result(spec, 0.9, **of_classes, kept_counts=kept))
            by_class = {
                name: like + 0.001 * seed
                for name, like in zip(NAMES, ALIKE[: len(sizes)], strict=False)
            }
            alike.append(
                ClassLikeness(
                    data_sha=spec.data_sha,
                    warm_key=spec.warm_key,
                    k=10,
                    looked_at=100,
                    by_class=by_class,
                )
            )
        return rows, Dropped(likeness=tuple(alike))

    return make


@pytest.mark.parametrize("n", [4, 5, 9, 22])
@pytest.mark.parametrize("ties", [False, True])
def test_correlations_are_those_of_scipy(n, ties):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal(n), rng.standard_normal(n)
    x = np.round(x) if ties and n > 5 else x
    found = association(x, y, alpha=0.05)
    assert found.rank == pytest.approx(spearmanr(x, y).statistic)
    expected = pearsonr(x, y)
    assert found.linear == pytest.approx(expected.statistic)
    if n > 8:
        assert found.rank_p == pytest.approx(spearmanr(x, y).pvalue)
    low, high = expected.confidence_interval(0.9)
    assert (found.linear_low, found.linear_high) == pytest.approx((low, high))


def test_of_few_classes_the_p_is_the_share_of_orders_that_agree_as_much():
    x, y = np.array([1.0, 2.0, 2.0, 4.0, 9.0]), np.array([3.0, 1.0, 2.0, 7.0, 8.0])
    seen = abs(spearmanr(x, y).statistic)
    every = [abs(spearmanr(x, order).statistic) for order in itertools.permutations(y)]
    assert association(x, y).rank_p == pytest.approx(np.mean([one >= seen - 1e-9 for one in every]))
    assert association(np.arange(4.0), np.arange(4.0)).rank_p == pytest.approx(2 / 24)


def test_of_three_classes_or_equal_values_there_is_no_correlation():
    assert association(np.arange(3.0), np.arange(3.0)) is None
    assert association(np.ones(9), np.arange(9.0)) is None


def test_unlinked_values_are_called_linked_once_in_twenty():
    rng = np.random.default_rng(1)
    for n in (6, 12):
        found = [association(*rng.standard_normal((2, n))).rank_p <= 0.05 for _ in range(400)]
        assert np.mean(found) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


def test_the_causes_of_a_condition_are_those_counted_class_by_class(made):
    rows, dropped = made()
    found = bias_causes(cells(rows)[0], dropped)
    table = pd.DataFrame(
        {
            "class": row.class_names, "count": row.class_counts, "kept": row.kept_counts,
            "seed": row.spec.seed,
        }
        for row in rows if not row.spec.is_baseline
    ).explode(["class", "count", "kept"])  # fmt: skip
    table = table.astype({"count": float, "kept": float})
    totals = table.groupby("seed")[["count", "kept"]].transform("sum")
    table["bias"] = 100 * (table["kept"] / table["count"] - totals["kept"] / totals["count"])
    by_class = table.groupby("class").agg(bias=("bias", "mean"), size=("count", "first"))
    by_class["like"] = [ALIKE[NAMES.index(name)] + 0.0015 for name in by_class.index]
    expected = by_class.assign(size=np.log(by_class["size"])).corr("spearman")["bias"]
    assert found.with_likeness.rank == pytest.approx(expected["like"])
    assert found.with_size.rank == pytest.approx(expected["size"])
    linear = by_class.assign(size=np.log(by_class["size"])).corr()["bias"]
    assert found.with_likeness.linear == pytest.approx(linear["like"])
    assert found.with_size.linear == pytest.approx(linear["size"])
    assert dict(zip(found.names, found.likeness, strict=True)) == pytest.approx(
        by_class["like"].to_dict()
    )


def test_a_planted_cause_is_told_and_a_draw_by_lot_has_none(made):
    rows, dropped = made()
    (method,) = {cell.condition.method for cell in cells(rows)}
    told = cause_text(method, bias_causes(cells(rows)[0], dropped))
    assert told.startswith("Classes whose rows are more alike are kept less: rank correlation −")
    assert "With the size of a class no link is shown" in told and "how it works" not in told
    rows, dropped = made(by_likeness=False)
    told = cause_text(method, bias_causes(cells(rows)[0], dropped))
    assert (
        told.startswith("A link between how alike the rows of a class are") and "not shown" in told
    )


def test_a_cut_that_goes_by_likeness_is_said_to_do_so(made):
    rows, dropped = made(signal="keep_one")
    cell = cells(rows)[0]
    told = cause_text(cell.condition.method, bias_causes(cell, dropped))
    assert "This cut goes by likeness, so that is how it works." in told


def test_a_run_that_recorded_no_likeness_says_so_and_still_tells_of_sizes(made):
    rows, _ = made()
    cell = cells(rows)[0]
    found = bias_causes(cell, Dropped())
    assert found.with_likeness is None and found.with_size.n == len(SIZES)
    told = cause_text(cell.condition.method, found)
    assert told.startswith("It was not recorded how alike the rows of each class are.")
    assert class_likenesses(cell, Dropped()) == {}


def test_where_every_class_keeps_its_share_nothing_is_explained(made):
    rows, dropped = made()
    even = [
        replace(row, kept_counts=tuple(round(0.8 * n) + (k == 0) for k, n in enumerate(SIZES)))
        if not row.spec.is_baseline else row
        for row in rows
    ]  # fmt: skip
    cell = cells(even)[0]
    found = bias_causes(cell, dropped)
    assert found.with_likeness is found.with_size is None
    assert "no bias to explain" in cause_text(cell.condition.method, found)


@pytest.mark.parametrize("few", [2, 3])
def test_few_classes_have_no_correlation_and_the_number_is_said(made, few):
    rows, dropped = made(sizes=SIZES[:few])
    cell = cells(rows)[0]
    told = cause_text(cell.condition.method, bias_causes(cell, dropped))
    assert told == f"{few} classes: a correlation needs 4."


def test_a_class_without_rows_is_no_point(made):
    rows, dropped = made(sizes=(*SIZES[:-1], 0))
    assert len(bias_causes(cells(rows)[0], dropped).names) == len(SIZES) - 1


def test_figure_table_and_rows_tell_the_same(made):
    rows, dropped = made()
    seen = study(rows, dropped=dropped)
    (row,), (data,) = cause_rows(seen), causes_data(seen)
    assert data.table.rows[0][2] == round(row["likeness_rank"], 3)
    assert data.table.rows[0][7] == round(row["size_rank"], 3)
    size, like = causes_figure(data)["data"]
    assert (size["xaxis"], like["xaxis"]) == ("x", "x2")
    assert size["x"] == [float(n) for n in SIZES] and like["y"] == size["y"]
    bare = causes_figure(causes_data(study(rows))[0])
    assert len(bare["data"]) == 1 and "xaxis2" not in bare["layout"]


@pytest.mark.parametrize(
    ("sizes", "ticks"),
    [((90, 130, 700, 2100), [100, 200, 500, 1000, 2000]), ((1454, 1464, 1480, 1602), [1454, 1602])],
)
def test_sizes_of_classes_have_ticks_however_alike_they_are(made, sizes, ticks):
    rows, dropped = made(sizes=sizes)
    drawn = causes_figure(causes_data(study(rows, dropped=dropped))[0])
    assert drawn["layout"]["xaxis"]["tickvals"] == ticks


def test_names_stand_where_there_is_room_for_them(made):
    rows, dropped = made()
    (size, _) = causes_figure(causes_data(study(rows, dropped=dropped))[0])["data"]
    lost = sorted(range(len(NAMES)), key=lambda k: size["y"][k])
    assert {name for name in size["text"] if name} == {NAMES[k] for k in (*lost[:4], lost[-1])}
    rows, dropped = made(sizes=SIZES[:5])
    assert all(causes_figure(causes_data(study(rows, dropped=dropped))[0])["data"][0]["text"])

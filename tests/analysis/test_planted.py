"""What was planted and found, held against a slow recomputation from the rows one by one."""

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.planted import planted_tables
from analysis.study import study
from trainables.spec import EACH_EPOCH

NAMES = ("billing", "fraud", "login")
COUNTS = (500, 60, 440)
FOUND = ("duplicates", "duplicates_recall", "wrong_labels", "wrong_labels_recall")
SEEDS = (3, 5, 8)


def made(result, spec, rng):
    """A finished trial with drawn accuracy, recall, kept rows and truth."""
    if spec.is_baseline:
        found, kept = {}, COUNTS
    else:
        found = dict(zip(FOUND, rng.random(4).tolist(), strict=True))
        kept = tuple(int(rng.integers(0, n + 1)) for n in COUNTS)
    return result(
        spec, float(0.9 + rng.normal(0, 0.003)), recall=tuple(rng.random(3).tolist()),
        class_names=NAMES, class_counts=COUNTS, kept_counts=kept, found=found,
    )  # fmt: skip


@pytest.fixture(scope="module")
def tickets(result, pruned):
    """Two data sets, three methods, two warm-ups of one of them, two rates, three seeds."""
    rng = np.random.default_rng(7)
    rows = []
    for name in ("tickets", "mails"):
        own = {"dataset": name, "data_sha": name}
        for seed in SEEDS:
            rows.append(made(result, pruned(seed, **own).baseline, rng))
            for rate in (0.2, 0.6):
                for signal, warmup in (("keep_one", 0.15), ("keep_one", 0.3), ("random", 0.15)):
                    more = {**own, "signal": signal, "warmup": warmup}
                    rows.append(made(result, pruned(seed, rate, **more), rng))
    return rows


def slow(rows, dataset, signal, warmup, rate):
    """Means over the seeds of one cut, trial by trial."""
    found, kept, deltas = dict.fromkeys(FOUND, 0.0), 0.0, []
    for seed in SEEDS:
        for row in rows:
            spec = row.spec
            if (spec.dataset, spec.signal, spec.warmup, spec.rate, spec.seed) != (
                dataset, signal, warmup, rate, seed,
            ):  # fmt: skip
                continue
            for name in FOUND:
                found[name] += row.found[name] / len(SEEDS)
            kept += row.kept_counts[1] / len(SEEDS)
            for full in rows:
                if full.spec.dataset == dataset and full.spec.seed == seed and not full.spec.signal:
                    deltas.append(100 * row.recall[1] - 100 * full.recall[1])
    return found, kept, sum(deltas) / len(deltas)


def only(rows):
    (table,) = planted_tables(study(rows))
    return table


def test_every_cell_is_the_mean_of_its_trials(tickets):
    heads = {
        "Random (global), 15% warm-up": ("random", 0.15),
        "Keep one (global), 15% warm-up": ("keep_one", 0.15),
        "Keep one (global), 30% warm-up": ("keep_one", 0.3),
    }
    tables = planted_tables(study(tickets))
    assert [table.source.dataset for table in tables] == ["mails", "tickets"]
    for table in tables:
        assert table.rates == (0.2, 0.6)
        assert [row.label for row in table.rows] == [*heads]
        for row in table.rows:
            for rate in table.rates:
                cell = row.cells[rate]
                found, kept, delta = slow(tickets, table.source.dataset, *heads[row.label], rate)
                shown = (cell.copies, cell.copies_recall, cell.wrong, cell.wrong_recall)
                assert shown == pytest.approx([found[name] for name in FOUND])
                assert (cell.smallest.name, cell.smallest.count) == ("fraud", 60)
                assert cell.smallest.kept == pytest.approx(kept)
                assert cell.smallest.recall_delta_pp == pytest.approx(delta)
                assert cell.n_seeds == 3


def test_the_order_of_the_rows_changes_nothing(tickets):
    assert planted_tables(study(tickets)) == planted_tables(study(tickets[::-1]))


def test_a_data_set_without_truth_has_no_table(tickets, small_run):
    assert planted_tables(study(small_run)) == []
    sources = [table.source.dataset for table in planted_tables(study([*tickets, *small_run]))]
    assert sources == ["mails", "tickets"]


def test_only_finished_trials_that_a_cut_left_count(tickets, pruned, result):
    own = [row for row in tickets if row.spec.dataset == "tickets"]
    found = dict.fromkeys(FOUND, 1.0)
    more = {"dataset": "tickets", "data_sha": "tickets"}
    policy = pruned(3, 0.2, signal="infobatch", selector=EACH_EPOCH, **more)
    failed = pruned(9, 0.2, signal="keep_one", **more)
    strange = [
        made(result, policy, np.random.default_rng(0)),
        replace(result(failed, 0.9, found=found), status="failed", accuracy=None),
    ]
    assert only([*own, *strange]).rows == only(own).rows


def test_a_trial_read_twice_counts_once(tickets):
    own = [row for row in tickets if row.spec.dataset == "tickets"]
    assert only([*own, own[-1]]) == only(own)


def test_a_seed_without_its_full_data_run_counts_for_what_was_found_alone(tickets):
    own = [row for row in tickets if row.spec.dataset == "tickets" and row.spec.warmup != 0.3]
    less = [row for row in own if not (row.spec.is_baseline and row.spec.seed == 3)]
    none = [row for row in own if not row.spec.is_baseline]
    before, after, alone = (only(rows).rows[0].cells[0.2] for rows in (own, less, none))
    assert (before.copies, before.smallest.kept) == (after.copies, after.smallest.kept)
    assert before.smallest.recall_delta_pp != after.smallest.recall_delta_pp
    assert alone.copies == before.copies and alone.smallest.recall_delta_pp is None


def test_where_the_test_set_has_none_of_a_class_its_recall_is_not_known(tickets):
    own = [row for row in tickets if row.spec.dataset == "tickets"]
    blind = [replace(row, recall=(0.9, math.nan, 0.9)) for row in own]
    assert only(blind).rows[0].cells[0.2].smallest.recall_delta_pp is None


@pytest.mark.parametrize(("counts", "name"), [((500, 0, 440), "login"), ((50, 50, 50), None)])
def test_the_smallest_class_has_rows_and_is_smaller_than_another(tickets, counts, name):
    own = [row for row in tickets if row.spec.dataset == "tickets"]
    rows = [replace(row, class_counts=counts, kept_counts=(20, 0, 20)) for row in own]
    smallest = only(rows).rows[0].cells[0.2].smallest
    assert (smallest and smallest.name) == name


def test_what_has_no_classes_has_wrong_answers_and_no_wrong_labels(tickets):
    without = [
        replace(row, class_names=(), class_counts=(), kept_counts=(), recall=()) for row in tickets
    ]
    assert [table.wrong for table in planted_tables(study(without))] == ["answer", "answer"]
    assert [table.wrong for table in planted_tables(study(tickets))] == ["label", "label"]

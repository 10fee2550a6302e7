"""Clean and leaked test rows: counted, judged apart by the one rule, and silent where none leak."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.answers import answers
from analysis.intervals import bounds, parts
from analysis.leaks import leak_of
from analysis.page.leak_words import leak_texts
from analysis.run_files import Plan
from analysis.study import read_runs, study
from analysis.table_rows import leak_rows
from analysis.verdicts import judge
from tests.analysis.runs_with_outcomes import SHA as MADE
from tests.analysis.runs_with_outcomes import classified, spec_of, truth_of, write_run
from tests.analysis.test_confirmation import SHA as CONFIRMED
from tests.analysis.test_confirmation import fresh
from tests.analysis.test_confirmation import seen as confirmed
from trainables.errors import DataError

SHA = "d" * 64
N = 1000


def plan(leaked=range(200), **more):
    mask = np.isin(np.arange(N), [*leaked])
    return Plan(tolerance=1.0, leaked={SHA: np.packbits(mask).tobytes()}, **more)


def run(paired, result, pruned, *, of_clean, of_leaked, seeds=5):
    """The full-data runs are right on rows up to 899; a cut loses so many clean and leaked ones."""
    rows = []
    for seed in range(1, seeds + 1):
        spec = pruned(seed)
        right = np.arange(N) < 900
        rows.append(result(spec.baseline, 0.9, correct=np.packbits(right).tobytes()))
        right[:of_leaked] = False
        right[500 : 500 + of_clean] = False
        rows.append(result(spec, right.mean(), correct=np.packbits(right).tobytes()))
    return rows


@pytest.fixture
def made(paired, result, pruned):
    def of(of_clean=0, of_leaked=0, at=None, **more):
        rows = run(paired, result, pruned, of_clean=of_clean, of_leaked=of_leaked, **more)
        return study(rows, plan() if at is None else at)

    return of


def only(seen):
    (answer,) = answers(seen)
    return answer, leak_of(seen, answer)


def test_the_sides_are_those_of_the_plan_in_the_order_of_the_bits(made):
    _, leak = only(made())
    assert {side: part.n for side, part in leak.parts.items()} == {"clean": 800, "leaked": 200}
    assert leak.parts["leaked"].value == 1.0  # the first 200 rows, all right
    assert leak.parts["clean"].value == pytest.approx(700 / 800)


def test_each_side_is_judged_by_the_rule_of_all_verdicts_at_the_answers_level(made):
    seen = made(of_clean=8, of_leaked=20)
    answer, leak = only(seen)
    x = answer.row.cell.differences()
    for side, rows in (("leaked", slice(200)), ("clean", slice(200, None))):
        assert leak.parts[side].verdict == judge(x[rows], alpha=answer.level)
    assert leak.whole == judge(x, alpha=answer.level)
    assert leak.parts["leaked"].verdict.mean == pytest.approx(-10.0)
    assert leak.parts["clean"].verdict.mean == pytest.approx(-1.0)


def test_clean_rows_that_say_the_same_are_no_other_verdict(made):
    assert not only(made(of_clean=100, of_leaked=30))[1].differs


def test_leaked_rows_that_hide_a_loss_are_noticed(made):
    """12 of 1,000 rows lost are 1.5 % of the 800 clean ones; 8 won among the leaked hide them."""
    assert only(made(of_clean=0))[1].whole.verdict == "within"
    _, leak = only(made(of_clean=0, at=plan(range(900))))
    assert leak.differs and leak.parts["clean"].verdict.verdict == "inconclusive"


@pytest.mark.parametrize("leaked", [Plan(tolerance=1.0), Plan(leaked={"e" * 64: b"\xff" * 125})])
def test_nothing_is_said_where_no_test_row_is_known_to_leak(made, leaked):
    seen = made(at=leaked)
    assert only(seen)[1] is None and list(leak_rows(seen)) == []


def test_a_plan_of_another_test_set_is_refused_by_name(made):
    with pytest.raises(DataError, match=r"plan\.json says of 800 test rows of imdb .* on 1000"):
        only(made(at=Plan(leaked={SHA: b"\xff" * 100})))


def test_every_row_leaked_leaves_no_clean_side(made):
    _, leak = only(made(at=plan(range(N))))
    assert leak.parts["clean"].n == 0 and leak.parts["clean"].verdict is None
    assert not leak.differs


def test_before_any_pair_the_full_runs_are_looked_at_alone(result, pruned):
    seen = study([result(pruned(1).baseline, 0.9)], plan(specs=(pruned(1),)))
    leak = leak_of(seen, answers(seen)[0]) if answers(seen) else None
    assert leak is None or leak.whole is None


def test_a_model_that_learned_nothing_is_judged_on_neither_side(made, result, pruned):
    rows = [
        replace(row, accuracy=0.5, test_counts=(500, 500), correct=np.packbits(np.arange(N) < 500).tobytes())
        for row in made().results
    ]  # fmt: skip
    answer, leak = only(study(rows, plan()))
    assert answer.state == "no answer"
    assert leak.whole is None and leak.parts["clean"].verdict is None


def test_a_confirmed_list_is_judged_on_each_side_by_its_fresh_seeds_and_for_the_choice():
    """As the whole: 4 % a side, and of the test rows' part a share for each cut chosen from."""
    mask = np.arange(4000) < 1500
    plain = confirmed(*fresh(-0.2), candidates=36)
    told = replace(plain.plan, leaked={CONFIRMED: np.packbits(mask).tobytes()})
    seen = study(plain.results, told)
    answer, leak = only(seen)
    assert answer.state == "confirmed" and leak.whole == answer.row.verdict
    p = parts(answer.row.cell.differences()[~mask])
    low, high = bounds(p, 0.04, item_alpha=0.04 / 36)
    clean = leak.parts["clean"].verdict
    assert (clean.low, clean.high) == pytest.approx((100 * low, 100 * high))
    assert clean.n_seeds == 5
    last = [row for row in leak_rows(seen) if row["kind"] == "fixed"]
    assert [row["low"] for row in last] == [clean.low, leak.parts["leaked"].verdict.low]


def test_at_looks_each_side_is_judged_at_the_level_of_the_look(made):
    seen = made(of_clean=4, at=replace(plan(), adaptive=True))
    answer, leak = only(seen)
    assert leak.whole.low == pytest.approx(answer.low)
    assert leak.parts["clean"].verdict.alpha == leak.whole.alpha < answer.level


def test_a_table_has_two_rows_a_condition_at_its_own_level(made):
    seen = made(of_clean=8, of_leaked=20)
    clean, leaked = leak_rows(seen)
    assert (clean["side"], clean["n_test"], leaked["n_test"]) == ("clean", 800, 200)
    assert clean["delta"] == pytest.approx(-1.0) and leaked["delta"] == pytest.approx(-10.0)
    assert clean["alpha"] == seen.rows[0].verdict.alpha
    assert clean["full_accuracy"] == pytest.approx(700 / 800)


def test_leaked_rows_on_which_the_metric_has_no_value_are_left_out(tmp_path):
    rng, labels, said = np.random.default_rng(0), (np.arange(300) % 3 == 0).astype(int), {}
    for spec in [spec_of(seed, rate=rate) for seed in (1, 2, 3) for rate in (0.0, 0.1)]:
        said[spec] = classified(rng, labels)
    write_run(tmp_path, truth_of(labels), said)
    of_one_class = Plan(metric="auroc", leaked={MADE: np.packbits(np.arange(300) < 20).tobytes()})
    (tmp_path / "plan.json").write_text(of_one_class.to_json())
    seen = read_runs([tmp_path])
    assert {row["side"] for row in leak_rows(seen)} == {"clean"}
    leak = leak_of(seen, answers(seen)[0])
    assert leak.parts["leaked"].value is None and leak.parts["clean"].value is not None
    assert leak_texts(seen)

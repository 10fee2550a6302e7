"""Guards: what must hold beside the metric, each at the error of the condition."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.answers import answers
from analysis.criteria import Asked
from analysis.gate import Gate, unmet
from analysis.guards import Guarded, criterion_of, guard_of, joint
from analysis.interim_looks import is_hopeless
from analysis.intervals import bounds
from analysis.ladders import climbed_by_two, rung_of
from analysis.metrics import ACCURACY, METRICS, Margin
from analysis.page.guard_words import guard_facts, guard_rows, guards_open, hover_notes
from analysis.report import write_study
from analysis.study import read_runs
from analysis.undecided import needed_test_rows, open_verdicts, seeds_for
from analysis.verdicts import judge
from tests.analysis.runs_with_outcomes import classified, spec_of, truth_of, write_run
from trainables.errors import DataError, UsageError

SEEDS = (1, 2, 3, 4, 5)
LABELS = np.random.default_rng(7).choice(3, 6000, p=(0.7, 0.27, 0.03))
GROUPS = np.where(np.arange(len(LABELS)) % 20 == 0, "rare", "usual")


def flipped(columns, rows, rng, share):
    """The same trial with a share of some rows made wrong."""
    chosen = rows[rng.random(len(rows)) < share]
    predicted = columns["predicted"].copy()
    predicted[chosen] = (LABELS[chosen] + 1) % 3
    return {**columns, "predicted": predicted}


def made(folder, rows, share):
    """A run whose pruned trials are as the full ones but for what is lost of some rows."""
    rng, said = np.random.default_rng(0), {}
    for seed in SEEDS:
        said[spec_of(seed)] = classified(rng, LABELS, wrong=0.1)
        said[spec_of(seed, rate=0.1)] = flipped(said[spec_of(seed)], rows, rng, share)
    write_run(folder, truth_of(LABELS, groups=GROUPS), said)
    return folder


@pytest.fixture(scope="module")
def small_class_hurt(tmp_path_factory):
    return made(tmp_path_factory.mktemp("class"), np.flatnonzero(LABELS == 2), 0.2)


@pytest.fixture(scope="module")
def small_group_hurt(tmp_path_factory):
    return made(tmp_path_factory.mktemp("group"), np.flatnonzero(GROUPS == "rare"), 0.12)


def test_a_class_that_is_harmed_makes_the_condition_outside_and_is_named(small_class_hurt):
    (plain,) = read_runs([small_class_hurt]).rows
    assert plain.verdict.verdict == "within" and plain.guards == ()
    (row,) = read_runs([small_class_hurt], Asked(guards=("worst_class:3",))).rows
    assert row.verdict.verdict == "outside"
    assert {one.group: one.verdict.verdict for one in row.guards} == {
        "a": "within", "b": "within", "c": "outside"
    }  # fmt: skip
    assert [one.group for one in row.guards if one.verdict.verdict == "outside"] == ["c"]


def test_the_recall_of_a_class_is_that_of_its_own_rows(small_class_hurt):
    (row,) = read_runs([small_class_hurt], Asked(guards=("every_class:3",))).rows
    for k, one in enumerate(row.guards):
        lost = [100 * (pair.pruned.recall[k] - pair.baseline.recall[k]) for pair in row.cell.pairs]
        assert one.verdict.mean == pytest.approx(np.mean(lost))
        assert one.n_test == (k == LABELS).sum()


def test_a_band_holds_for_all_classes_together(small_class_hurt):
    (row,) = read_runs([small_class_hurt], Asked(guards=("every_class:3",))).rows
    for one in row.guards:
        low, high = bounds(one.verdict.parts, 0.05 / 3)
        assert (one.low, one.high) == pytest.approx((100 * low, 100 * high))
        assert one.low < one.verdict.low and one.high > one.verdict.high


def test_a_group_is_judged_by_the_deciding_metric_on_its_rows(small_group_hurt):
    asked = Asked(guards=("worst_group:5",), group_column="lang")
    (row,) = read_runs([small_group_hurt], asked).rows
    by_group = {one.group: one for one in row.guards}
    assert (
        by_group["rare"].verdict.verdict == "outside"
        and by_group["usual"].verdict.verdict == "within"
    )
    assert row.verdict.verdict == "outside" and by_group["rare"].n_test == 300
    f1 = read_runs([small_group_hurt], replace(asked, metric="macro_f1")).rows[0]
    assert {one.metric.name for one in f1.guards} == {"macro_f1"}


def test_a_further_metric_guards_by_a_margin_of_its_own(small_class_hurt):
    for text, word in (("macro_f1:5", "within"), ("macro_f1:0.1", "outside")):
        (row,) = read_runs([small_class_hurt], Asked(guards=(text,))).rows
        (one,) = row.guards
        assert row.verdict.verdict == one.verdict.verdict == word
        assert row.verdict.p_not_within == max(
            judge(row.cell.differences()).p_not_within, one.verdict.p_not_within
        )


def test_the_answer_and_the_gate_ask_the_same_of_guards(small_class_hurt):
    plain = read_runs([small_class_hurt])
    guarded = read_runs([small_class_hurt], Asked(guards=("worst_class:3",)))
    gates = [Gate.of("made>=10%"), Gate.of("made:random@10%>=10%")]
    assert [one.state for one in answers(plain)] == ["found"] and unmet(plain, gates) == []
    assert [one.rate for one in answers(guarded)] == [0.0] and len(unmet(guarded, gates)) == 2


def test_one_undecided_guard_leaves_the_condition_open_and_says_what_would_settle_it(
    small_group_hurt,
):
    asked = Asked(guards=("worst_group:9",), group_column="lang")
    (row,) = read_runs([small_group_hurt], asked).rows
    assert row.verdict.verdict == "inconclusive"
    ((name, v),) = open_verdicts(row).items()
    assert name == "worst_group:9 (rare)" and v.verdict == "inconclusive"
    needed = seeds_for(row, alpha=0.05)
    assert needed.more is None or needed.more > 0
    assert needed.reason.startswith("worst_group:9") or needed.more


def test_a_reader_is_told_how_many_test_rows_would_settle_a_guard(small_group_hurt):
    asked = Asked(guards=("worst_group:9",), group_column="lang")
    (row,) = read_runs([small_group_hurt], asked).rows
    ((_, v),) = open_verdicts(row).items()
    enough = needed_test_rows(v, alpha=v.alpha)
    assert enough > v.parts.n
    assert guards_open(row) == (
        f"Not decided because of group “rare”: {v.parts.n} test rows (some {float(f'{enough:.2g}'):,.0f} "
        "would settle it, if mean and spread stay)."
    )


def test_enough_test_rows_settle_what_these_leave_open():
    rng = np.random.default_rng(5)
    few, many = (
        judge(np.where(rng.random((n, 5)) < 0.02, -1.0, 0.0) * (rng.random((n, 1)) < 0.2))
        for n in (300, 30_000)
    )
    assert few.verdict == "inconclusive" and many.verdict == "within"
    assert 300 < needed_test_rows(few, alpha=0.05) < 30_000


WITHIN = judge(np.zeros((5000, 5)))
OUTSIDE = judge(-np.ones((5000, 5)))
OPEN = judge(np.zeros((20, 5)))


def guarded(v):
    return Guarded(label="recall", metric=ACCURACY, verdict=v)


@pytest.mark.parametrize(
    ("own", "guards", "word"),
    [
        (WITHIN, [], "within"),
        (WITHIN, [WITHIN, WITHIN], "within"),
        (WITHIN, [WITHIN, OPEN], "inconclusive"),
        (WITHIN, [OPEN, OUTSIDE], "outside"),
        (OPEN, [WITHIN], "inconclusive"),
        (OUTSIDE, [WITHIN], "outside"),
    ],
)
def test_metric_and_guards_come_to_one_word(own, guards, word):
    assert joint(own, [guarded(v) for v in guards]).verdict == word


@pytest.mark.parametrize(
    ("text", "family", "margin"),
    [
        ("worst_class:3", "class", Margin(value=3.0)),
        ("every_group", "group", Margin(value=1.0)),
        ("log_loss:5%", "", Margin(value=0.05, is_share=True)),
        ("log_loss", "", Margin(value=0.05, is_share=True)),
        ("hits:higher:0.02", "", Margin(value=0.02)),
    ],
)
def test_a_guard_is_a_name_and_a_margin(text, family, margin):
    guard = guard_of(text, METRICS["accuracy"])
    assert (guard.family, guard.margin) == (family, margin)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worst_clas:3", "Did you mean 'worst_class'"),
        ("worst_class:much", "give a number in pp"),
        ("worst_class:5%", "share of what training gains"),
        ("hits:higher", "has no margin of its own"),
        ("7", "NAME:MARGIN"),
    ],
)
def test_what_is_no_guard_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        guard_of(text, METRICS["accuracy"])


def test_groups_need_a_column_that_was_kept(small_group_hurt):
    with pytest.raises(UsageError, match="--group-column"):
        criterion_of(guards=("worst_group:2",))
    with pytest.raises(DataError, match="kept without column 'dialect'"):
        read_runs([small_group_hurt], Asked(guards=("worst_group:2",), group_column="dialect"))
    with pytest.raises(UsageError, match="twice"):
        criterion_of(guards=("worst_class:2", "worst_class:2"))


def test_a_class_of_few_rows_has_an_interval_that_is_never_none(tmp_path):
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], (900, 90, 6))
    same = classified(rng, labels, wrong=0.0)
    said = {s: same for seed in SEEDS for s in (spec_of(seed), spec_of(seed, rate=0.1))}
    write_run(tmp_path, truth_of(labels), said)
    (row,) = read_runs([tmp_path], Asked(guards=("every_class:3",))).rows
    of_few = row.guards[2].verdict
    assert of_few.high - of_few.low > 50 and of_few.verdict == "inconclusive"
    assert row.verdict.verdict == "inconclusive"


NO_VALUE = {
    "auroc": (np.arange(400) % 5 == 0).astype(int),
    "loss/weight:lower": (np.arange(400) % 5 == 0).astype(int),
}


@pytest.mark.parametrize("metric", NO_VALUE)
def test_a_group_on_which_a_metric_has_no_value_is_named_and_leaves_the_rest_judged(
    metric, tmp_path
):
    rng, labels, said = np.random.default_rng(0), NO_VALUE[metric], {}
    groups = np.where(labels == 0, "one class", np.where(np.arange(400) % 2, "x", "y"))
    groups[:30] = "mixed"
    for spec in [spec_of(seed, rate=rate) for seed in (1, 2, 3) for rate in (0.0, 0.1)]:
        weight = np.where(groups == "one class", 0.0, 3.0)
        said[spec] = {**classified(rng, labels), "weight": weight}
    write_run(tmp_path, truth_of(labels, groups=groups), said)
    asked = Asked(metric=metric, tolerance="1", guards=("worst_group:2",), group_column="lang")
    study = read_runs([tmp_path], asked)
    (row,) = study.rows
    found = {one.group: one for one in row.guards}
    assert found["one class"].verdict.no_value and not found["mixed"].verdict.no_value
    assert found["one class"].n_test == (groups == "one class").sum()
    assert row.verdict.verdict != "within" and np.isfinite(row.verdict.mean)
    assert found["one class"].verdict.no_value in guards_open(row)
    told = [*guard_rows(study), *guard_facts(row), hover_notes(row)]
    assert "nan" not in str(told)
    assert seeds_for(row, alpha=0.05).more is None and is_hopeless(found["one class"].verdict)
    assert rung_of(study, row) is None


def test_two_seeds_are_no_first_look_where_too_few_rows_carry_the_difference(tmp_path):
    rng, said = np.random.default_rng(0), {}
    target = rng.normal(size=300)
    for seed in (1, 2):
        said[spec_of(seed)] = {"predicted": target + rng.normal(0, 1e-6, 300)}
        gone = said[spec_of(seed)]["predicted"].copy()
        gone[:2] += 0.01
        said[spec_of(seed, rate=0.1)] = {"predicted": gone}
    write_run(tmp_path, truth_of(targets=target), said)
    study = read_runs([tmp_path], Asked(metric="mae", tolerance="0.1"))
    (row,) = study.rows
    assert row.verdict.few == 2
    assert climbed_by_two(study, study.rows) == 0


def test_no_guards_and_a_guard_contradict_each_other():
    with pytest.raises(UsageError, match="give it alone"):
        criterion_of(guards=("none", "worst_class:3"))


def test_a_group_column_that_was_not_kept_is_refused_with_those_that_were(small_group_hurt):
    asked = Asked(guards=("worst_group:2",), group_column="language")
    with pytest.raises(DataError, match="without column 'language' and with lang"):
        read_runs([small_group_hurt], asked)


@pytest.mark.parametrize(
    ("metric", "guard"), [("hits:lower", "worst_group:5%"), ("", "macro_f1:x")]
)
def test_a_margin_that_a_guard_cannot_have_is_told_of_the_guard(metric, guard):
    with pytest.raises(UsageError, match=f"^guard {guard}: tolerance"):
        criterion_of(metric, "1", (guard,), "lang")


def test_seeds_are_not_promised_for_groups_that_only_test_rows_can_decide(tmp_path):
    rng, labels, said = np.random.default_rng(0), np.arange(450) % 3, {}
    for seed in (1, 2, 3):
        said[spec_of(seed)] = classified(rng, labels)
        said[spec_of(seed, rate=0.1)] = classified(rng, labels, wrong=0.19)
    write_run(tmp_path, truth_of(labels, groups=[str(i // 3) for i in range(450)]), said)
    asked = Asked(metric="macro_f1", guards=("worst_group:2",), group_column="lang")
    study = read_runs([tmp_path], asked)
    (row,) = study.rows
    assert "" in open_verdicts(row)
    page = write_study(study, tmp_path / "report.html").read_text()
    assert "More seeds would hardly decide it: worst_group:2 (" in page
    assert "To decide: about" not in page

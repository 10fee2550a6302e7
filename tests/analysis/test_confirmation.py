"""What fresh seeds of one fixed list say, and that nothing else speaks once they have run."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.answers import answer_of, answers, candidate, found_rates
from analysis.confirmation import confirmations
from analysis.gate import Gate, unmet
from analysis.intervals import bounds, parts
from analysis.merged_plans import merged
from analysis.page.answer_cards import cards
from analysis.page.render import render
from analysis.run_files import Plan
from analysis.study import study
from analysis.table_rows import trial_rows, verdict_rows
from benchmarks import confirming
from benchmarks.confirming import AT_THE_LINE, ONE_IS_GOOD, WORLDS, Way
from benchmarks.paired_runs import FULL, World, ladders, rows

CALM = World(n=4000, run_sd=0.001, likeness=0.95)
RATES = (0.1, 0.3)
SEEDS, FRESH = (0, 1, 2, 3, 4), (901, 902, 903, 904, 905)
SHA = FULL.data_sha
(RANDOM, *_), (LADDER, *_) = ladders(2, (0.3,), control=True)
LISTED = replace(LADDER, protocol="restart", scored_by=SEEDS)


def fresh(true_pp, *, control_pp=None, seeds=FRESH, of=LISTED, number=5, world=CALM):
    """Rows of fresh seeds on a list, and on random lists where these are given."""
    asked = [(of, true_pp / 100)]
    if control_pp is not None:
        beside = replace(RANDOM, rate=of.rate, protocol="restart", warmup=0.0, scored_by=(0,))
        asked.append((beside, control_pp / 100))
    for row in rows(np.random.default_rng(number), world, asked, seeds):
        own = row.spec.signal == "random" and of.signal != "random"
        sha = f"{'random' if own else 'list'}{row.spec.seed if own else ''}"
        spec = replace(row.spec, scored_by=(row.spec.seed,)) if own else row.spec
        yield replace(row, spec=spec, kept_sha=sha * (not spec.is_baseline))


def search(true=((-3, -6), (0.0, 0.1)), number=0):
    """Rows of random and one method at both rates."""
    specs = ladders(len(true), RATES, control=True)
    pairs = [
        (spec, delta / 100)
        for own, deltas in zip(specs, true, strict=True)
        for spec, delta in zip(own, deltas, strict=True)
    ]
    return list(rows(np.random.default_rng(number), CALM, pairs, SEEDS))


def seen(*more, candidates=4, searched=None, specs=()):
    plan = Plan(tolerance=1.0, candidates={SHA: candidates}, specs=specs)
    return study([*(search() if searched is None else searched), *more], plan)


def only(one):
    (found,) = answers(one)
    return found


def card_of(one):
    (card,) = cards(one)
    return card


def test_without_a_confirmation_in_the_plan_the_search_speaks():
    assert only(study(search(), Plan(tolerance=1.0))).state == "found"


def test_before_the_fresh_seeds_have_run_what_was_found_is_promising_and_no_more():
    one = seen()
    assert only(one).state == "promising"
    assert "the same command goes on with them" in " ".join(card_of(one).sentences)
    assert unmet(one, [Gate.of("made>=0.3")])


def test_fresh_seeds_that_pass_confirm_the_list():
    one = seen(*fresh(0.1, control_pp=-5))
    answer = only(one)
    assert (answer.state, answer.rate, answer.standing) == ("confirmed", 0.3, "better")
    assert not unmet(one, [Gate.of("made>=0.3")])
    card = card_of(one)
    assert (card.mark, card.pill) == ("✓", "confirmed")
    assert card.headline == "Drop 30% of made by made:signal_00: accuracy holds."
    assert card.sentences[0] == (
        "Sure to 19 in 20: trained afresh on exactly these rows by 5 new seeds, a model on average loses "
        "less than 1 point."
    )
    assert "It beats random lists of its size by " in card.sentences[1]
    shown = {fact.label: f"{fact.value} {fact.detail}" for fact in card.facts}
    assert shown["List of rows"] == "list " and "5 new seeds that had no part" in shown["Trained"]
    assert "Each later run saves" in shown


def test_the_interval_of_a_list_is_the_fresh_seeds_own_corrected_for_the_choice():
    new = list(fresh(-0.2))
    one = only(seen(*new, candidates=36))
    full = {row.spec.seed: row for row in new if row.spec.is_baseline}
    right = {
        id(row): np.unpackbits(np.frombuffer(row.correct, np.uint8)).astype(int) for row in new
    }
    x = np.stack(
        [
            right[id(row)] - right[id(full[row.spec.seed])]
            for row in new
            if not row.spec.is_baseline
        ],
        axis=1,
    )
    low, high = bounds(parts(x), 0.04, item_alpha=0.04 / 36)
    assert (one.low, one.high) == pytest.approx((100 * low, 100 * high))
    assert one.row.verdict.mean == pytest.approx(100 * x.mean())


def test_more_cuts_to_choose_from_widen_the_interval():
    # Runs alike in every seed: what is left is the choice of test examples.
    still = World(n=1000, run_sd=0.0, likeness=1.0, own=0.3)
    few, many = (only(seen(*fresh(-0.2, world=still), candidates=n, searched=[])) for n in (1, 400))
    assert many.low < few.low and many.row.verdict.mean == few.row.verdict.mean


@pytest.mark.parametrize(
    ("true_pp", "mark", "words"),
    [
        (-4.0, "✗", "Keep all of made: 30% by made:signal_00 is not safe."),
        (
            -0.95,
            "?",
            "Not decided: 30% of made by made:signal_00 is not confirmed.",
        ),
    ],
)
def test_once_fresh_seeds_have_run_nothing_else_speaks(true_pp, mark, words):
    one = seen(*fresh(true_pp))
    assert (only(one).state, only(one).rate) == ("refuted", 0.0)
    assert unmet(one, [Gate.of("made>=0.1")])
    assert set(found_rates(one, next(iter(one.sources))).values()) == {0.0}
    card = card_of(one)
    assert (card.mark, card.headline) == (mark, words)
    assert card.sentences[0].startswith("Trained afresh on exactly these rows, 5 new seeds change ")
    assert "by --protocol restart searches the one that counts" in " ".join(card.sentences)
    assert {row["answer"] for row in verdict_rows(one)} <= {"refuted", None}


def test_where_runs_differ_too_much_more_test_rows_are_not_the_advice():
    afresh = [
        replace(r, spec=replace(r.spec, protocol="restart")) if not r.spec.is_baseline else r
        for r in search()
    ]
    wild, few = (
        World(n=4000, run_sd=0.02, likeness=0.95),
        World(n=300, run_sd=0.0, likeness=1.0, own=0.3),
    )
    told = [
        " ".join(card_of(seen(*fresh(0.2, world=world), searched=afresh)).sentences)
        for world in (wild, few)
    ]
    assert "differ too much from seed to seed" in told[0] and "More test rows" not in told[0]
    assert "More test rows may narrow that" in told[1]


def test_a_method_named_beforehand_is_judged_by_its_search_all_the_same():
    gate = Gate.of("made:made:signal_00@15%>=0.3")
    assert not unmet(seen(*fresh(-4.0)), [gate])


def test_only_the_confirmed_cut_is_told_as_found():
    one = seen(*fresh(0.1))
    found = {
        curve.method.signal: rate for curve, rate in found_rates(one, only(one).source).items()
    }
    assert found == {"random": 0.0, "made:signal_00": 0.3}


@pytest.mark.parametrize(
    ("control_pp", "standing"), [(-5, "better"), (4, "worse"), (0.1, "equal"), (None, "no control")]
)
def test_a_list_is_credited_against_random_lists_of_its_size(control_pp, standing):
    one = seen(*fresh(0.1, control_pp=control_pp))
    assert only(one).standing == standing
    assert (card_of(one).pill == "uncredited") is False


def test_a_random_list_is_named_at_random_and_held_against_the_methods_of_the_search():
    listed = replace(RANDOM, protocol="restart", scored_by=SEEDS)
    searched = search(true=((0.0, 0.0), (0.0, -4.0)))
    one = seen(*fresh(0.0, of=listed), searched=searched)
    assert (only(one).state, only(one).standing) == ("confirmed", "random")
    card = card_of(one)
    assert card.headline.startswith("Drop 30% of made at random")
    assert "no method was compared with it" not in " ".join(card.sentences)


def test_while_fresh_seeds_run_nothing_else_speaks():
    specs = [replace(LISTED, seed=seed) for seed in FRESH]
    planned = [*specs, *(spec.baseline for spec in specs)]
    some = [*fresh(-4.0, seeds=FRESH[:4])]
    failed = replace(next(fresh(0.1)), spec=specs[4], status="failed", accuracy=None)
    for more, told in (
        ([], "4 of 5 new seeds"),
        ([failed], "4 of 5 new seeds have trained afresh"),
    ):
        one = seen(*some, *more, specs=planned)
        assert (only(one).state, only(one).rate, only(one).low) == ("confirming", 0.0, None)
        card = card_of(one)
        assert card.headline == "Not decided yet: 30% of made by made:signal_00 is being confirmed."
        assert told in card.sentences[0] and ("1 failed" in card.sentences[0]) == bool(more)
        assert card.facts == () and unmet(one, [Gate.of("made>=0.1")])
    assert only(seen(*fresh(0.1), specs=planned)).state == "confirmed"


def test_runs_read_twice_say_what_they_say_once():
    new = list(fresh(-4.0))
    once, twice = only(seen(*new)), only(seen(*new, *new, searched=[*search(), *search()]))
    assert (once.state, once.low) == (twice.state, twice.low) == ("refuted", once.low)
    plan = Plan(specs=tuple(row.spec for row in search()), candidates={SHA: 4})
    assert merged([plan, plan]).candidates == {SHA: 4}


def test_without_a_plan_all_that_was_run_counts_and_fewer_than_five_seeds_confirm_nothing():
    bare = study([*search(), *fresh(-0.2)], Plan(tolerance=1.0))
    assert bare.confirmed[only(bare).source].n_candidates == 4
    assert only(bare).low == only(seen(*fresh(-0.2))).low
    few = study([*search(), *fresh(-0.2, seeds=FRESH[:3])], Plan(tolerance=1.0))
    assert only(few).state == "confirming"


def test_a_fresh_run_that_diverged_keeps_a_list_from_being_confirmed():
    new = [
        replace(row, accuracy=0.5, correct=bytes(len(row.correct)))
        if (row.spec.seed, row.spec.is_baseline) == (903, False)
        else row
        for row in fresh(0.1, control_pp=0.1)
    ]
    one = seen(*new)
    assert only(one).state == "refuted"
    assert "Seed 903 fell far below the others." in card_of(one).sentences[0]


def test_fresh_seeds_on_different_rows_are_refused():
    new = [replace(row, kept_sha=f"list{row.spec.seed}") for row in fresh(0.1)]
    with pytest.raises(ValueError, match="were trained on 5 different ones"):
        seen(*new)


def test_of_two_lists_in_runs_read_as_one_each_may_err_half_as_often():
    other = replace(LISTED, rate=0.1)
    plan = Plan(tolerance=1.0, candidates={SHA: 4})
    both = [*fresh(-0.2), *(r for r in fresh(-0.2, of=other) if not r.spec.is_baseline)]
    alone, beside = (
        next(iter(confirmations(some, plan).values())) for some in (list(fresh(-0.2)), both)
    )
    assert (alone.row.verdict.alpha, beside.row.verdict.alpha) == pytest.approx((0.04, 0.02))


def test_fresh_seeds_are_no_part_of_the_search():
    plain, more = seen(), seen(*fresh(0.1, control_pp=-5))
    assert [row.cell.condition for row in plain.rows] == [row.cell.condition for row in more.rows]
    assert [row.verdict for row in plain.rows] == [row.verdict for row in more.rows]


def test_what_may_be_safe_is_chosen_and_nothing_that_is_not():
    (source,) = seen().sources
    assert candidate(seen(), source).cell.condition.rate == 0.3
    lost = seen(searched=search(true=((-3, -6), (-4, -8))))
    assert candidate(lost, source) is None


def test_a_policy_that_chooses_anew_each_epoch_leaves_no_list_to_confirm():
    turned = [
        replace(row, spec=replace(row.spec, selector="each_epoch"))
        if row.spec.signal.startswith("made")
        else row
        for row in search()
    ]
    one = seen(searched=turned)
    assert candidate(one, only(one).source) is None
    assert only(one).state == "promising"
    assert "no such cut can be confirmed" in card_of(one).sentences[1]


def test_page_and_tables_hold_the_confirmation():
    one = seen(*fresh(0.1, control_pp=-5))
    page = render(one)
    assert "new seeds that had no part in choosing" in page and 'id="confirmation"' in page
    assert 'id="confirmation"' not in render(seen())
    told = list(trial_rows(one))
    methods = {row["method"] for row in told}
    assert {"one list, made:signal_00 (global)", "a list each, Random (global)"} <= methods
    listed = [row for row in told if row["method"].startswith("one list")]
    assert len(listed) == 5 and all(row["delta"] is not None for row in listed)


STUDIES = 40


@pytest.mark.slow
@pytest.mark.parametrize("world", [*WORLDS][1:3])
def test_at_the_line_few_studies_confirm_and_those_that_trust_the_seeds_that_chose_are_found_out(
    world, monkeypatch
):
    """12 methods at 3 rates, all at the line: benchmarks/confirming.py has it in full."""
    way = Way(seeds=3, confirms=True)
    false, _ = confirming.false_and_named(WORLDS[world], way, AT_THE_LINE, range(STUDIES))
    assert false <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / STUDIES)


@pytest.mark.slow
def test_one_good_method_of_twelve_is_confirmed_where_searching_seldom_finds_it():
    world, numbers = WORLDS["7,600 test rows"], range(20)
    confirmed, searched = (
        confirming.second_rung(world, Way(seeds=5, confirms=confirms), numbers)
        for confirms in (True, False)
    )
    assert confirmed >= searched + 0.2 and ONE_IS_GOOD[0][1] > -0.01


@pytest.mark.slow
def test_the_simulation_sees_a_confirmation_that_is_none():
    """The control: the seeds that chose are handed in as fresh ones, with no correction."""
    false = 0
    for number in range(STUDIES):
        rng = np.random.default_rng(number)
        pairs = [(s, -0.01) for own in ladders(12, (0.1, 0.2, 0.3), control=True) for s in own]
        found = list(rows(rng, WORLDS["7,600 test rows"], pairs, SEEDS))
        one = study(found, Plan(tolerance=1.0, candidates={SHA: 1}))
        row = candidate(one, next(iter(one.sources)))
        if row is None:
            continue
        c = row.cell.condition
        again = [
            replace(r, spec=replace(r.spec, protocol="restart", scored_by=(7, 8)), kept_sha="list")
            for r in found
            if not r.spec.is_baseline and (r.spec.signal, r.spec.rate) == (c.signal, c.rate)
        ]
        told = study([*found, *again], Plan(tolerance=1.0, candidates={SHA: 1}))
        false += answer_of(told, c.source).state == "confirmed"
    assert false / STUDIES > 0.2

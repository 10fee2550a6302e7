"""What fresh seeds on one list come to: made-up rows in, a warrant and its words out."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.class_retention import hurt_most
from analysis.confirmation import LEVEL, level_of
from analysis.intervals import bounds, parts
from analysis.measured_warrants import sweep_verdict, warrant_of
from analysis.methods import condition_of
from analysis.page.warrant_words import warrant_words
from analysis.run_files import Plan
from analysis.study import study
from analysis.verdicts import ALPHA
from analysis.warrants import Measured, Warrant, WarrantedGuard
from benchmarks.paired_runs import FULL, World, ladders, rows
from trainables.errors import DataError
from trainables.result import Phase

CALM = World(n=4000, run_sd=0.001, likeness=0.95)
SEEDS, FRESH, SHA = (0, 1, 2), (901, 902, 903, 904, 905), FULL.data_sha
(RANDOM, *_), (LADDER, *_) = ladders(2, (0.3,), control=True)
LISTED = replace(LADDER, protocol="restart", scored_by=SEEDS)
BESIDE = replace(RANDOM, protocol="restart", warmup=0.0, scored_by=(0,))


def shown(true_pp, *, control_pp=None, seeds=FRESH, world=CALM, number=5):
    asked = [(LISTED, true_pp / 100)]
    if control_pp is not None:
        asked.append((BESIDE, control_pp / 100))
    for row in rows(np.random.default_rng(number), world, asked, seeds):
        spec = row.spec
        if spec.signal == "random":
            spec = replace(spec, scored_by=(spec.seed,))
        sha = {"random": f"r{spec.seed}", "": ""}.get(spec.signal, "list")
        yield replace(row, spec=spec, kept_sha=sha)


def judged(found, *, candidates=4, earlier=0, **plan):
    found = [*found]
    told = Plan(
        tolerance=1.0, specs=tuple(row.spec for row in found), candidates={SHA: candidates},
        earlier={SHA: earlier} if earlier else {}, **plan,
    )  # fmt: skip
    return study(found, told)


def warranted(found, *, sweep=None, **how):
    one = judged(found, **how)
    return warrant_of(one, one.confirmed[condition_of(LISTED).source], list_sha="abc", sweep=sweep)


def text_of(warrant):
    return "\n".join(warrant_words(warrant).lines)


@pytest.mark.parametrize(
    ("true_pp", "state", "mark"),
    [(0.1, "passed", "✓"), (-0.97, "not decided", "?"), (-4.0, "loses more", "✗")],
)
def test_fresh_seeds_pass_leave_open_or_refute(true_pp, state, mark):
    warrant = warranted(shown(true_pp))
    assert (warrant.state, warrant.passes) == (state, state == "passed")
    assert warrant_words(warrant).mark == mark


@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_a_warrant_s_bounds_are_those_of_its_rows_at_the_level_that_is_left(earlier):
    found = [*shown(-0.2)]
    full = {row.spec.seed: row for row in found if row.spec.is_baseline}
    right = {id(r): np.unpackbits(np.frombuffer(r.correct, np.uint8)).astype(int) for r in found}
    x = np.stack(
        [right[id(r)] - right[id(full[r.spec.seed])] for r in found if not r.spec.is_baseline], 1
    )
    level = 0.04 / 5**earlier
    low, high = bounds(parts(x), level, item_alpha=level / 36)
    warrant = warranted(found, candidates=36, earlier=earlier)
    assert (warrant.change.low, warrant.change.high) == pytest.approx((100 * low, 100 * high))
    assert warrant.level == pytest.approx(level)


def test_a_list_that_more_seeds_chose_than_confirm_it_must_be_surer():
    world = World(n=2000, run_sd=0.006, likeness=0.97, own=0.1)
    found = [*shown(0.6, control_pp=0.4, world=world)]

    def chosen_by(seeds):
        own = [
            replace(row, spec=replace(row.spec, scored_by=tuple(range(seeds))))
            if row.kept_sha == "list"
            else row
            for row in found
        ]
        one = judged(own, candidates=36)
        (told,) = one.confirmed.values()
        return told.row.verdict, told.against_random

    (few, beside_few), (many, beside_many) = chosen_by(3), chosen_by(30)
    assert many.low < few.low and many.high > few.high and many.mean == few.mean
    assert many.p_not_within > few.p_not_within
    assert beside_many.low < beside_few.low and beside_many.high > beside_few.high


def test_the_levels_of_all_lists_that_do_not_pass_come_to_the_error_of_one_data_set():
    assert level_of(0) == LEVEL
    assert sum(level_of(k) for k in range(60)) == pytest.approx(ALPHA)


def test_a_warrant_comes_back_as_it_was_written():
    warrant = warranted(shown(0.1, control_pp=-5))
    assert Warrant.from_dict(json.loads(json.dumps(warrant.to_dict()))) == warrant
    for damaged in ({}, {"state": "passed"}, warrant.to_dict() | {"change": 3}):
        with pytest.raises(DataError, match="not a warrant"):
            Warrant.from_dict(damaged)


def test_a_warrant_that_passed_says_what_was_done_how_sure_it_is_and_what_is_fresh():
    text = text_of(warranted(shown(0.1, control_pp=-5)))
    assert text.startswith(
        "✓ Confirmed: made without 30% of its rows trains as well, within 1 point."
    )
    assert (
        "with 5 new seeds that had no part in choosing them, a model on average loses less than 1 point."
        in text
    )
    assert "It beats random lists of its size by " in text
    assert "Seeds: 5 new ones (901 to 905; " in text
    assert (
        "not fresh: the 4,000 test rows, looked at to choose among 4 cuts, so they count at 1/4"
        in text
    )
    assert "Rows: 300 of 1,000 go (700 stay: list abc)" in text
    assert "Measured: 15 trials" in text


def test_what_is_open_says_what_would_settle_it_and_its_price():
    wide = World(n=4000, run_sd=0.012, likeness=0.95)
    warrant = warranted(shown(-0.1, world=wide))
    assert warrant.state == "not decided" and warrant.more_seeds > 5
    assert f"(--seeds {warrant.more_seeds}: {2 * warrant.more_seeds} trials, about " in text_of(
        warrant
    )
    few = warranted(shown(0.0, world=World(n=300, run_sd=0.0, likeness=1.0, own=0.2)))
    assert few.state == "not decided" and few.more_seeds is None
    assert few.more_rows > 300 and "a sweep with some " in text_of(few)


@pytest.mark.parametrize("earlier", [0, 2])
def test_the_class_hurt_most_is_told_at_the_level_of_the_warrant(earlier):
    found = [*shown(-0.2)]
    one = judged(found, candidates=36, earlier=earlier)
    (told,) = one.confirmed.values()
    warrant = warrant_of(one, told, list_sha="abc")
    own = hurt_most(told.row.cell, alpha=0.04 / 5**earlier, item_share=1 / 36)
    assert warrant.worst.name == own.name
    assert (warrant.worst.change.low, warrant.worst.change.high) == (own.low, own.high)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([7, 7, 7, 7, 7], "saves 30% of its time (by the clock of these runs 3.0 s of 10.0 s)"),
        (
            [13, 12, 13, 12, 15],
            "takes more, by 30% of its time (by the clock it took 3.0 s more than",
        ),
        ([7, 12, 7, 7, 7], None),
    ],
)
@pytest.mark.parametrize("counted", [True, False])
def test_a_run_on_the_list_is_said_to_be_shorter_longer_or_neither(seconds, said, counted):
    def taken(row):
        of_list = seconds[row.spec.seed - FRESH[0]], 700 * counted
        took, many = (10, 1000 * counted) if row.spec.is_baseline else of_list
        return replace(row, phases={"training": Phase(seconds=took, examples=many)})

    text = text_of(warranted(map(taken, shown(0.1))))
    if counted:
        clock = (
            said.partition("(")[2] if said else "by the clock the seeds do not agree on a saving"
        )
        assert f"Each later run: trains on 30% fewer examples ({clock}" in text
    else:
        assert (f"Each later run: {said}" in text) if said else ("Each later run" not in text)


def test_another_try_has_as_many_seeds_as_chose_the_list():
    wide = World(n=4000, run_sd=0.012, likeness=0.95)
    found = [*shown(-0.1, world=wide)]
    own = [
        replace(row, spec=replace(row.spec, scored_by=tuple(range(70)))) if row.kept_sha else row
        for row in found
    ]
    one = judged(own)
    (told,) = one.confirmed.values()
    assert warrant_of(one, told, list_sha="abc").more_seeds >= 70


def test_a_try_after_others_says_that_all_share_one_error():
    assert "share an error" not in text_of(warranted(shown(0.1)))
    text = text_of(warranted(shown(0.1), earlier=2))
    assert "each bound here errs in 0.16% of cases, in place of 4%." in text


def test_trials_that_are_lacking_or_failed_leave_it_incomplete_with_no_number_for_an_answer():
    found = [*shown(0.1)]
    *some, last = found
    failed = replace(last, status="failed", error="out of memory")
    warrant = warranted([*some, failed])
    assert (warrant.state, warrant.n_failed, warrant.n_planned) == ("incomplete", 1, 5)
    words = warrant_words(warrant)
    assert words.headline == "Not decided yet: 4 of 5 new seeds have trained on these rows."
    assert words.sentences == (
        "1 failed. They decide, all together; the same command goes on with them.",
    )
    assert [fact.label for fact in words.facts] == ["Rows"]


def test_runs_that_learned_nothing_confirm_nothing():
    blind = World(n=4000, accuracy=0.5, run_sd=0.0, likeness=1.0)
    found = [*shown(0.0, world=blind)]
    warrant = warranted(found)
    assert warrant.state == "no answer" and not warrant.passes
    assert text_of(warrant).startswith(
        "– No answer for made: its full-data runs have learned nothing"
    )


def test_a_warrant_that_contradicts_the_sweep_says_so_and_why():
    sweep = judged(rows(np.random.default_rng(0), CALM, [(LADDER, 0.0)], SEEDS))
    said = sweep_verdict(sweep, condition_of(LADDER), agreement=0.8)
    assert (said.verdict, said.protocol, said.seeds) == ("within", "continue", 3)
    assert "The sweep's" not in text_of(warranted(shown(0.1), sweep=said))
    text = text_of(warranted(shown(-4.0), sweep=said))
    assert "The sweep's 3 seeds said of this cut: " in text and "within the line" in text
    for why in (
        "there a run went on from its warm-up",
        "of the rows that it removes, a seed's own cut removes 80%",
        "it is one of 4 cuts and lists that were looked at",
    ):
        assert why in text
    assert sweep_verdict(sweep, condition_of(replace(LADDER, rate=0.2))) is None


def test_a_list_that_rows_were_put_back_into_says_how_much_goes():
    warrant = replace(warranted(shown(0.1)), n_kept=800)
    assert warrant_words(warrant).headline.startswith("Confirmed: made without 20% of its rows")
    rounded = replace(warranted(shown(0.1)), n_train=4459, n_kept=3122)
    assert "without 30% of its rows" in warrant_words(rounded).headline


def test_without_a_warrant_it_says_that_nothing_was_measured_and_why():
    words = warrant_words(None, why_none="it was left out by --no-warrant")
    assert words.lines == (
        "– Not measured: no model was trained on exactly these rows.",
        "  It was left out by --no-warrant.",
    )


@pytest.mark.parametrize(
    ("state", "word", "told"),
    [
        ("passed", "within", "What is guarded holds as well: worst_class:3."),
        (
            "not decided",
            "inconclusive",
            "Not decided because of the guard worst_class:3: recall of “b”",
        ),
        ("loses more", "outside", "Not held: the guard worst_class:3: recall of “b” −2.00 points"),
    ],
)
def test_guards_are_told_beside_the_metric(state, word, told):
    guard = WarrantedGuard(
        text="worst_class:3", label="recall", group="b", verdict=word, unit="pp", tolerance=3.0,
        change=Measured(mean=-2.0, low=-4.0, high=0.5),
    )  # fmt: skip
    warrant = replace(warranted(shown(0.1)), state=state, verdict=word, guards=(guard,))
    assert told in text_of(warrant)
    assert "Guard worst_class:3: " in text_of(warrant)
    if state == "loses more":
        assert warrant_words(warrant).headline == (
            "Keep all of made: without 30% of its rows what is guarded does not hold."
        )

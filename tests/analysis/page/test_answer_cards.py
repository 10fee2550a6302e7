from dataclasses import replace

import pytest

from analysis.page.answer_cards import cards
from analysis.page.prose import opening, tally
from analysis.run_files import Plan
from analysis.study import study

GOOD = [-0.2, -0.1, 0.0, -0.1, -0.2]
LOW = [-0.8, -0.7, -0.75, -0.7, -0.8]
BAD = [-3.1, -3.0, -2.9, -3.0, -3.1]
OPEN = [-2.5, 1.0, -1.5, 0.5, -0.5]


def only(rows):
    (card,) = cards(study(rows))
    return card


def text(card):
    return " ".join(card.details)


def test_the_number_is_the_largest_rate_within(paired):
    rows = paired(GOOD, rate=0.1) + paired(GOOD, rate=0.2) + paired(BAD, rate=0.3)
    assert (only(rows).number, only(rows).word) == ("20%", "within")


def test_a_rate_beyond_one_that_is_not_within_does_not_count(paired):
    rows = paired(GOOD, rate=0.1) + paired(BAD, rate=0.2) + paired(GOOD, rate=0.3)
    assert only(rows).number == "10%"


def test_random_as_good_is_said_plainly(paired):
    card = only(paired(GOOD) + paired(GOOD, signal="random"))
    assert card.standing == "equal"
    assert "Random pruning does as well: it is within at 10% too." in card.details


def test_a_signal_better_than_random_gets_the_credit(paired):
    card = only(paired(GOOD) + paired(LOW, signal="random"))
    assert card.standing == "better" and "Better than random pruning there by +0.63" in text(card)


def test_where_only_random_is_within_the_answer_is_random(paired):
    card = only(paired(BAD) + paired(GOOD, signal="random"))
    assert card.number == "10%" and "This is random pruning" in text(card)


def test_without_a_control_no_signal_gets_credit(paired):
    card = only(paired(GOOD))
    assert card.standing == "no control" and "earned no credit" in text(card)


def test_where_all_is_outside_nothing_can_go(paired):
    card = only(paired(BAD))
    assert (card.number, card.word) == ("0%", "outside")


def test_where_nothing_is_settled_the_closest_is_named(paired):
    card = only(paired(OPEN))
    assert (card.number, card.word) == ("?", "inconclusive")
    assert card.details[0].startswith("Closest: 10% by Redundancy (global), 15% warm-up: −0.60 pp")


def test_one_seed_is_told_to_run_more(paired):
    assert "One seed gives no interval: run three or more." in only(paired([0.1])).details


def test_a_data_set_without_a_pair_says_so(result, pruned):
    assert "No finished pair" in text(only([result(pruned(), 0.9)]))


@pytest.mark.parametrize(
    ("scoring", "words"),
    [(0.01, "Saves 7.5% of one run"), (0.2, "Costs 11.5% more than one full run")],
)
def test_the_saving_of_one_run_counts_scoring(paired, scoring, words):
    rows = []
    for row in paired(GOOD):
        phases = dict(row.phases)
        if "scoring" in phases:
            full = sum(phases[name].tokens for name in ("warmup", "training")) / 0.915
            # A scored token counts a third of a trained one.
            phases["scoring"] = replace(phases["scoring"], tokens=round(3 * full * scoring))
        rows.append(replace(row, phases=phases))
    assert words in text(only(rows))


def test_the_lead_says_when_random_does_as_well(paired):
    seen = study(paired(GOOD) + paired(GOOD, signal="random"))
    assert opening(seen, cards(seen))[1] == "Random pruning does as well on the data set answered."


def test_the_lead_says_when_a_signal_beats_random(small_run):
    seen = study(small_run)
    assert (
        opening(seen, cards(seen))[2]
        == "A signal beats random pruning on all 2 data sets answered."
    )


def test_the_tally_counts_every_verdict(small_run):
    assert tally(study(small_run)).startswith(
        "12 of 12 conditions judged, 5 seeds each: 6 within, 6 outside, 0 inconclusive."
    )


def test_the_tally_corrects_for_the_methods_tried(paired):
    close = [-0.6, -0.5, -0.8, -0.3, -0.6]
    rows = paired(close) + paired(close, warmup=0.25) + paired(GOOD, signal="random")
    assert (
        "Of 3 methods and warm-ups 3 are within at their smallest rate, 1 of them also after Holm's"
    ) in tally(study(rows))
    assert "Holm" not in tally(study(paired(GOOD)))


def test_an_empty_study_has_no_cards():
    assert cards(study([])) == []


def test_what_the_best_was_picked_from_is_said(paired):
    rows = paired(GOOD) + paired(GOOD, warmup=0.25) + paired(LOW, signal="random")
    assert "the best of 3 methods and warm-ups tried" in text(only(rows))
    assert "best of" not in text(only(paired(GOOD)))


def test_the_line_is_read_between_the_rates_tested(paired):
    rows = paired(GOOD, rate=0.1) + paired(BAD, rate=0.3)
    assert "Read between the rates tested, the mean meets the line at 16%" in text(only(rows))
    rows = paired(GOOD, rate=0.1) + paired(GOOD, rate=0.3)
    assert "stays above the line up to 30%, the largest rate tested" in text(only(rows))


def test_what_can_go_on_all_data_sets_must_pass_on_each(small_run, paired):
    seen = study(small_run)
    assert opening(seen, cards(seen))[1].startswith("On all 2 data sets at once 10% can go by")
    worse = [*small_run, *paired(BAD, dataset="sst2", data_sha="f" * 64)]
    seen = study(worse)
    assert opening(seen, cards(seen))[1] == (
        "No method tested on all 3 data sets is within on all of them."
    )


def test_a_sweep_that_bought_seeds_names_its_own_level(paired):
    (card,) = cards(study(paired(GOOD), Plan(adaptive=True)))
    assert "97.5% interval" in text(card)

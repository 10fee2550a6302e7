"""The words of every variant of an answer, each true of the condition it names."""

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.page.answer_cards import cards
from analysis.page.price_words import settled_by
from analysis.page.prose import opening, tally
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.paired_runs import World, ladders, rows
from trainables.result import Phase
from trainables.spec import EACH_EPOCH

RATES = (0.1, 0.3)
CALM = World(n=4000, run_sd=0.001, likeness=0.95)


def made(true, *, seeds=5, world=CALM, control=True, number=0, protocol="continue", plan=None):
    """A run of methods whose true differences at 10 and 30 % are given in pp, random first."""
    rng = np.random.default_rng(number)
    specs = ladders(len(true), RATES, control=control)
    pairs = [
        (replace(spec, protocol=protocol), delta / 100)
        for own, deltas in zip(specs, true, strict=True)
        for spec, delta in zip(own, deltas, strict=True)
    ]
    return study(rows(rng, world, pairs, range(seeds)), plan or Plan(tolerance=1.0))


def only(seen):
    (card,) = cards(seen)
    return card


def text(card):
    return " ".join(card.sentences)


def fact(card, label):
    (found,) = (one for one in card.facts if one.label == label)
    return found


def test_a_method_that_earns_it_is_to_be_dropped_by():
    card = only(made([(0, -0.4), (0.2, 0.9)]))
    assert (card.mark, card.pill) == ("✓", "safe to drop")
    assert card.headline == "Drop 30% of made by made:signal_00: accuracy improved."
    card = only(made([(-0.7, -2.5), (0, 0)]))
    assert card.headline == "Drop 30% of made by made:signal_00: accuracy holds."
    assert text(card).startswith(
        "Sure to 19 in 20, all 2 methods counted: a training that turns to what is left after 15% "
        "of its steps loses less than 1 point. At this rate it beats random by 2."
    )


def test_methods_tried_after_several_warm_ups_are_counted_as_such(paired):
    pairs = [
        row
        for signal in ("keep_one", "random")
        for warmup in (0.05, 0.15)
        for row in paired([0.1, 0.2, 0.15, 0.2, 0.1], signal=signal, warmup=warmup)
    ]
    assert ", all 4 methods and warm-ups counted: " in text(only(study(pairs)))


def test_random_as_good_is_named_instead_of_a_method():
    card = only(made([(0, 0), (0, 0)]))
    assert card.headline == "Drop 30% of made at random: accuracy holds."
    assert "no method is shown to do better than rows drawn by lot" in text(card)


def test_random_that_wins_is_said_to_win():
    card = only(made([(0, 0), (-3, -9), (-3, -9)]))
    assert card.headline == "Drop 30% of made at random, and not by a method: they do worse."
    assert "2 of 2 methods lose more than random does at this rate." in text(card)


def test_one_method_that_loses_is_no_word_about_the_others():
    card = only(made([(0, 0), (-3, -9), (0, 0)]))
    assert card.headline == "Drop 30% of made at random: accuracy holds."
    assert "1 of 2 methods loses more than random does at this rate." in text(card)


def test_without_random_the_method_has_no_credit():
    card = only(made([(0, 0)], control=False))
    assert card.pill == "uncredited"
    assert text(card).endswith("Random was not run, so nobody knows whether the method earns this.")


def test_training_afresh_is_named_where_it_was_run():
    assert "training afresh on what is left loses less" in text(
        only(made([(0, 0), (0, 0)], protocol="restart"))
    )


def test_what_passes_alone_alone_is_promising_and_says_among_how_many():
    for number in range(40):
        card = only(made([(-3, -6)] + [(-0.75, -3)] * 11, number=number))
        if card.answer.state == "promising":
            break
    assert card.headline.startswith("Perhaps 10% of made by made:signal_")
    assert "it is the best of 12 methods" in text(card) and card.pill == "not confirmed"
    # Its price is that of passing with all of them counted.
    alone = replace(card.answer, n_tried=1)
    one, of_all = (settled_by(answer, answer.row) for answer in (alone, card.answer))
    assert (one.rows or 0) < (of_all.rows or math.inf) and one.seeds != of_all.seeds


def test_where_every_cut_costs_more_all_is_kept():
    card = only(made([(-4, -9), (-3, -8)]))
    assert card.headline == "Keep all of made: every cut tested costs more than 1 point."
    assert text(card).startswith("The mildest, 10% by made:signal_00, loses 3")
    assert [one.label for one in card.facts if not one.is_folded] == ["Accuracy", "Hurt most"]


def test_what_is_open_says_what_would_decide_it():
    card = only(made([(-1.9, -5), (-1.7, -5)], seeds=3, world=World(n=1500, run_sd=0.008)))
    assert card.headline == "Not decided: 10% of made may or may not be safe."
    assert "; the line is −1. " in text(card)


def test_on_the_line_no_seeds_are_asked_for():
    for number in range(30):
        card = only(made([(-4, -9), (-1, -5)], number=number))
        if "so close" in text(card):
            break
    assert card.headline == "Not decided: 10% of made lies on the line."
    assert "so close to it that it would take many seeds. Try a smaller cut." in text(card)
    assert fact(card, "Rows").value == "100 of 1,000 would go"


def test_a_model_that_learned_nothing_gives_no_answer():
    card = only(made([(0, 0)], world=replace(CALM, accuracy=0.48)))
    assert card.headline == "No answer: the model has learned nothing that could be lost."
    assert "always saying “a” gives 50.0%" in text(card) and card.facts == ()


def test_a_model_a_little_better_than_that_is_not_called_one_that_learned_nothing():
    card = only(made([(0, 0)], world=World(n=100, accuracy=0.56, run_sd=0.001)))
    assert card.headline.startswith("No answer: the model is not shown to have learned anything")
    assert "5 runs on 100 test rows do not tell the two apart" in text(card)


def test_a_test_set_too_small_to_decide_is_named_before_more_seeds():
    card = only(made([(0, 0)], seeds=2, world=World(n=40, accuracy=0.95, likeness=1.0)))
    assert "More seeds would hardly decide it: the test set is too small to tell" in text(card)


def test_two_seeds_are_a_first_look():
    card = only(made([(-5, -9), *[(0, 0)] * 6], seeds=2, world=replace(CALM, run_sd=0.00001)))
    assert card.headline.startswith("First look: 30% of made by made:signal_")


def test_one_seed_is_told_to_run_more():
    assert "One seed gives no interval: run three or more." in text(only(made([(0, 0)], seeds=1)))


def test_a_data_set_without_a_pair_says_so(result, pruned):
    assert "No finished pair" in text(only(study([result(pruned(), 0.9)])))


def test_the_facts_are_of_the_headlines_condition():
    seen = made([(-0.7, -2.5), (0, 0)])
    card = only(seen)
    cell = card.answer.row.cell
    before, after = (
        100 * np.mean([getattr(pair, arm).accuracy for pair in cell.pairs])
        for arm in ("baseline", "pruned")
    )
    assert fact(card, "Rows").value == "300 of 1,000 go"
    assert fact(card, "Accuracy").value == f"{before:.1f}% → {after:.1f}%"
    assert fact(card, "Trained").value == "tiny" and fact(card, "Trained").detail.startswith(
        "5 seeds"
    )
    changes = [
        np.mean([p.pruned.recall[k] - p.baseline.recall[k] for p in cell.pairs]) for k in (0, 1)
    ]
    assert fact(card, "Hurt most").value.startswith(f"“{'ab'[int(np.argmin(changes))]}”: ")


def test_later_runs_save_only_where_training_afresh_was_measured():
    labels = {
        protocol: {one.label for one in only(made([(0, 0)], protocol=protocol)).facts}
        for protocol in ("continue", "restart")
    }
    assert "This run saves" in labels["continue"] and "Each later run saves" in labels["restart"]
    kept = fact(only(made([(0, 0)])), "This run saves")
    assert kept.detail.endswith("training afresh was not tried")


def test_where_clock_and_count_disagree_the_clock_is_told():
    seen = made([(0, 0)])
    slow = [
        replace(
            row,
            phases={**row.phases, "training": replace(row.phases["training"], seconds=30.0)},
        )
        if not row.spec.is_baseline
        else row
        for row in seen.results
    ]
    told = fact(only(study(slow)), "This run costs more")
    assert "on top of" in told.value
    assert "fewer tokens" in told.detail


@pytest.mark.parametrize(
    ("tokens_of_a_row", "told"), [(10, "20% fewer tokens"), (1, "30% fewer examples")]
)
def test_what_is_counted_is_called_by_its_name(tokens_of_a_row, told):
    seen = made([(0, 0)], protocol="restart")
    full = Phase(seconds=100.0, examples=1000, tokens=1000 * tokens_of_a_row)
    left = 800 * tokens_of_a_row if tokens_of_a_row > 1 else 700
    slow_and_quick = {1: 90.0, 2: 110.0}
    rows = [
        replace(
            row,
            phases={
                "training": full
                if row.spec.is_baseline
                else Phase(
                    seconds=slow_and_quick.get(row.spec.seed, 95.0), examples=700, tokens=left
                )
            },
        )
        for row in seen.results
    ]
    assert fact(only(study(rows)), "Each later run").value == f"trains on {told}"


def test_a_saving_of_a_run_that_goes_on_pays_for_its_scoring():
    seen = made([(0, 0)])
    dear = [
        row
        if row.spec.is_baseline
        else replace(row, phases={**row.phases, "scoring": Phase(seconds=90.0)})
        for row in seen.results
    ]
    labels = [one.label for one in only(study(dear)).facts]
    assert "This run costs more" in labels and "This run saves" not in labels


def test_every_class_that_gains_is_not_called_hurt():
    card = only(made([(0, 0.4), (0.2, 3.0)]))
    assert "Hurt most" not in [one.label for one in card.facts]
    assert fact(card, "Gains least").detail.split()[1] == "fewer"


def test_rows_chosen_anew_each_epoch_are_skipped_and_not_dropped():
    """There is no smaller file to train on: a reader must not go and make one."""
    base = made([(-0.7, -2.5), (0, 0)])
    each = [
        row
        if row.spec.is_baseline
        else replace(row, spec=replace(row.spec, selector=EACH_EPOCH, selector_settings=()))
        for row in base.results
    ]
    card = only(study(each, Plan(tolerance=1.0)))
    assert card.headline == "Skip 30% of made by made:signal_00 each epoch: accuracy holds."
    assert "a training that chooses its rows each epoch after 15% of its steps loses" in text(card)
    assert fact(card, "Rows").value == "about 30% skipped each epoch"
    assert not any(f"{one.value} {one.detail}".endswith(("go", "rows stay")) for one in card.facts)


def test_the_lead_says_what_goes_on_all_data_sets():
    one = made([(0, 0), (0, 0)]).results
    two = [replace(row, spec=replace(row.spec, dataset="other", data_sha="e" * 64)) for row in one]
    seen = study([*one, *two], Plan(tolerance=1.0))
    sentences = opening(seen, cards(seen))
    assert "go on from their warm-up mark" in sentences[1]
    # Random goes as far as the method beside it, and costs nothing.
    assert sentences[2] == "On both data sets at once 30% can go at random, all methods counted."
    assert sentences[3] == "2 of 2 data sets are shown to be able to shrink."


def test_the_tally_counts_every_verdict_and_warns_of_means_that_passed():
    seen = made([(0, 0), (-4, -9)])
    words = [row.verdict.verdict for row in seen.rows]
    assert tally(seen).startswith(
        f"4 of 4 conditions judged, 5 seeds each: {words.count('within')} within, "
        f"{words.count('outside')} outside, {words.count('inconclusive')} inconclusive."
    )
    assert "Means of conditions chosen because they passed are high" in tally(seen)


def test_an_empty_study_has_no_cards():
    assert cards(study([])) == []


def test_an_answer_of_a_part_of_the_rows_says_so(paired):
    plan = Plan(notes=("imdb: limited to 1,200 of 4,460 train rows",), limited=True)
    (card,) = cards(study(paired([-0.1, 0.0, 0.1]), plan))
    assert card.warnings == (
        "Tried on 1,200 of 4,460 training rows: answer and file are of these.",
    )
    (whole,) = cards(
        study(paired([-0.1, 0.0, 0.1]), Plan(notes=("imdb: limited to 9 of 99 test rows",)))
    )
    assert whole.warnings == ()

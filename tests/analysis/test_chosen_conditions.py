"""Which condition is pruned: the answer's, or one that is named and within by itself; else it says why not."""

from dataclasses import replace

import pytest

from analysis.chosen_conditions import chosen_condition
from analysis.run_files import Plan
from analysis.study import study
from tests.analysis.test_answers import made
from trainables.errors import GATE, NotShownError, UsageError

# Random is outside at both rates; 00 passes at both; 01 at the first alone.
TRUE = [(-3, -6), (0, 0.2), (0, -5)]


@pytest.fixture(scope="module")
def seen():
    return made(TRUE)


def of(chosen):
    condition = chosen.row.cell.condition
    return condition.signal, condition.rate


def test_without_a_name_it_is_the_answer_s(seen):
    chosen = chosen_condition(seen)
    assert of(chosen) == ("made:signal_00", 0.3)
    assert chosen.is_answer and chosen.is_shown
    assert "Drop 30%" in chosen.said


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"method": "made:signal_01"}, ("made:signal_01", 0.1)),
        ({"method": "made:signal_00"}, ("made:signal_00", 0.3)),
        ({"method": "made:signal_00", "rate": 0.1}, ("made:signal_00", 0.1)),
        ({"rate": 0.1}, ("made:signal_00", 0.1)),
    ],
)
def test_a_named_condition_is_within_by_itself(seen, asked, expected):
    chosen = chosen_condition(seen, **asked)
    assert of(chosen) == expected and chosen.is_shown
    assert chosen_condition(seen, method=chosen.method_text, rate=expected[1]).row == chosen.row


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "random"},
        {"method": "random", "rate": 0.3},
        {"method": "made:signal_01", "rate": 0.3},
    ],
)
def test_what_is_not_within_is_refused_with_what_is_and_chosen_anyway(seen, asked):
    with pytest.raises(NotShownError) as refused:
        chosen_condition(seen, **asked, hint="A hint.")
    said = str(refused.value)
    assert refused.value.exit_code == GATE and said.endswith("A hint.") and "\n" not in said
    assert "loses more" in said and "--method 'made:signal_00:global' --rate 0.3" in said
    chosen = chosen_condition(seen, **asked, anyway=True)
    assert not chosen.is_shown and not chosen.is_answer


def test_where_nothing_is_within_the_closest_is_chosen_anyway():
    seen = made([(-3, -6), (-4, -5)])
    with pytest.raises(NotShownError, match="No other condition of it is within"):
        chosen_condition(seen)
    assert not chosen_condition(seen, anyway=True).is_shown


def test_what_fresh_seeds_have_still_to_confirm_goes_on_by_its_sweep(seen):
    plan = replace(
        seen.plan, candidates={seen.rows[0].cell.condition.source.data_sha: 6}, command="sweep it"
    )
    waiting = study(seen.results, plan)
    with pytest.raises(NotShownError, match="Its sweep goes on with it: sweep it"):
        chosen_condition(waiting)
    # Named beforehand it is tested by itself.
    assert chosen_condition(waiting, method="made:signal_00").is_shown


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"dataset": "mad"}, r"has no data set 'mad'; it has 'made'.* Did you mean 'made'"),
        ({"rate": 0.2}, r"no condition of rate 0\.2 .*it was run at 0\.1, 0\.3"),
        ({"method": "made:signal_02"}, "is no method of"),
        ({"method": "made:signal_01", "rate": 0.9}, r"by Made.*|no condition of rate 0\.9"),
    ],
)
def test_what_is_not_there_is_refused_by_its_name(seen, asked, said):
    with pytest.raises(UsageError, match=said):
        chosen_condition(seen, **asked)


def test_of_several_data_sets_one_is_named(seen):
    other = [
        replace(row, spec=replace(row.spec, dataset="other", data_sha="o")) for row in seen.results
    ]
    both = study([*seen.results, *other], Plan(tolerance=1.0))
    with pytest.raises(UsageError, match=r"has 2 data sets.*--dataset with one of"):
        chosen_condition(both)
    assert chosen_condition(both, dataset="other").source.data_sha == "o"


def test_a_policy_that_chooses_anew_each_epoch_leaves_no_list(seen):
    policy = [
        replace(row, spec=replace(row.spec, signal="infobatch", selector="each_epoch", settings=()))
        if row.spec.signal == "made:signal_00"
        else row
        for row in seen.results
    ]
    with pytest.raises(UsageError, match=r"anew each epoch and leaves no list.*'random:global'"):
        chosen_condition(study(policy, Plan(tolerance=1.0)), anyway=True)


def test_of_a_run_without_trials_nothing_is_chosen():
    with pytest.raises(NotShownError, match="no trial has run yet"):
        chosen_condition(study([], Plan()))

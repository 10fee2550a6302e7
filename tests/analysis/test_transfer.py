"""What a small model decides, held against a large one."""

import json
from dataclasses import replace

import pytest
from scipy.stats import beta
from typer.testing import CliRunner

from analysis.methods import condition_of
from analysis.study import study
from analysis.table import Format, app
from analysis.transfer import transfer_rows
from analysis.wording import method_labels
from trainables.records import to_json
from trainables.result import Phase
from trainables.training_settings import Scorer

SMALL = {"model": "small", "model_sha": "s" * 64, "learner": "linear", "protocol": "restart"}
BIG = {"protocol": "restart"}
SCORER = Scorer(learner="linear", model="small", model_sha="s" * 64)
WITHIN, OUTSIDE, OPEN = (
    [-0.1, 0.0, -0.2, 0.1, 0.0], [-5.0, -5.1, -4.9, -5.0, -5.2], [-1.0, -0.2, -1.8, -0.6, -1.5],
)  # fmt: skip


def by_rate(rows, basis, decision):
    (found,) = (r for r in rows if (r["basis"], r["decision"]) == (basis, decision))
    return found["n"], found["holds"], found["contradicts"], found["open"]


@pytest.fixture
def both(paired):
    """Rows of both models; of each the differences at 10, 30 and 50 %."""

    def make(small, big, **more):
        rows = []
        for deltas, fields in ((small, SMALL), (big, BIG | more)):
            for rate, own in zip((0.1, 0.3, 0.5), deltas, strict=True):
                rows += paired(own, rate=rate, **fields)
        # The small model's full-data runs are the quicker ones.
        quick = {"training": Phase(seconds=1.0, examples=3000, tokens=30000)}
        rows = [
            replace(row, phases=row.phases | quick)
            if row.spec.is_baseline and row.spec.model == "small"
            else row
            for row in rows
        ]
        return list({row.spec.result_key: row for row in rows}.values())

    return make


def test_decisions_of_the_same_conditions_are_counted_one_by_one(both):
    rows = both((WITHIN, WITHIN, OUTSIDE), (WITHIN, OUTSIDE, OPEN))
    found = list(transfer_rows(study(rows)))
    assert {(row["small"], row["big"]) for row in found} == {("small", "tiny")}
    assert by_rate(found, "same conditions", "verdict") == (3, 1, 1, 1)
    # 30 % is the small model's largest safe rate, and outside for the large one.
    assert by_rate(found, "same conditions", "safe rate") == (1, 0, 1, 0)
    assert by_rate(found, "same conditions", "against random") == (0, 0, 0, 0)


def test_a_safe_rate_holds_where_the_large_model_goes_as_far_or_farther(both):
    found = list(transfer_rows(study(both((WITHIN, OPEN, OUTSIDE), (WITHIN, WITHIN, OPEN)))))
    assert by_rate(found, "same conditions", "safe rate") == (1, 1, 0, 0)


def test_what_is_not_decided_for_the_large_model_is_open_and_does_not_count_as_held(both):
    found = list(transfer_rows(study(both((WITHIN, WITHIN, OUTSIDE), (OPEN, OPEN, OPEN)))))
    assert by_rate(found, "same conditions", "verdict") == (3, 0, 0, 3)
    assert by_rate(found, "same conditions", "safe rate") == (1, 0, 0, 1)


def test_the_interval_is_the_exact_binomial_one(both):
    found = list(transfer_rows(study(both((WITHIN, WITHIN, OUTSIDE), (WITHIN, OUTSIDE, OUTSIDE)))))
    row = found[0]
    assert (row["decision"], row["n"], row["holds"]) == ("verdict", 3, 2)
    assert row["share_low"] == pytest.approx(beta.ppf(0.05, 2, 2))
    assert row["share_high"] == pytest.approx(beta.ppf(0.95, 3, 1))


def test_scores_of_the_small_model_used_for_the_large_one_are_a_basis_of_their_own(both, paired):
    # The warm-up of both is 15 % of the small model's run.
    rows = both((WITHIN, WITHIN, OUTSIDE), (WITHIN, OUTSIDE, OUTSIDE), scorer=SCORER)
    own = paired(WITHIN, rate=0.1, warmup=0.5, **BIG)
    found = list(transfer_rows(study(rows)))
    assert {row["basis"] for row in found} == {"small scores used"}
    assert by_rate(found, "small scores used", "verdict") == (3, 2, 1, 0)
    assert {row["big_seconds"] for row in found} == {None}
    found = list(transfer_rows(study([*rows, *own])))
    assert by_rate(found, "same conditions", "verdict") == (1, 1, 0, 0)
    assert by_rate(found, "scores replaced", "verdict") == (1, 1, 0, 0)
    # Five warm-ups of half a run of 100 s, and five passes of 10 s, each of a seed of its own.
    replaced = next(row for row in found if row["basis"] == "scores replaced")
    assert replaced["big_seconds"] == pytest.approx(5 * (50 + 10))
    assert replaced["small_seconds"] == pytest.approx(5 * (15 + 10))


def test_better_than_random_is_a_decision(both, paired):
    rows = both((WITHIN, WITHIN, OUTSIDE), (WITHIN, OUTSIDE, OUTSIDE))
    for fields in (SMALL, BIG):
        rows += paired([-3.0, -3.1, -2.9, -3.0, -3.1], rate=0.1, signal="random", **fields)
    found = list(transfer_rows(study(list({r.spec.result_key: r for r in rows}.values()))))
    assert by_rate(found, "same conditions", "against random") == (1, 1, 0, 0)


def test_one_model_has_nothing_to_transfer(small_run):
    assert list(transfer_rows(study(small_run))) == []


def test_the_table_of_one_model_says_what_to_give(small_run, both, tmp_path):
    def written(name, rows):
        (tmp_path / name / "trials").mkdir(parents=True)
        for row in rows:
            path = tmp_path / name / "trials" / f"{row.spec.result_key}.json"
            path.write_text(to_json(row), encoding="utf-8")
        return str(tmp_path / name)

    one = written("one", small_run)
    refused = CliRunner().invoke(app, [one, "--what", "transfer"])
    assert refused.exit_code == 2 and "no two models to compare" in refused.stderr
    rows = both((WITHIN,) * 3, (WITHIN,) * 3)
    runs = [written(n, [r for r in rows if r.spec.model == n]) for n in ("small", "tiny")]
    for form in Format:
        shown = CliRunner().invoke(app, [*runs, "--what", "transfer", "--format", form.value])
        assert shown.exit_code == 0 and "same conditions" in shown.stdout
    shown = CliRunner().invoke(app, [*runs, "--what", "transfer", "--format", "json"])
    assert json.loads(shown.stdout)[0]["holds"] == 3


def test_a_method_says_who_scored_its_rows(pruned):
    method = condition_of(pruned(protocol="restart", scorer=SCORER)).method
    assert method_labels([method])[method] == "Redundancy (global), scored by small"


def test_a_condition_scored_by_another_is_held_against_random_of_no_warm_up(pruned):
    scored = condition_of(pruned(protocol="restart", scorer=SCORER, warmup=0.5))
    control = condition_of(pruned(protocol="restart", signal="random", warmup=0.0))
    assert scored.control_key == control.control_key
    assert scored.question == control.question

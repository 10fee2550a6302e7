"""What runs cost and when a study has paid: by hand, by row, and in words."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t
from typer.testing import CliRunner

from analysis.answers import answer_of
from analysis.cost import sweep_cost
from analysis.envelope import JudgedCell
from analysis.money import cheapest, dollars, money_values, retraining, spent_on
from analysis.page.answer_facts import facts
from analysis.page.figures.breakeven import break_even_data
from analysis.page.money_words import pays_text, study_sentences
from analysis.pricing import Pricing, price_of, pricing_of
from analysis.report import app as report_app
from analysis.study import study
from analysis.table import app as table_app
from analysis.table_rows import cost_rows
from trainables.errors import DataError, UsageError
from trainables.records import to_json
from trainables.result import Phase

SEEDS = (1, 2, 3, 4, 5)
FULL_S, PRUNED_S = (100.0, 104.0, 96.0, 101.0, 99.0), (70.0, 72.0, 69.0, 71.0, 68.0)


@pytest.fixture(scope="module")
def made(result, pruned):
    """Full and pruned runs afresh of five seeds, with seconds of their own."""

    def make(
        full=FULL_S, short=PRUNED_S, *, device="cpu x86_64 avx2", delta=0.0, joules=None, **more
    ):
        rows = []
        for seed, whole, part in zip(SEEDS, full, short, strict=False):
            spec = pruned(seed, 0.3, protocol="restart", **more)
            same = {"environment": {"torch": "2", "device": device}, "host": "one"}
            phases = {
                "warmup": Phase(seconds=15.0, examples=450),
                "scoring": Phase(seconds=5.0, examples=1000, joules=joules and 50.0),
                "training": Phase(seconds=part, examples=2100, joules=joules and 7 * part),
                "evaluation": Phase(seconds=1.0),
            }
            training = Phase(seconds=whole, examples=3000, joules=joules and 7 * whole)
            rows.append(
                result(
                    spec.baseline, 0.9, **same,
                    phases={"training": training, "evaluation": Phase(seconds=1.0)},
                )
            )  # fmt: skip
            rows.append(result(spec, 0.9 + delta / 100, **same, phases=phases))
        return study(rows)

    return make


def told_of(seen, price=None, accelerators=1.0):
    return replace(seen, pricing=Pricing(dollars_per_hour=price, accelerators=accelerators))


def spent_of(seen):
    (source,) = seen.sources
    return spent_on(seen, source)


def again(seen):
    return retraining(seen.rows[0], spent_of(seen))


def values_of(seen):
    return money_values(seen.pricing, seen.rows[0], spent_of(seen))


def test_a_study_pays_after_what_it_took_over_what_a_run_saves(made):
    seen = made()
    one = again(seen)
    spent = sum(FULL_S) + sum(PRUNED_S) + 10 * 1.0 + 5 * 5.0
    assert one.sweep_s == pytest.approx(spent)
    saved = np.subtract(FULL_S, PRUNED_S)
    assert one.saved_s == pytest.approx(saved.mean())
    half = t.ppf(0.95, 4) * saved.std(ddof=1) / math.sqrt(5)
    assert (one.saved_low_s, one.saved_high_s) == pytest.approx(
        (saved.mean() - half, saved.mean() + half)
    )
    assert one.pays_from == math.ceil(spent / saved.mean())
    assert one.pays_least == math.ceil(spent / (saved.mean() + half))
    assert one.pays_most == math.ceil(spent / (saved.mean() - half))
    # So many runs save as much as was spent, and one less does not.
    assert (one.pays_from - 1) * one.saved_s < spent <= one.pays_from * one.saved_s


def test_dollars_are_seconds_times_the_price_of_an_hour(made):
    seen = told_of(made(), 3.6)
    values = values_of(seen)
    assert values["dollars_full"] == pytest.approx(0.001 * np.mean(FULL_S))
    assert values["dollars_pruned"] == pytest.approx(0.001 * np.mean(PRUNED_S))
    assert values["dollars_scoring"] == pytest.approx(0.001 * 20.0, rel=0.01)
    assert values["dollars_sweep"] == pytest.approx(0.001 * values["sweep_seconds"])
    bare = values_of(made())
    assert bare["dollars_full"] is None and bare["pays_from_runs_with_sweep"] is not None


def test_half_an_accelerator_costs_half_and_cores_cost_the_whole_price(made):
    on_gpu, on_cpu = made(device="cuda 12.4 NVIDIA H200"), made()
    shares = [values_of(told_of(one, 3.6, 0.5))["dollars_full"] for one in (on_gpu, on_cpu)]
    assert shares == pytest.approx([0.0005 * np.mean(FULL_S), 0.001 * np.mean(FULL_S)])


def test_seconds_of_unlike_devices_have_no_common_price(made):
    one, other = made(), made(device="cuda 12.4 NVIDIA H200")
    rows = (*one.results, *(replace(r, host="two") for r in other.results))
    seen = told_of(study(rows), 2.5)
    assert all(row["dollars_full"] is None for row in cost_rows(seen))
    (text,) = study_sentences(seen)
    assert "unlike devices, whose seconds are not one price: cpu x86_64; NVIDIA H200" in text
    assert "$" not in text


@pytest.mark.parametrize(
    ("short", "words"),
    [
        ((101.0, 104.0, 97.0, 102.0, 99.0), "never pays by the clock"),
        # Slower by the mean, which the seeds do not agree on.
        ((103.0, 101.0, 97.0, 104.0, 100.0), "is not shown to pay: the seeds show no sure saving"),
        ((70.0, 104.5, 60.0, 130.0, 99.0), "is not shown to pay: the seeds show no sure saving"),
        ((70.0,), "is not shown to pay: one seed shows no sure saving"),
        (PRUNED_S, "pays after 30 (28 to 32) retrainings on the rows that stay"),
    ],
)
def test_what_is_not_saved_never_pays_and_no_number_is_below_zero_or_infinite(made, short, words):
    seen = made(short=short)
    one = again(seen)
    assert words in pays_text(one)
    numbers = [v for v in values_of(seen).values() if v is not None]
    assert all(0 <= value < math.inf for value in numbers)
    (data,) = break_even_data(seen)
    assert pays_text(one) in data.caption
    shown = data.table.rows[0][-1]
    assert shown == (one.pays_from if one.is_shown else None)


def test_where_the_warm_run_went_on_no_later_run_was_tried(paired):
    seen = study(paired([0.0] * 5))
    assert again(seen) is None
    assert values_of(seen)["pays_from_runs_with_sweep"] is None
    (text,) = study_sentences(seen)
    assert "No condition that trains afresh is within" in text


def test_a_list_costs_the_mean_of_its_seconds_whatever_the_full_runs_took(made):
    one = again(made(full=(50.0, 200.0, 100.0, 100.0, 100.0)))
    assert one.list_s == pytest.approx(15.0 + 5.0)


def test_the_cheapest_is_the_quickest_that_is_within(made):
    slow, quick = made(), made(short=(50.0, 51.0, 49.0, 50.0, 50.0), signal="keep_one")
    outside = made(short=(5.0,) * 5, signal="el2n", delta=-9.0)
    rows = {row.spec.result_key: row for s in (slow, quick, outside) for row in s.results}
    seen = told_of(study(rows.values()), 2.5)
    (source,) = seen.sources
    row, one = cheapest(seen, source, spent_of(seen))
    assert row.cell.condition.signal == "keep_one" and one.pruned_s == 50.0
    (text,) = study_sentences(seen)
    assert (
        "removes 30% by Keep one (global): a run takes 50.0 s ($0.03), on all rows 1.7 min ($0.07)"
        in text
    )
    assert "at $2.50 an hour of the cores that one trial computes with" in text


def test_a_studys_seconds_are_those_of_its_rows_on_that_data_alone(small_run):
    seen = study(small_run)
    for source in seen.sources:
        own = [row for row in small_run if row.spec.data_sha == source.data_sha]
        assert spent_on(seen, source).seconds == sweep_cost(own).seconds
    assert sum(spent_on(seen, one).seconds for one in seen.sources) == pytest.approx(
        sweep_cost(small_run).seconds
    )


def test_the_card_says_in_its_one_line_when_the_study_has_paid(made):
    seen = told_of(made(), 2.5)
    answer = answer_of(seen, next(iter(seen.sources)))
    (saves,) = [one for one in facts(seen, answer) if one.label == "Each later run saves"]
    assert saves.value == "30.0 s of 1.7 min ($0.02)"
    (study_pays,) = [one for one in facts(seen, answer) if one.label == "This study"]
    assert study_pays.value == "pays after 30 (28 to 32) retrainings"
    assert study_pays.detail == "it cost $0.61"


@pytest.mark.parametrize("joules", [None, True])
def test_energy_is_told_where_a_counter_was_read_and_nowhere_else(made, joules):
    seen = made(joules=joules)
    values = values_of(seen)
    (text,) = study_sentences(seen)
    if joules is None:
        assert {values[name] for name in values if name.startswith("joules")} == {None}
        assert text.endswith("Energy: not measured.")
        return
    assert values["joules_full"] == pytest.approx(7 * np.mean(FULL_S))
    assert values["joules_pruned"] == pytest.approx(7 * np.mean(PRUNED_S))
    assert values["joules_scoring"] == 50.0
    assert text.endswith("training takes 490 J, on all rows 700 J.")
    shared = told_of(seen, None, 0.5)
    assert values_of(shared)["joules_full"] is None


def test_one_seed_without_a_counter_leaves_energy_unknown(made):
    seen = made(joules=True)
    first = seen.rows[0].cell.pairs[0]
    phases = dict(first.pruned.phases)
    phases["training"] = replace(phases["training"], joules=None)
    pairs = (
        replace(first, pruned=replace(first.pruned, phases=phases)),
        *seen.rows[0].cell.pairs[1:],
    )
    row = JudgedCell(replace(seen.rows[0].cell, pairs=pairs), seen.rows[0].verdict)
    assert money_values(seen.pricing, row, spent_of(seen))["joules_pruned"] is None


BAD = ("0", "-1", "nan", "inf", "2,5", "2_5", "free", "")


@pytest.mark.parametrize("text", BAD)
def test_a_price_that_is_none_is_refused_in_one_line(text):
    with pytest.raises(UsageError, match=r"--gpu-price is .*such as --gpu-price 2\.5") as error:
        price_of(text)
    assert "\n" not in str(error.value)


@pytest.fixture
def run(made, tmp_path):
    (tmp_path / "trials").mkdir()
    for row in made().results:
        (tmp_path / "trials" / f"{row.spec.result_key}.json").write_text(to_json(row))
    return tmp_path


def told_by_sweep(folder, **options):
    (folder / "options.json").write_text(json.dumps({"folder": "/", "options": options}))


@pytest.mark.parametrize("command", [report_app, table_app])
@pytest.mark.parametrize("text", ["2,5", "0"])
def test_commands_refuse_a_bad_price_and_write_nothing(command, text, run):
    before = sorted(run.iterdir())
    found = CliRunner().invoke(command, [str(run), "--gpu-price", text])
    assert found.exit_code == 2 and f"--gpu-price is '{text}'" in found.output
    assert sorted(run.iterdir()) == before


def test_a_price_changes_the_table_of_costs_and_no_verdict(run):
    def table(*more):
        found = CliRunner().invoke(table_app, [str(run), "--format", "json", *more])
        assert found.exit_code == 0
        return json.loads(found.output)

    (cost,) = table("--what", "cost", "--gpu-price", "3.6")
    assert cost["dollars_full"] == pytest.approx(0.1)
    assert table("--what", "envelope", "--gpu-price", "3.6") == table("--what", "envelope")


def test_the_price_of_the_sweep_is_recorded_and_one_asked_for_counts_first(run, tmp_path):
    assert pricing_of([run]) == Pricing()
    told_by_sweep(run, gpu_price="2.5", gpus_per_trial=0.5)
    assert pricing_of([run]) == Pricing(dollars_per_hour=2.5, accelerators=0.5)
    assert pricing_of([run], 4.0).dollars_per_hour == 4.0
    other = tmp_path / "other"
    other.mkdir()
    told_by_sweep(other, gpu_price="3", gpus_per_trial=0.5)
    with pytest.raises(UsageError, match=r"told 2\.5 and 3 dollars an hour"):
        pricing_of([run, other])
    assert pricing_of([run, other], 1.0).dollars_per_hour == 1.0
    told_by_sweep(other, gpus_per_trial=1.0)
    with pytest.raises(UsageError, match=r"0.5 and 1 accelerators \(--gpus-per-trial\)"):
        pricing_of([run, other])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "holds no JSON"),
        ("[]", "holds no JSON object"),
        ('{"options": {"gpu_price": "2,5"}}', "no options that a sweep wrote"),
        ('{"options": 3}', "no options that a sweep wrote"),
    ],
)
def test_a_damaged_record_of_options_is_named(run, text, said):
    (run / "options.json").write_text(text)
    with pytest.raises(DataError, match=rf"options\.json: {said}"):
        pricing_of([run])


def test_dollars_of_nothing_told_are_none(made):
    seen = made()
    assert dollars(Pricing(), spent_of(seen).clock, 10.0) is None

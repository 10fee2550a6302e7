import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis import frames
from analysis.cost import mean_cost
from analysis.interim_looks import LOOK_ALPHAS
from analysis.report import write_report
from analysis.run_files import Plan
from analysis.safe_rates import safe_rate
from analysis.study import study
from analysis.table import Format, What, app, written
from analysis.table_rows import COLUMNS, IN_UNIT, TABLES
from trainables.records import to_json
from trainables.result import PHASES, Phase

OLD_NAMES = {
    "data set", "data_set", "trial", "mean_pp", "delta_pp", "low_pp", "high_pp", "sd_pp",
    "this_test_set_low_pp", "this_test_set_high_pp", "test_low_pp", "test_high_pp", "run_sd_pp",
    "v_test_pp2", "p_within", "p_any", "p_any_holm", "tolerance_pp", "minus_random_pp",
    "minus_random_low_pp", "minus_random_high_pp", "p_holm", "is_null", "finding", "bias_pp",
    "recall_delta_pp", "recall_low_pp", "recall_high_pp", "run_sd", "df", "pooled",
}  # fmt: skip

# Tables that name of a condition only what they need.
OWN_CONDITION = ("transfer", "average", "contrasts", "leaders")


@pytest.fixture
def seen(small_run):
    return study(small_run)


# What else the command prints is no table of rows that files and frames share.
FRAMES = [What(name) for name in TABLES]


@pytest.fixture
def run(small_run, tmp_path):
    """The same as a run's folder."""
    (tmp_path / "trials").mkdir()
    for row in small_run:
        path = tmp_path / "trials" / f"{row.spec.result_key}.json"
        path.write_text(to_json(row), encoding="utf-8")
    return tmp_path


def documented():
    """The columns of each table as docs/files.md lists them."""
    text = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
    names = re.compile(r"`([a-z_0-9]+|PHASE_[a-z_]+)`")
    of_all = re.search(r"\*\*The condition\*\*:(.*?)\n\n", text, re.DOTALL).group(1)
    of_all = set(names.findall(re.sub(r"\(.*?\)", "", of_all, flags=re.DOTALL)))
    tables = {}
    for what, _, columns in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", text, re.MULTILINE):
        own = {name.replace("PHASE", phase) for name in names.findall(columns) for phase in PHASES}
        lacks = {
            "verdicts": {"rate"}, "slopes": {"rate"}, **dict.fromkeys(OWN_CONDITION, of_all),
        }.get(what, set())  # fmt: skip
        tables[what] = own | of_all - lacks
    return tables


@pytest.mark.parametrize("what", FRAMES)
def test_a_frame_has_exactly_the_documented_columns(what, seen):
    frame = getattr(frames, what.value)(seen)
    assert set(frame.columns) == documented()[what.value]
    assert [set(row) for row in TABLES[what.value](seen)] == [set(frame.columns)] * len(frame)


@pytest.mark.parametrize("what", FRAMES)
def test_no_name_of_before_is_left(what):
    # Of signals it is against_random; a contrast has no other.
    fits = {"finding"} if what is What.CONTRASTS else set()
    assert not set(COLUMNS[what.value]) & (OLD_NAMES - fits)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in COLUMNS[what.value])


def test_columns_in_the_unit_stand_in_tables_that_name_it():
    for columns in COLUMNS.values():
        assert not IN_UNIT & set(columns) or "unit" in columns
    assert set().union(*COLUMNS.values()) >= IN_UNIT


def test_a_trial_and_its_condition_name_the_same_in_the_same_words(seen):
    trials, envelope = frames.load_run(seen), frames.envelope(seen)
    names = COLUMNS["verdicts"]
    shared = [*names[: names.index("warmup") + 1], "rate"]
    pruned = trials[trials["kind"] == "pruned"][shared].drop_duplicates()
    assert sorted(map(tuple, pruned.to_numpy())) == sorted(map(tuple, envelope[shared].to_numpy()))


def test_the_files_hold_what_the_frames_hold(run, seen):
    write_report(run)
    frame, table = frames.load_run(run), pd.read_parquet(run / "trials.parquet")
    assert list(table.columns) == [*frame.columns, "row"]
    assert table["delta"].equals(frame["delta"])
    assert table["settings"].tolist() == frame["settings"].tolist()
    envelope, text = frames.envelope(run), pd.read_csv(run / "envelope.csv")
    assert list(text.columns) == list(envelope.columns)
    assert text["random_delta"].tolist() == pytest.approx(envelope["random_delta"], nan_ok=True)


def test_a_run_is_one_row_a_trial_with_its_difference(seen, small_run):
    frame = frames.load_run(seen)
    assert len(frame) == len(small_run)
    assert frame["delta"].isna().sum() == (frame["signal"] == "").sum()
    pair = seen.rows[0].cell.pairs[0]
    (own,) = frame[frame["result_key"] == pair.pruned.spec.result_key].to_dict("records")
    assert own["delta"] == pytest.approx(pair.delta)
    assert own["training_examples"] == pair.pruned.phases["training"].examples
    assert own["flop"] > 0 and own["device"] == "cpu"


def test_the_envelope_has_each_conditions_verdict_and_interval(seen):
    frame = frames.envelope(seen)
    assert len(frame) == len(seen.rows)
    for (cell, verdict), (_, row) in zip(seen.rows, frame.iterrows(), strict=True):
        assert (row["verdict"], row["rate"]) == (verdict.verdict, cell.condition.rate)
        assert row["low"] == pytest.approx(verdict.low)
        assert row["test_high"] == pytest.approx(verdict.test_high)
    assert frame["delta"].dtype == float
    assert frame["equivalent"].dtype == bool
    assert (frame["alpha"] == 0.05).all() and (frame["diverged_seeds"] == "").all()


def test_the_envelope_has_the_level_of_each_look_and_names_runs_that_diverged(paired):
    rows = paired([0.1, 0.0, -0.1, 0.1, -15.0]) + paired([0.1, 0.0, -0.1, 0.2], rate=0.2)
    (first, second) = frames.envelope(study(rows, Plan(adaptive=True))).to_dict("records")
    assert (first["alpha"], second["alpha"]) == (LOOK_ALPHAS[1], LOOK_ALPHAS[0])
    assert (first["diverged_seeds"], second["diverged_seeds"]) == ("5", "")
    assert (first["n_seeds"], second["seeds"]) == (5, "1 2 3")


def test_a_full_data_run_that_diverged_is_a_note_of_its_condition(paired, result, pruned):
    rows = paired([0.1, 0.0, -0.1, 0.1, 0.2], accuracy=0.898)
    fell = [result(r.spec, 0.752) if r.spec == pruned(4).baseline else r for r in rows]
    (row,) = frames.envelope(study(fell)).to_dict("records")
    assert row["notes"] == "seed 4: the full-data run diverged (75.2% against 89.8%)"
    assert (row["seeds"], row["diverged_seeds"], row["n_planned"]) == ("1 2 3 5", "", 5)


def test_whole_numbers_stay_whole_where_one_is_not_known(paired, result, pruned):
    open_cell = paired([0.3, -2.9, -2.2, -1.9, -2.1], rate=0.3)
    csv = written(study([*open_cell, result(pruned(7, 0.1), 0.9)]), "envelope", "csv")
    found = pd.read_csv(StringIO(csv), dtype=str)["more_seeds"]
    assert found.isna().tolist() == [True, False] and found.iloc[1].isdigit()


def test_a_condition_without_a_pair_says_why(result, pruned):
    (row,) = frames.envelope(study([result(pruned(), 0.9)])).to_dict("records")
    assert row["verdict"] is None or pd.isna(row["verdict"])
    assert row["more_reason"] == "seed 1: no full-data baseline"


def test_verdicts_say_how_much_can_go_and_what_that_saves(seen):
    frame = frames.verdicts(seen)
    assert len(frame) == 2 * 3
    own = frame[(frame["dataset"] == "imdb") & (frame["signal"] == "redundancy")].iloc[0]
    rows = [r for r in seen.rows if r.cell.condition.dataset == "imdb"]
    rows = [r for r in rows if r.cell.condition.signal == "redundancy"]
    safe = safe_rate((r.cell.condition.rate, r.verdict) for r in rows)
    assert (own["tested_rate"], own["low_rate"]) == (safe.tested, safe.low)
    assert own["p_none_within_holm"] >= own["p_none_within"]
    assert own["saved_net_5"] == pytest.approx(mean_cost(rows[0].cell, "tokens").saved_net(5))
    (at,) = [r for r in rows if r.cell.condition.rate == safe.tested]
    assert own["against_random"] == seen.comparisons[at.cell.condition].finding


def test_a_method_shown_to_be_better_is_said_to_be(paired):
    rows = paired([0.1, 0.0, -0.1, 0.1, 0.2])
    rows += paired([-2.1, -2.0, -2.2, -1.9, -2.0], signal="random")
    own = frames.verdicts(study(rows)).set_index("signal")
    assert own.loc["redundancy", "against_random"] == "better"
    assert pd.isna(own.loc["random", "against_random"])


def test_signals_are_held_against_random(seen):
    frame = frames.signals(seen)
    assert set(frame["signal"]) == {"redundancy", "keep_one"}
    assert frame["random_delta"].round(2).isin([0.3, 0.6]).all()


def test_bias_is_one_row_a_class(seen):
    frame = frames.bias(seen)
    assert len(frame) == 2 * len(seen.rows)
    assert set(frame["class"]) == {"negative", "positive"}
    assert (frame["bias"].abs() < 1e-9).all()


def test_cost_says_what_is_saved_and_from_when_it_pays(seen):
    frame = frames.cost(seen)
    own = frame[(frame["rate"] == 0.1) & (frame["signal"] == "redundancy")].iloc[0]
    assert own["measure"] == "tokens"
    assert own["scoring_share"] == pytest.approx(1 / 9)
    assert own["scoring_seconds_share"] == pytest.approx(10 / 100)
    assert own["saved_gross"] == pytest.approx(0.085, abs=1e-3)
    assert own["saved_net_1"] == pytest.approx(0.085 - 1 / 9, abs=1e-3)
    assert own["pays_from_epochs"] == pytest.approx(1 / (3 * 0.1 * 0.85))


def test_what_was_never_scored_pays_from_the_start(paired):
    rows = [replace(row, phases={**row.phases, "scoring": Phase()}) for row in paired([0.1, -0.1])]
    frame = frames.cost(study(rows))
    assert frame["pays_from_epochs"].tolist() == [0.0]


def test_nothing_pruned_is_marked_and_never_a_method(paired):
    null = {"signal": "null", "selector": "each_epoch", "rate": 0.0}
    rows = paired([0.1, 0.0, -0.1]) + paired([0.0, 0.1, -0.1], **null)
    seen = study(list({row.spec.result_key: row for row in rows}.values()))
    assert frames.envelope(seen)["kind"].tolist() == ["pruned", "null"]
    assert len(frames.verdicts(seen)) == 1
    assert len(frames.load_run(seen)) == 9


def test_a_folder_gives_what_its_study_gives(run, seen):
    assert frames.envelope(run).equals(frames.envelope(seen))
    assert frames.envelope(str(run)).equals(frames.envelope([run]))


def shown(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


# One model has nothing to transfer: test_transfer.py writes that table.
@pytest.mark.parametrize("what", [what for what in FRAMES if what is not What.TRANSFER])
@pytest.mark.parametrize("form", Format)
def test_every_table_is_written_in_every_form(run, seen, what, form):
    ended = shown(run, "--what", what.value, "--format", form.value)
    assert ended.exit_code == 0
    n = len(getattr(frames, what.value)(seen))
    if form == Format.CSV:
        assert len(pd.read_csv(StringIO(ended.output))) == n
    elif form == Format.JSON:
        assert len(json.loads(ended.output)) == n
    elif form == Format.MD:
        lines = ended.output.strip().splitlines()
        assert len(lines) == n + 2
        assert len({line.count("|") for line in lines}) == 1
    elif form == Format.LATEX:
        assert ended.output.startswith(r"\begin{tabular}")
        assert ended.output.count(r"\\") == n + 1
    else:
        assert len(ended.output.strip("\n").splitlines()) == n + 2


def test_numbers_are_whole_for_programs_and_short_for_people(seen):
    (first, *_) = json.loads(written(seen, "envelope", "json"))
    assert first["low"] == pytest.approx(seen.rows[0].verdict.low, abs=1e-9)
    assert f"{seen.rows[0].verdict.low:+.2f}" in written(seen, "envelope", "md")


def test_names_with_pipes_brackets_and_formulas_stay_whole(paired):
    seen = study(paired([0.1, 0.2, 0.3], dataset="=[red]a|b<img>"))
    assert r"=\[red\]a\|b&lt;img&gt;" in written(seen, "verdicts", "md")
    assert "=[red]a|b" in written(seen, "verdicts", "text")
    assert "'=[red]a|b" in written(seen, "verdicts", "csv")


def test_an_empty_run_is_an_empty_table(tmp_path):
    (tmp_path / "trials").mkdir()
    for form in Format:
        assert shown(tmp_path, "--what", "envelope", "--format", form.value).exit_code == 0
    assert frames.verdicts(study([], Plan())).empty


def test_what_is_no_run_ends_with_exit_4_and_one_line(tmp_path):
    ended = shown(tmp_path / "nowhere")
    assert ended.exit_code == 4
    assert "holds neither trials/ nor trials.parquet" in ended.output
    assert len(ended.output.strip().splitlines()) == 1


def test_an_unknown_table_is_exit_2(run):
    assert shown(run, "--what", "colours").exit_code == 2

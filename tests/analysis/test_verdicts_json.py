"""verdicts.json says what envelope.csv and the page say, in the form that its schema names."""

import copy
import json
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from jsonschema import ValidationError

from analysis.answers import answers
from analysis.page.answer_cards import cards
from analysis.report import write_study
from analysis.study import study
from analysis.table_rows import COLUMNS, bias_rows, cost_rows
from analysis.verdicts_json import SCHEMA, SCHEMA_FILE, verdicts_json
from tests.analysis.page.test_answer_cards import made as steady
from tests.analysis.test_confirmation import CALM, LISTED, fresh, seen
from tests.metric_runs import made
from tests.verdict_files import checked, validator

FILES = Path(__file__).parents[2] / "docs" / "files.md"
STILL = replace(CALM, run_sd=0.00001)
HOSTILE = 'sms: "spam"\n<b>yes</b> | `null` 😀'


# A run for every state of an answer, and for what else may be missing in one.
RUNS = {
    "nothing": lambda paired, folder: study([]),
    "one seed": lambda paired, folder: study(paired([-0.1])),
    "exploratory": lambda paired, folder: steady([(-5, -9), *[(0, 0)] * 6], seeds=2, world=STILL),
    "found": lambda paired, folder: steady([(-3, -6), (0.0, 0.1)]),
    "found, random": lambda paired, folder: steady([(0, 0), (0, 0)]),
    "none": lambda paired, folder: steady([(-3, -6), (-4, -8)]),
    "promising": lambda paired, folder: seen(),
    "confirming": lambda paired, folder: seen(*fresh(0.1, seeds=(901, 902))),
    "confirmed": lambda paired, folder: seen(*fresh(0.1, control_pp=-5)),
    "refuted": lambda paired, folder: seen(*fresh(-4, control_pp=-5)),
    "no answer": lambda paired, folder: steady([(0, 0)], world=replace(CALM, accuracy=0.48)),
    "diverged": lambda paired, folder: study(paired([-0.1, 0.0, -15.0, 0.1, -15.0, 0.0, 0.1])),
    "hostile": lambda paired, folder: study(paired([-0.1, 0.0, 0.1], dataset=HOSTILE)),
    "log loss": lambda paired, folder: made(folder, "log_loss"),
    "a share": lambda paired, folder: made(folder, "mae", tolerance="5%"),
    "guards": lambda paired, folder: made(folder, "macro_f1", guards=("every_class:5",)),
    "no value": lambda paired, folder: made(folder, "auroc", guards=("every_class:5",), n=60, seeds=3),
}  # fmt: skip


@pytest.fixture(scope="module", params=RUNS)
def one(request, paired, tmp_path_factory):
    """A run of each kind."""
    return RUNS[request.param](paired, tmp_path_factory.mktemp("run"))


def test_every_run_gives_a_file_that_its_schema_allows(one):
    found = checked(verdicts_json(one))
    assert found["$schema"] == SCHEMA == validator().schema["$id"]
    assert [entry["state"] for entry in found["datasets"]] == [a.state for a in answers(one)]


@pytest.mark.parametrize("state", ["exploratory", "found", "none", "promising", "confirming", "confirmed", "refuted", "no answer"])  # fmt: skip
def test_there_is_a_run_of_every_state(state, paired, tmp_path):
    (entry,) = checked(verdicts_json(RUNS[state](paired, tmp_path)))["datasets"]
    assert entry["state"] == state


def test_the_words_are_those_of_the_page(one):
    found = checked(verdicts_json(one))["datasets"]
    told = [(e["name"], e["headline"], e["sentences"], e["warnings"]) for e in found]
    assert told == [(c.name, c.headline, [*c.sentences], [*c.warnings]) for c in cards(one)]


def test_its_conditions_are_the_lines_of_the_envelope_with_their_numbers(one, tmp_path):
    write_study(one, tmp_path / "out" / "report.html")
    table = pd.read_csv(tmp_path / "out" / "envelope.csv", float_precision="round_trip")
    found = checked((tmp_path / "out" / "verdicts.json").read_text(encoding="utf-8"))
    mine = [row for entry in found["datasets"] for row in entry["conditions"]]
    assert len(mine) == len(table)
    columns = validator().schema["$defs"]["condition"]["properties"].items()
    numbers = [name for name, of in columns if "number" in of.get("type", ())]
    in_order = table.assign(
        place=pd.Categorical(table["data_sha"], [e["data_sha"] for e in found["datasets"]])
    )
    lines = in_order.sort_values("place", kind="stable").to_dict("records")
    for row, line in zip(mine, lines, strict=True):
        assert row["verdict"] == (None if pd.isna(line["verdict"]) else line["verdict"])
        for name in numbers:
            assert row[name] is None if math.isnan(line[name]) else row[name] == line[name], name


def test_the_numbers_of_an_answer_are_those_its_page_has(one):
    for entry, answer in zip(checked(verdicts_json(one))["datasets"], answers(one), strict=True):
        assert entry["safe_rate"] == answer.rate
        told, row = entry["answer"], answer.row
        if row is None or row.verdict is None or entry["state"] in ("confirming", "no answer"):
            assert told is None or told["delta"] is told["low"] is told["saving"] is None
            continue
        shown = (told["rate"], told["warmup"], told["seeds"], told["tolerance"])
        own = row.cell.condition
        assert shown == (own.rate, own.warmup, [*row.cell.seeds], row.verdict.tolerance)
        numbers = [told["delta"], told["low"], told["high"], told["level"]]
        expected = [row.verdict.mean, answer.low, answer.high, answer.level]
        assert [n is None for n in numbers] == [e is None or not math.isfinite(e) for e in expected]
        pairs = [(n, e) for n, e in zip(numbers, expected, strict=True) if n is not None]
        assert all(n == pytest.approx(e, abs=6e-7) for n, e in pairs)


def test_worst_class_and_saving_are_lines_of_their_tables(small_run):
    one = study(replace(row, test_counts=(500, 500)) for row in small_run)
    for entry in checked(verdicts_json(one))["datasets"]:
        told = entry["answer"]
        keys = ("data_sha", "method", "rate")
        mine = (entry["data_sha"], told["method"], told["rate"])
        (cost,) = [c for c in cost_rows(one) if tuple(c[k] for k in keys) == mine]
        assert told["saving"] == {k: pytest.approx(cost[k], abs=6e-7) for k in told["saving"]}
        classes = [b for b in bias_rows(one) if tuple(b[k] for k in keys) == mine]
        worst = min(classes, key=lambda line: line["recall_delta"])
        shared = told["worst_class"].keys() & worst.keys()
        assert {"class", "recall_delta", "kept_count", "class_count"} <= shared
        assert all(told["worst_class"][k] == pytest.approx(worst[k], abs=6e-7) for k in shared)


def test_a_confirmed_list_is_named_as_its_file_is(paired):
    rows_ = [
        replace(row, kept_sha="ab" * 32) if row.kept_sha == "list" else row for row in fresh(0.1)
    ]
    (entry,) = checked(verdicts_json(seen(*rows_)))["datasets"]
    assert entry["answer"]["list"] == "ab" * 6
    assert entry["answer"]["scored_by"] == [*LISTED.scored_by]
    assert entry["conditions"][-1]["kind"] == "fixed"


def test_equal_rows_give_an_equal_file(small_run):
    assert verdicts_json(study(small_run)) == verdicts_json(study(small_run[::-1]))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.update(more=1),
        lambda file: file["datasets"][0].pop("safe_rate"),
        lambda file: file["datasets"][0]["answer"].update(delta="-0.1"),
        lambda file: file["datasets"][0]["conditions"][0].update(verdict="Within"),
        lambda file: file["datasets"][0]["conditions"][0].pop("p_not_within"),
        lambda file: file["datasets"][0].update(state="safe"),
    ],
)
def test_a_file_of_another_form_is_refused(small_run, spoil):
    file = json.loads(verdicts_json(study(small_run)))
    spoilt = copy.deepcopy(file)
    spoil(spoilt)
    checked(json.dumps(file))
    with pytest.raises(ValidationError):
        checked(json.dumps(spoilt))


def test_no_number_is_refused():
    with pytest.raises(ValueError, match="holds NaN"):
        checked('{"delta": NaN}')


def test_the_schema_and_the_docs_have_every_key():
    schema, docs = validator().schema, FILES.read_text(encoding="utf-8")
    assert [*schema["$defs"]["condition"]["properties"]] == [*COLUMNS["envelope"]]
    section = docs.split("## verdicts.json\n")[1].split("\n## ")[0]
    answer = schema["$defs"]["dataset"]["properties"]["answer"]["properties"]
    keys = [*schema["properties"], *schema["$defs"]["dataset"]["properties"], *answer]
    assert [
        key for key in keys if not re.search(rf"`(?:datasets\[\]\.)?{re.escape(key)}`", section)
    ] == []
    states = schema["$defs"]["dataset"]["properties"]["state"]["enum"]
    assert [state for state in states if f"`{state}`" not in section] == []


def test_the_docs_print_where_the_schema_is():
    (line,) = re.findall(r"^python -c \"(.*)\"$", FILES.read_text(encoding="utf-8"), re.MULTILINE)
    ended = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == str(SCHEMA_FILE)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_lines_of_jq_in_the_docs_work(tmp_path):
    lines = re.findall(
        r"^jq (-[re]) '(.*)' RUN/verdicts.json$", FILES.read_text(encoding="utf-8"), re.MULTILINE
    )
    (table, gate) = (query.replace('"imdb"', '"made"') for _, query in lines)
    for pp, code in ((0.1, 0), (-4, 1)):
        at = tmp_path / "verdicts.json"
        at.write_text(verdicts_json(seen(*fresh(pp, control_pp=-5))), encoding="utf-8")
        shown = subprocess.run(["jq", "-r", table, at], capture_output=True, text=True, check=True)
        name, state, rate, headline = shown.stdout.strip().split("\t")
        assert (name, state) == ("made", "refuted" if code else "confirmed")
        assert (float(rate), bool(headline)) == (0 if code else LISTED.rate, True)
        assert (
            subprocess.run(["jq", "-e", gate, at], capture_output=True, check=False).returncode
            == code
        )

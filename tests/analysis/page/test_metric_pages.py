"""Page and terminal speak of the metric a run is judged by, in its unit and no other."""

import base64
import gzip
import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from analysis.metrics import METRICS, metric_of
from analysis.page.answer_cards import cards
from analysis.page.figures import FIGURES
from analysis.page.guard_words import guard_rows
from analysis.page.phrases import value_of, words_of
from analysis.page.render import render
from analysis.page.trial_table import trial_table
from orchestrator.terminal.summary import summarise
from tests.metric_runs import OWN, kind_of, made
from trainables.plain_text import HIDDEN, redacted

EVERY = (*METRICS, *OWN)
OTHERS = tuple(name for name in EVERY if name != "accuracy")
CHANGES = ("envelope", "by_dataset", "signals", "contrasts", "pareto")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run judged by each metric."""
    return {name: made(tmp_path_factory.mktemp("run"), name) for name in EVERY}


def terminal(seen):
    console = Console(file=io.StringIO(), width=200)
    summarise(seen, console)
    return console.file.getvalue()


def parts(page):
    """What a reader sees of a page: its text, and what its script draws."""
    island = re.search(r'id="data">([^<]*)<', page).group(1)
    drawn = json.loads(gzip.decompress(base64.b64decode(island)))
    body = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.S)
    return body, drawn


def told(seen, *, with_classes):
    """Everything that is said of the metric: the recall of classes and the files to save left out."""
    body, drawn = parts(render(seen))
    figures, text = dict(drawn["figures"]), terminal(seen)
    columns = list(drawn["trials"]["columns"])
    if with_classes:
        # The table of trials has accuracy beside the metric.
        left = r'<section id="(retention|causes|trials)">.*?</section>'
        body = re.sub(left, " ", body, flags=re.S)
        body = re.sub(
            r"<div><dt>(Hurt most|Gains least|Change of its recall)</dt>.*?</div>", " ", body
        )
        text = re.sub(r"(Hurt most|Gains least|Change of its recall): .*", " ", text)
        columns.remove("accuracy")
        # The trials of a reader without a script have the same column.
        body = body.replace('<th scope="col">accuracy<th', "<th")
        del figures["retention"], figures["causes"]
    shown = json.dumps(figures, ensure_ascii=False).replace("<br>", " ")
    return " ".join([body, text, shown, *columns])


@pytest.mark.parametrize("name", OTHERS)
def test_no_word_speaks_of_accuracy_or_points_where_another_metric_decides(name, runs):
    metric = metric_of(name)
    text = told(runs[name], with_classes=kind_of(name) == "classes").replace(metric.label, "")
    text = text.replace(words_of(runs[name]).title, "").replace(name, "")
    assert re.findall(r".{30}\baccura\w+.{30}", text, flags=re.I | re.S) == []
    if metric.unit != "pp":
        assert re.findall(r".{30}\b(?:pp|points?)\b.{30}", text, flags=re.S) == []


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("figure", CHANGES)
def test_each_axis_of_changes_is_the_metrics_own(name, figure, runs):
    seen = runs[name]
    for data in FIGURES[figure].data(seen):
        drawn = json.dumps(FIGURES[figure].draw(data), ensure_ascii=False).replace("<br>", " ")
        assert words_of(seen).axis in drawn


@pytest.mark.parametrize("name", EVERY)
def test_each_hover_has_the_change_in_the_metrics_unit(name, runs):
    seen = runs[name]
    words = words_of(seen)
    row = seen.rows[0]
    drawn = " ".join(
        json.dumps(FIGURES[figure].draw(data), ensure_ascii=False)
        for figure in ("envelope", "by_dataset", "signals")
        for data in FIGURES[figure].data(seen)
    )
    assert drawn.count(words.short(row.verdict.mean)) >= 3
    assert ("its sign turned: below 0 is worse" in drawn) == (not words.metric.higher)


@pytest.mark.parametrize("name", EVERY)
def test_a_card_has_the_metric_before_and_after(name, runs):
    seen = runs[name]
    (card,) = cards(seen)
    words = words_of(seen)
    (fact,) = (one for one in card.facts if one.label == words.title)
    full = [value_of(seen, pair.baseline) for pair in card.answer.row.cell.pairs]
    before = words.value(sum(full) / len(full)).removesuffix(f" {words.metric.unit}")
    assert fact.value.startswith(f"{before} → ") and fact.value.count("nats") <= 1
    mean = card.answer.row.verdict.mean
    way = "" if metric_of(name).higher else " worse" if mean < 0 else " better"
    assert fact.detail.startswith(
        words.number(mean) if metric_of(name).higher else f"{abs(mean):,.{words.digits}f}"
    )
    assert way in fact.detail


@pytest.mark.parametrize("name", EVERY)
def test_the_trials_have_the_metric_and_beside_it_accuracy_where_there_are_classes(name, runs):
    table = trial_table(runs[name])
    assert metric_of(name).label in table.columns
    assert ("accuracy" in table.columns) == (kind_of(name) == "classes")
    assert {len(row) for row in table.rows} == {len(table.columns)} == {len(table.formats)}


@pytest.mark.parametrize("name", EVERY)
def test_without_classes_nothing_is_said_of_them(name, runs):
    page = render(runs[name])
    assert ('id="retention"' in page) == (kind_of(name) == "classes")
    assert ("Hurt most" in page or "Gains least" in page) == (kind_of(name) == "classes")


def test_a_share_of_the_gain_is_told_as_what_is_kept_of_it(runs):
    page = render(runs["mae"])
    assert re.search(r"keeps [\d.]+% \[[\d.]+, [\d.]+\] of what training gains", page)
    assert re.search(
        r"raises mean absolute error by less than 5% of what training gains \([\d.,]+\)", page
    )


def test_a_guard_that_is_open_is_named_with_its_test_rows(tmp_path):
    seen = made(tmp_path, "macro_f1", guards=("worst_class:3", "log_loss:50%"))
    (card,) = cards(seen)
    told = r"Not decided because of class “fraud”: 87 test rows\."
    assert any(re.match(told, sentence) for sentence in card.sentences)
    labels = [one.label for one in card.facts]
    assert {"Guard: recall of each class", "Guard: log loss"} <= {*labels}
    page = render(seen)
    assert 'id="guards"' in page and "What is guarded" in page
    # Three classes and one loss of each condition.
    assert len([*guard_rows(seen)]) == 4 * len(seen.rows)
    shown = terminal(seen)
    assert "guard ?" in shown and "guard: worst_class:3, log_loss:50%" in " ".join(shown.split())


def test_guards_that_hold_are_said_to_hold(tmp_path):
    seen = made(tmp_path, "mae", tolerance="4000", guards=("rmse:5000",))
    (card,) = cards(seen)
    assert any(
        "What is guarded holds as well: root mean square error." in s for s in card.sentences
    )


def test_a_cut_that_a_guard_alone_forbids_is_not_said_to_cost_more_than_the_line(tmp_path):
    seen = made(tmp_path, "mae", tolerance="30000", guards=("rmse:0.01",), seeds=8)
    (card,) = cards(seen)
    assert "costs more" not in card.headline and "raises" not in card.headline


def test_a_few_rows_that_decide_are_said_to_decide(runs):
    seen = runs["mae"]
    open_ = [
        replace(row, verdict=replace(row.verdict, verdict="inconclusive", few=4))
        for row in seen.rows
    ]
    (card,) = cards(replace(seen, rows=tuple(open_)))
    assert card.headline == "Not decided: 10% of numbers may or may not be safe."
    told = "4 test rows decide this: no verdict. More test rows would tell, not more seeds."
    assert told in card.sentences
    drawn = [FIGURES[name].draw(data) for name in CHANGES[:3] for data in FIGURES[name].data(seen)]
    assert "decide this" not in str(drawn)
    few = replace(seen, rows=tuple(open_))
    assert terminal(few).count("4 rows decide") == len(open_)
    drawn = [FIGURES[name].draw(data) for name in CHANGES[:3] for data in FIGURES[name].data(few)]
    assert str(drawn).count("4 test rows decide this: no verdict.") >= len(open_)


@pytest.mark.parametrize(
    ("planned", "says"),
    [
        ({}, ""),
        ({"metric": "macro_f1"}, "judged by accuracy in place of macro_f1, asked for when"),
        ({"tolerance": 0.5}, "judged by a tolerance of 1.0 in place of 0.5, asked for when"),
        (
            {"guards": ("worst_class:3",)},
            "judged by no guard in place of worst_class:3, asked for when",
        ),
    ],
    ids=["as planned", "metric", "margin", "guards"],
)
def test_page_and_terminal_say_that_it_is_judged_by_another_rule_than_was_planned(
    runs, planned, says
):
    seen = runs["accuracy"]
    specs = tuple(row.spec for row in seen.results)
    seen = replace(seen, plan=replace(seen.plan, specs=specs, **planned))
    page, text = (" ".join(one.split()) for one in (render(seen), terminal(seen)))
    assert ("asked for when" in page, "asked for when" in text) == (bool(says), bool(says))
    assert says in page and says in text


def test_rows_that_go_are_told_where_no_classes_count_them(runs):
    (card,) = cards(runs["mae"])
    assert next(one.value for one in card.facts if one.label == "Rows") == "30% go"
    assert "Rows: 30% go ()" not in terminal(runs["mae"])


def test_a_token_loss_reads_as_one_everywhere(runs):
    """Its values, perplexity beside them; no secret is seen where its value stands."""
    seen, words = runs["token_loss"], words_of(runs["token_loss"])
    shown = re.sub(r"<[^>]+>", " ", parts(render(seen))[0])
    printed = redacted(terminal(seen))
    for text in (shown, printed):
        assert re.search(r"Perplexity:?\s+[\d.,]+ → [\d.,]+", text)
        assert re.search(rf"{words.title}:?\s+[\d.]+ → [\d.]+ nats", text)
        assert HIDDEN not in text


def test_what_training_gains_is_over_the_model_before_it_where_that_is_known():
    told = {name: METRICS[name].without_training for name in ("token_loss", "mae", "log_loss")}
    assert told["token_loss"] == "the model before it was trained"
    assert told["mae"] == told["log_loss"] == "a prediction that looks at no example"


def test_other_metrics_have_no_perplexity(runs):
    assert "erplexity" not in terminal(runs["log_loss"]) + parts(render(runs["log_loss"]))[0]

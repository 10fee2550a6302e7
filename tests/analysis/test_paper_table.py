"""Results as a table for a paper: numbers, marks and names as LaTeX and Markdown show them."""

import re
from dataclasses import replace

import pytest

from analysis.paper_table import latex_table, markdown_results
from analysis.results_table import chosen_lines, result_lines, result_rows
from analysis.study import study
from trainables.errors import UsageError


@pytest.fixture(scope="module")
def seen(small_run):
    """Two data sets, two methods and random, two rates, five seeds."""
    return study(small_run, name="tickets_q3")


@pytest.fixture(scope="module")
def latex(seen):
    return latex_table(seen, result_lines(seen))


def cell_of(table, method, place):
    (line,) = [one for one in table.splitlines() if one.startswith(method)]
    return line.removesuffix(r" \\").split(" & ")[1 + place]


def test_every_cell_has_its_mean_and_interval(seen, latex):
    for row in seen.rows:
        condition, v = row.cell.condition, row.verdict
        place = 2 * (condition.dataset == "imdb") + (condition.rate == 0.3)
        shown = cell_of(latex, seen.methods[condition.method].replace("_", r"\_"), place)
        assert re.sub(r"\\mathbf\{(.*?)\}", r"\1", shown).startswith(
            rf"\begin{{tabular}}{{@{{}}r@{{}}}}${v.mean:+.2f}"
        )
        assert f"[{v.low:+.2f}, {v.high:+.2f}]" in shown


def test_random_stands_first_and_the_best_of_a_column_is_bold(latex):
    lines = [line.split(" & ")[0] for line in latex.splitlines() if "global" in line]
    assert lines[0] == "Random (global)"
    assert r"\mathbf{+0.40}" in cell_of(latex, "Keep one", 0)
    assert r"\mathbf" not in cell_of(latex, "Random", 0)


def test_marks_say_what_was_judged_and_the_caption_says_those_that_occur(seen, latex):
    by = {
        (r.cell.condition.signal, r.cell.condition.rate): r
        for r in seen.of(next(iter(seen.sources)))
    }
    within = by["keep_one", 0.1].verdict.verdict == "within"
    assert (r"\dagger" in cell_of(latex, "Keep one", 0)) is within
    outside = by["random", 0.3].verdict.verdict == "outside"
    assert (r"\dagger" not in cell_of(latex, "Random", 1)) is outside
    caption = next(line for line in latex.splitlines() if line.startswith(r"\caption"))
    assert r"$\dagger$: within 1 pp of it." in caption and r"90\% interval" in caption
    for sign in (r"\ast", r"\circ"):
        assert (f"${sign}$:" in caption) is (f"{sign}}}" in latex.split(r"\label")[1])


def test_hostile_names_are_shown_and_not_obeyed(small_run):
    name = r"50%_a&b $x$ #1 {y} \input{/etc/passwd} ~^<z>"
    rows = [
        replace(row, spec=replace(row.spec, dataset=name)) if row.spec.dataset == "imdb" else row
        for row in small_run
    ]
    named = study(rows, name="run")
    table = latex_table(named, result_lines(named))
    assert (
        r"50\%\_a\&b \$x\$ \#1 \{y\} \textbackslash{}input\{/etc/passwd\} "
        r"\textasciitilde{}\textasciicircum{}\textless{}z\textgreater{}"
    ) in table
    assert r"\_a&b" in markdown_results(named, result_lines(named)).replace("&amp;", "&")


def test_many_data_sets_stand_one_below_the_other(small_run):
    more = [
        replace(row, spec=replace(row.spec, dataset=f"set{k}", data_sha=str(k) * 64))
        for k in range(4)
        for row in small_run
        if row.spec.dataset == "imdb"
    ]
    seen = study(more, name="run")
    table = latex_table(seen, result_lines(seen))
    assert re.findall(r"\\emph\{(\w+)\}", table) == [f"set{k}" for k in range(4)]
    assert table.count("Method &") == 1 and r"\begin{tabular}{lrr}" in table


def test_markdown_has_the_same_numbers_with_true_minus_signs(seen):
    table = markdown_results(seen, result_lines(seen))
    head = next(line for line in table.splitlines() if line.startswith("| method"))
    assert (
        head
        == "| method | ag_news 10% removed | ag_news 30% removed | imdb 10% removed | imdb 30% removed |"
    )
    assert "−" in table and not re.search(r"-\d", table)


def test_selections_leave_rows_and_columns_out_and_no_number_changes(seen):
    lines = result_lines(seen)
    chosen = result_rows(chosen_lines(lines, {"dataset": ["imdb"], "rate": [0.3]}))
    every = {(row["dataset"], row["method"]): row for row in result_rows(lines)}
    assert len(chosen) == 3 and {*chosen[0]} == {"dataset", "method", "warmup", "30% removed"}
    assert all(
        every[row["dataset"], row["method"]]["30% removed"] == row["30% removed"] for row in chosen
    )


@pytest.mark.parametrize(
    ("only", "told"),
    [
        ({"dataset": ["imbd"]}, "Did you mean 'imdb'"),
        ({"rate": [30]}, "there are 0.1, 0.3; did you mean 0.3?"),
        ({"warmup": [0.5]}, "there are 0.15"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(seen, only, told):
    with pytest.raises(UsageError, match=re.escape(told)):
        chosen_lines(result_lines(seen), only)


def test_two_seeds_mark_nothing_as_within_or_outside(small_run):
    seen = study([row for row in small_run if row.spec.seed in {1, 2}])
    assert any(row.verdict.verdict != "inconclusive" for row in seen.rows)
    lines = result_lines(seen)
    assert {cell.text[0] for line in lines for cell in line.cells.values()} == {"?"}
    assert "†" not in markdown_results(seen, lines)


def test_a_list_of_fresh_seeds_is_never_bold_and_the_caption_says_so(seen):
    lines = result_lines(seen)
    best = next(line for line in lines if (line.dataset, line.method[:4]) == ("ag_news", "Keep"))
    better = {
        rate: replace(cell, verdict=replace(cell.verdict, mean=9.0))
        for rate, cell in best.cells.items()
    }
    own = replace(best, kind="list", method="one list", cells=better)
    table = markdown_results(seen, [*lines, own])
    assert "**+0.40**" in table and "**+9.00**" not in table and "| one list" in table
    assert "Bold: the largest mean of its column, lists aside." in table


def test_nothing_has_no_sign(seen):
    line = next(line for line in result_lines(seen) if line.kind == "method")
    (rate, cell), *_ = line.cells.items()
    near = replace(cell, verdict=replace(cell.verdict, mean=-0.001, low=-0.004))
    assert "$[0.00, " in latex_table(seen, [replace(line, cells={rate: near})])

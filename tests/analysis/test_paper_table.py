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

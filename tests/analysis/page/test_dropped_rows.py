"""What the page shows of removed rows, and what its filters are given."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from analysis.dropped_samples import Dropped, DroppedRow
from analysis.metrics import METRICS
from analysis.page.dropped_rows import dropped_panel, summary_text
from analysis.page.render import render
from analysis.report import build_report
from analysis.study import study


@pytest.fixture
def seen(small_run, dropped):
    return study(small_run, dropped=dropped)


def changed(dropped, place, **fields):
    """The made lists, one of them with other values."""
    lists = [*dropped.lists]
    lists[place] = replace(lists[place], **fields)
    return replace(dropped, lists=tuple(lists))


def test_every_method_rate_and_seed_can_be_chosen(seen):
    assert [one["names"] for one in dropped_panel(seen).view["lists"]] == [
        ("imdb", "Redundancy (global)", "10%", "the list of fresh seeds"),
        ("imdb", "Redundancy (global)", "10%", "seed 1"),
        ("imdb", "Random (global)", "10%", "seed 1"),
    ]


def test_it_opens_on_the_rows_that_the_answer_is_about(confirmed, pruned, dropped):
    base = confirmed()
    search, listed = base.rows[0].cell.pairs[0].pruned.spec, next(iter(base.confirmed.values()))
    fixed = listed.row.cell.pairs[0].pruned.spec
    samples = {search.data_sha: dropped.samples["d" * 64]}
    for specs, wanted in (((search, fixed), 1), ((fixed, search), 0), ((search,), 0)):
        lists = tuple(replace(dropped.lists[0], spec=spec) for spec in specs)
        panel = dropped_panel(replace(base, dropped=Dropped(samples=samples, lists=lists)))
        assert panel.view["first"] == wanted
        assert panel.title == panel.view["lists"][wanted]["title"]
    other = replace(dropped.lists[0], spec=replace(search, data_sha="f" * 64))
    assert dropped_panel(replace(base, dropped=Dropped(samples=samples, lists=(other,)))) is None


def test_a_fixed_list_bears_the_name_of_the_method_that_cut_it(confirmed, dropped):
    base = confirmed()
    listed = next(iter(base.confirmed.values())).row.cell.pairs[0].pruned.spec
    search = next(
        r.cell.pairs[0].pruned.spec for r in base.rows if r.cell.condition.signal == listed.signal
    )
    lists = tuple(replace(dropped.lists[0], spec=spec) for spec in (listed, search))
    samples = {search.data_sha: dropped.samples["d" * 64]}
    view = dropped_panel(replace(base, dropped=Dropped(samples=samples, lists=lists))).view
    (first, second) = (one["names"] for one in view["lists"])
    assert first[:3] == second[:3] and first[3] == "the confirmed list"


def test_a_list_is_called_confirmed_only_where_fresh_seeds_pass(confirmed, dropped):
    for true_pp, name in ((0.0, "the confirmed list"), (-9, "the list of fresh seeds")):
        base = confirmed(true_pp=true_pp)
        spec = next(iter(base.confirmed.values())).row.cell.pairs[0].pruned.spec
        lists = Dropped(
            samples={spec.data_sha: dropped.samples["d" * 64]},
            lists=(replace(dropped.lists[0], spec=spec),),
        )
        assert dropped_panel(replace(base, dropped=lists)).title.endswith(f" · {name}")


def test_the_warm_up_is_named_where_there_are_several(paired, dropped):
    rows = paired([0.1, 0.2], rate=0.1) + paired([0.1, 0.2], rate=0.1, warmup=0.05)
    rows = list({row.spec.result_key: row for row in rows}.values())
    early = replace(dropped.lists[1], spec=replace(dropped.lists[1].spec, warmup=0.05))
    view = dropped_panel(
        study(rows, dropped=replace(dropped, lists=(early, dropped.lists[1])))
    ).view
    methods = [one["names"][1] for one in view["lists"]]
    assert methods == ["Redundancy (global), 5% warm-up", "Redundancy (global), 15% warm-up"]


def test_a_removed_row_is_told_with_its_reason_and_the_row_that_stays(seen):
    first, alone = dropped_panel(seen).pairs
    assert first.gone.told == "✂ removed · positive · id id3 · row 103 · 1% of rows score lower"
    assert first.gone.words == [
        ("a", True), ("very", False), ("good film", True), ("<b>indeed</b>", False)
    ]  # fmt: skip
    assert (
        first.stays.told == "stays · negative · id id7 · row 107 · another class · similarity 0.988"
    )
    assert first.stays.words == [("a good film", True)]
    assert (first.copy, first.tone) == ("a copy or near copy stays", "in")
    assert first.reason == "among the 1% of all rows most like their nearest rows"
    assert (alone.copy, alone.tone) == ("no copy stays", "out")


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        pytest.param("a good film", "an exact copy stays", id="the same words"),
        pytest.param(
            "a good film…", "a copy or near copy stays", id="cut short: nobody sees the rest"
        ),
        pytest.param("", "a copy or near copy stays", id="no texts"),
    ],
)
def test_a_copy_is_called_exact_only_where_both_whole_texts_are_the_same(
    small_run, dropped, text, copy
):
    samples = {row: replace(one, text=text) for row, one in dropped.samples["d" * 64].items()}
    seen = study(small_run, dropped=replace(dropped, samples={"d" * 64: samples}))
    assert dropped_panel(seen).pairs[0].copy == copy


def test_a_row_whose_nearest_row_nobody_knows_stands_alone(seen, small_run, dropped):
    lot = dropped.lists[2]
    (pair,) = dropped_panel(study(small_run, dropped=replace(dropped, lists=(lot,)))).pairs
    assert pair.stays is None and pair.reason == "drawn by lot"
    assert "another class" not in summary_text(lot, is_classed=True)


def test_the_summary_is_of_all_removed_rows(dropped):
    one = dropped.lists[0]
    assert summary_text(one, is_classed=True) == (
        "1,200 rows are removed. Of 201 of them a copy or near copy stays. Of 17 of them the nearest row "
        "that stays has another class: look there for wrong labels. The 2 examples are spread over the "
        "order of removal."
    )
    weak = summary_text(replace(one, other_label=700), is_classed=True)
    assert "tells these classes badly apart, or many labels are wrong" in weak
    assert "class" not in summary_text(one, is_classed=False)
    few = replace(one, dropped=2)
    assert "examples" not in summary_text(few, is_classed=True)
    assert summary_text(replace(one, dropped=0, rows=()), is_classed=True) == "No row is removed."


def test_every_text_stands_in_the_view_once(seen):
    view = dropped_panel(seen).view
    text = json.dumps(view)
    assert text.count("a very good film") == text.count("alone") == text.count("a good film") == 1
    assert len({tuple(one) for one in view["samples"]}) == len(view["samples"])


def test_rows_of_two_data_sets_with_one_number_are_two_samples(small_run, dropped):
    other = {
        7: replace(dropped.samples["d" * 64][7], text="elsewhere"),
        3: replace(dropped.samples["d" * 64][3], text="gone"),
    }
    spec = replace(dropped.lists[1].spec, dataset="ag_news", data_sha="e" * 64)
    more = replace(dropped.lists[1], spec=spec, rows=(dropped.lists[1].rows[0],))
    both = replace(
        dropped, samples={**dropped.samples, "e" * 64: other}, lists=(*dropped.lists, more)
    )
    view = dropped_panel(study(small_run, dropped=both)).view
    row = view["lists"][3]["rows"][0]
    assert [view["samples"][place][3] for place in row[:2]] == ["gone", "elsewhere"]


def test_what_is_predicted_is_a_value_where_there_are_no_classes(paired, dropped):
    rows = [replace(row, class_names=()) for row in paired([0.1, 0.2])]
    seen = study(rows, dropped=dropped)
    numbers = replace(seen.by, metric=METRICS["mae"])
    panel = dropped_panel(replace(seen, by=numbers))
    assert panel.view["classes"] is False
    assert panel.pairs[0].gone.told.startswith("✂ removed · value positive")
    assert "another class" not in panel.pairs[0].stays.told


def test_the_full_list_is_linked_from_where_the_page_lies(seen, dropped, tmp_path):
    run, file = tmp_path / "my run", dropped.lists[0].file
    (run / "removed").mkdir(parents=True)
    assert dropped_panel(replace(seen, folder=run), run).file == ""
    (run / file).write_text("row\n")
    assert dropped_panel(replace(seen, folder=run), run).file == file
    away = dropped_panel(replace(seen, folder=run), tmp_path / "pages").file
    assert away == f"../my%20run/{file}"
    assert dropped_panel(replace(seen, folder=run)).file == dropped_panel(seen, run).file == ""


def test_a_page_links_no_file_that_is_not_there(seen, dropped, tmp_path):
    asked = replace(seen, folder=tmp_path)
    assert not re.search(r"<a id=\"dropped-file\"[^>]* href", render(asked, tmp_path))
    (tmp_path / "removed").mkdir()
    (tmp_path / dropped.lists[0].file).write_text("row\n")
    page = render(asked, tmp_path)
    assert (
        f'<a id="dropped-file" href="{dropped.lists[0].file}">All 1,200 removed rows as CSV</a>'
        in page
    )


def test_lists_of_an_earlier_release_are_named_with_a_remedy(small_run):
    page = build_report(small_run, dropped=Dropped(is_outdated=True))
    assert "An earlier release wrote who was dropped. The same sweep command once more" in page


def test_two_thousand_pairs_of_long_texts_stay_below_a_megabyte_and_a_half(
    small_run, dropped, pruned
):
    """Texts of real length, each another: words by Zipf's law, as real ones have them."""
    rng = np.random.default_rng(0)
    vocabulary = ["".join(rng.choice(list("etaoinshrdlu"), 3 + k % 7)) for k in range(5000)]
    base = len(build_report(small_run))
    samples = {
        row: replace(
            dropped.samples["d" * 64][3],
            row=row,
            text=" ".join(vocabulary[min(k, 4999)] for k in rng.zipf(1.3, 100))[:600],
        )
        for row in range(3200)
    }
    lists = tuple(
        replace(
            dropped.lists[1],
            spec=pruned(number, 0.1),
            rows=tuple(
                DroppedRow(int(a), int(b), 0.5, 0.1, 0.1, f"among the {a}th", False)
                for a, b in rng.choice(3200, (40, 2), replace=False)
            ),
        )
        for number in range(50)
    )
    heavy = Dropped(samples={"d" * 64: samples}, lists=lists)
    added = len(build_report(small_run, dropped=heavy)) - base
    assert added < 1.5e6

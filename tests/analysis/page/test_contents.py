"""The page's contents and names: as its sections stand, and no name fills it."""

import re
from dataclasses import replace

import numpy as np

from analysis.page.page_parts import open_templates
from analysis.page.render import render
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.paired_runs import World, ladders, rows


def page_of(name="made", *, control=True, seeds=3):
    specs = [(spec, 0.0) for own in ladders(2, (0.1,), control=control) for spec in own]
    found = rows(np.random.default_rng(0), World(n=300), specs, range(seeds))
    found = [replace(row, spec=replace(row.spec, dataset=name)) for row in found]
    return render(study(found, Plan()))


def test_the_contents_name_every_section_in_its_order():
    page = page_of()
    sections = re.findall(r'<section id="([^"]+)"', page)
    assert re.findall(r'<a href="#([^"]+)">', page.split("<nav")[1].split("</nav>")[0]) == sections


def test_a_long_name_is_cut_in_the_middle_and_whole_in_its_tooltip():
    name = "a" * 150 + " & " + "b" * 150
    whole = name.replace("&", "&amp;")
    heading = re.search("<h1>(.*?)</h1>", page_of(name))[1]
    title, shown = re.fullmatch(r'<span title="([^"]*)">(.*)</span>', heading).groups()
    assert whole in title and whole not in shown and len(shown) < 160


def test_a_cut_name_is_escaped_once():
    name = "<b>" * 40
    text = open_templates(str, [name]).from_string("{{ text|cut }}").render(text=f"All of {name}.")
    assert text.count("<") == 2 and "&amp;lt;" not in text


def test_a_board_names_neither_an_interval_nor_random_where_it_has_none():
    page = page_of(control=False, seeds=1)
    note = re.search('board-note">(.*?)</p>', page)[1]
    assert "interval" not in note and "Random" not in note and "Methods stand by" in note


def test_two_seeds_decide_nothing_in_the_tally_either():
    assert " seeds each: 0 within, 0 outside, " in page_of(seeds=2)

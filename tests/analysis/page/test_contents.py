"""The page's contents and names: as its sections stand, and no name fills it."""

import re
from dataclasses import replace

import numpy as np

from analysis.page.page_parts import open_templates
from analysis.page.render import render
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.paired_runs import World, ladders, rows


def page_of(name="made"):
    specs = [(spec, 0.0) for own in ladders(2, (0.1,), control=True) for spec in own]
    found = rows(np.random.default_rng(0), World(n=300), specs, range(3))
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

"""The board as a file: well-formed whatever a name is, and its numbers those of the envelope."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np

from analysis.page.board_svg import board_svg
from analysis.run_files import Plan
from analysis.study import study
from analysis.wording import signed
from benchmarks.paired_runs import World, ladders, rows


def drawn(name="made"):
    specs = [
        (spec, -spec.rate * 0.03) for own in ladders(3, (0.1, 0.3), control=True) for spec in own
    ]
    found = rows(np.random.default_rng(0), World(n=1000), specs, range(3))
    found = [replace(row, spec=replace(row.spec, dataset=name)) for row in found]
    seen = study(found, Plan())
    return seen, board_svg(seen, next(iter(seen.sources)))


def texts(svg):
    return [
        " ".join(one.itertext()) for one in ET.fromstring(svg).iter() if one.tag.endswith("text")
    ]


def test_every_mean_of_the_envelope_stands_in_the_file():
    seen, svg = drawn()
    means = [signed(row.verdict.mean) for row in seen.rows]
    told = " ".join(texts(svg))
    assert [mean for mean in means if mean not in told] == []


def test_a_hostile_name_is_text_and_nothing_else():
    name = "<script>alert(1)</script> & \x0b\x1b[31m \ufffe 数据 \"'"
    _, svg = drawn(name)
    root = ET.fromstring(svg)
    assert not [one for one in root.iter() if one.tag.endswith("script")]
    assert any("<script>" in text and "数据" in text for text in texts(svg))

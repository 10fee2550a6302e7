"""Lists of dropped samples as they are written and read."""

import json
from dataclasses import replace

import pytest

from analysis.dropped_samples import Dropped, joined, load_dropped
from trainables.errors import DataError

# As an earlier release wrote it, shortened.
OUTDATED = (
    '{"agreement": [{"data_sha": "d193", "dataset": "synthetic", "n": 2400, "one": {"settings": '
    '{"k": 10}, "signal": "redundancy"}, "other": {"settings": {}, "signal": "random"}, "overlap": '
    '0.1, "spearman": 0.9243531556187193, "warmup": 0.15}], "examples": [{"dropped": 240, '
    '"neighbour_dropped": 200, "neighbour_kept": 40, "other_label": 3, "pairs": [{"dropped": '
    '{"class": "class 2", "id": "1505", "row": 1505, "text": "größer"}, "percentile": 0.0}]}], '
    '"with_examples": true}'
)
TOLD = '{"agreement": [], "with_examples": true'


def test_dropped_samples_come_back_as_they_were_written(dropped):
    assert Dropped.from_json(dropped.to_json()) == dropped


def test_each_text_stands_once_in_the_file(dropped):
    assert len(dropped.lists) == 3
    assert dropped.to_json().count("a very good film") == 1


def test_the_format_of_dropped_samples_has_not_changed(dropped):
    written = json.loads(dropped.to_json())
    assert set(written) == {
        "agreement", "with_examples", "samples", "lists", "shared", "likeness", "check",
    }  # fmt: skip
    assert written["samples"]["d" * 64]["7"] == {
        "row": 107, "id": "id7", "class": "negative", "text": "a good film",
    }  # fmt: skip
    one = written["lists"][1]
    assert {name: one[name] for name in one if name not in {"spec", "pairs"}} == {
        "dropped": 1200, "survivor_kept": 1200, "twin_survives": 201, "other_label": 17,
        "by_class": {"negative": 700, "positive": 500},
        "file": "removed/imdb-redundancy-global-w15-p10-s1.csv",
    }  # fmt: skip
    reason = "among the 1% of all rows most like their nearest rows"
    assert one["pairs"][0] == [3, 7, 0.9876, 0.01, -0.98, reason, True]


def test_what_an_earlier_release_wrote_is_read_without_its_lists():
    found = Dropped.from_json(OUTDATED)
    assert found.agreement[0]["spearman"] == 0.9243531556187193
    assert (found.is_outdated, found.lists) == (True, ())


def test_without_texts_rows_and_ids_stay(dropped):
    bare = dropped.without_texts()
    assert "film" not in bare.to_json()
    assert bare.sample(bare.lists[0], 7).id == "id7"


def test_of_several_runs_the_lists_stand_one_behind_the_other_and_name_no_file(dropped):
    assert joined([dropped, None]) == dropped
    both = joined([dropped, replace(dropped, samples={"e" * 64: dropped.samples["d" * 64]})])
    assert len(both.lists) == 6 and set(both.samples) == {"d" * 64, "e" * 64}
    assert {one.file for one in both.lists} == {""}


DAMAGED = [
    b"", b"\xff", b"[]", b'{"agreement": []}', b'{"agreement": 1}', f"{TOLD}}}".encode(),
    f'{TOLD}, "samples": [], "lists": []}}'.encode(),
    f'{TOLD}, "samples": {{}}, "lists": [{{"spec": {{}}, "pairs": []}}]}}'.encode(),
    f'{TOLD}, "samples": {{"d": {{"x": {{}}}}}}, "lists": []}}'.encode(),
]  # fmt: skip


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_file_of_dropped_samples_is_refused_by_name(tmp_path, data):
    (tmp_path / "dropped.json").write_bytes(data)
    with pytest.raises(DataError, match=r"dropped\.json: "):
        load_dropped(tmp_path)


def test_a_run_without_such_a_file_has_none(tmp_path):
    assert load_dropped(tmp_path) is None

"""Lists of dropped samples as they are written and read."""

import pytest

from analysis.dropped_samples import Dropped, load_dropped
from trainables.errors import DataError

# As written since the first release, shortened.
WRITTEN = (
    '{"agreement": [{"data_sha": "d193", "dataset": "synthetic", "n": 2400, "one": {"settings": '
    '{"k": 10}, "signal": "redundancy"}, "other": {"settings": {}, "signal": "random"}, "overlap": '
    '0.1, "spearman": 0.9243531556187193, "warmup": 0.15}], "examples": [{"dropped": 240, '
    '"neighbour_dropped": 200, "neighbour_kept": 40, "other_label": 3, "pairs": [{"dropped": '
    '{"class": "class 2", "id": "1505", "row": 1505, "text": "größer"}, "percentile": 0.0}]}], '
    '"with_examples": true}'
)


def test_dropped_samples_come_back_as_they_were_written(dropped):
    assert Dropped.from_json(dropped.to_json()) == dropped


def test_the_format_of_dropped_samples_has_not_changed():
    found = Dropped.from_json(WRITTEN)
    assert found.agreement[0]["spearman"] == 0.9243531556187193
    assert found.to_json() == WRITTEN


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'{"agreement": []}', b'{"agreement": 1}'])
def test_a_damaged_file_of_dropped_samples_is_refused_by_name(tmp_path, data):
    (tmp_path / "dropped.json").write_bytes(data)
    with pytest.raises(DataError, match=r"dropped\.json: "):
        load_dropped(tmp_path)


def test_a_run_without_such_a_file_has_none(tmp_path):
    assert load_dropped(tmp_path) is None

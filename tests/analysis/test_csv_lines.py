import csv

import pytest

from analysis.csv_lines import csv_lines, guarded, shortened_floats


@pytest.mark.parametrize("text", ["=SUM(A1)", "+cmd", "-x", "@name", "\tx"])
def test_text_that_opens_like_a_formula_is_guarded(text):
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("value", ["-0.5", "+3", -0.5, None, "plain"])
def test_numbers_and_plain_text_stay_as_they_are(value):
    assert guarded(value) == value


def test_csv_gives_back_what_was_written():
    lines = csv_lines(("a", "b"), [{"a": 'x,"y"', "b": 1.5}, {"a": "line\nbreak", "b": None}])
    text = "".join(f"{line}\n" for line in lines)
    assert list(csv.reader(text.splitlines(keepends=True))) == [
        ["a", "b"], ['x,"y"', "1.5"], ["line\nbreak", ""]
    ]  # fmt: skip


def test_a_list_is_json_and_what_is_no_number_in_it_null():
    assert csv_lines(("recall",), [{"recall": (0.5, float("nan"))}])[1] == '"[0.5, null]"'


def test_numbers_are_shortened_and_what_was_asked_for_is_not():
    row = {"delta": 1 / 3, "rate": 1 / 3, "test_variance": 1 / 3, "n_seeds": 3, "seeds": "1 2"}
    assert shortened_floats(row) == row | {"delta": 0.333333, "test_variance": 0.333333333}

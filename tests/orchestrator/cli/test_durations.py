import pytest

from orchestrator.cli.durations import seconds_in
from trainables.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("90", 90),
        ("90s", 90),
        ("90m", 5400),
        ("2h", 7200),
        ("1.5d", 129600),
        (" 3 m", 180),
    ],
)
def test_a_span_of_time_is_seconds_or_has_its_unit(text, seconds):
    assert seconds_in(text, "--trial-timeout") == seconds


@pytest.mark.parametrize(
    "text", ["0", "-5", "1e9", "nan", "inf", "2x", "m", "1h30m", "400d", "0.1"]
)
def test_anything_else_is_refused_by_its_flag(text):
    with pytest.raises(UsageError, match="--trial-timeout"):
        seconds_in(text, "--trial-timeout")

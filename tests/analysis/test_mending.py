"""What a reader says of a damaged file of a run."""

import pytest

from analysis.mending import mended_by_command
from analysis.run_files import Plan
from trainables.errors import DamagedError

CASES = {
    "RUN/trials/a.json": "give the command that made the run again, which makes it anew: sweep --run RUN",
    "RUN/plan.json": "give the command that made the run again, which makes it anew",
    "RUN/warrants/list/trials/a.json": "remove it and give the prune command again",
    "RUN/warrants/list/plan.json": "put a copy of it back",
    "alone/trials.parquet": "give the command that made the run again, which makes it anew",
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_a_damaged_file_mends_it(name, tmp_path):
    for run in ("RUN", "RUN/warrants/list"):
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / "plan.json").write_text(Plan(command="sweep --run RUN").to_json())
    with pytest.raises(DamagedError) as caught, mended_by_command(tmp_path / name):
        raise DamagedError("is no file")
    assert str(caught.value).startswith(f"{tmp_path / name}: is no file; ")
    assert CASES[name] in str(caught.value)
    assert str(caught.value).endswith(CASES[name]) or "warrants" in name

"""Small files that decode to gigabytes are refused before they are decoded."""

import json
import subprocess
import sys

import pytest

from tests.trainables.data import bombs


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    bombs.write_all(folder)
    program = [sys.executable, "-m", "tests.trainables.data.bombs", str(folder)]
    ended = subprocess.run(program, check=True, capture_output=True, text=True)
    for path in folder.iterdir():
        path.unlink()
    return json.loads(ended.stdout)


@pytest.mark.parametrize("name", bombs.MADE)
def test_a_bomb_is_refused_with_its_file_and_what_is_too_much(loaded, name):
    said = loaded["said"][name]
    assert name in said
    assert any(words in said for words in bombs.REFUSED), said


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_no_bomb_takes_half_a_gibibyte(loaded):
    assert 1 < max(loaded["mib"].values()) < 512, loaded["mib"]

"""A sweep under faults that a seed draws, and given again until it ends well, says what the calm one says."""

import json

import pytest

from tests.nemesis.check import differences
from tests.nemesis.storm import SWEEPS, calm_content, storm
from trainables.seals import seal, unseal

SEED, ACTS = 4, 4


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calm") / "world"
    return calm_content(
        folder, SWEEPS["restart"], keep=folder.parent / "run"
    ), folder.parent / "run"


@pytest.mark.slow
def test_a_sweep_in_a_storm_says_what_the_calm_one_says(calm, tmp_path):
    seen = storm(tmp_path / "storm", SWEEPS["restart"], calm[0], seed=SEED, acts=ACTS)
    assert seen.complaints == (), f"seed {SEED}: {seen.schedule}"


@pytest.mark.slow
def test_a_row_that_was_changed_and_sealed_again_is_found_out(calm):
    content, run = calm
    assert differences(content, run) == []
    row = next(run.glob("trials/*.json"))
    row.write_bytes(
        seal({**(unseal(row.read_bytes()) or json.loads(row.read_text())), "accuracy": 0.99})
    )
    assert len(differences(content, run)) == 1

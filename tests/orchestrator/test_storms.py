"""A sweep under faults that a seed draws, and given again until it ends well, says what the calm one says."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from tests.nemesis.check import differences
from tests.nemesis.storm import SWEEPS, calm_content, storm
from tests.nemesis.world import PATIENCE_S, world_in
from trainables.seals import seal, unseal

# A damaged entry, a killed head, a killed driver.
SEED, ACTS = 4, 3


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """What the calm sweep says, and a folder with its run and cache."""
    folder, kept = (
        tmp_path_factory.mktemp("calm") / "world",
        tmp_path_factory.mktemp("kept") / "disk",
    )
    return calm_content(folder, SWEEPS["restart"], keep=kept), kept


@pytest.mark.slow
def test_a_sweep_in_a_storm_says_what_the_calm_one_says(calm, tmp_path):
    seen = storm(tmp_path / "storm", SWEEPS["restart"], calm[0], seed=SEED, acts=ACTS)
    assert seen.complaints == (), f"seed {SEED}: {seen.schedule}"


@pytest.mark.slow
def test_a_row_that_was_changed_and_sealed_again_is_found_out(calm, tmp_path):
    content, kept = calm
    run = tmp_path / "run"
    shutil.copytree(kept / "run", run)
    assert differences(content, run) == []
    row = next(run.glob("trials/*.json"))
    row.write_bytes(
        seal({**(unseal(row.read_bytes()) or json.loads(row.read_text())), "accuracy": 0.99})
    )
    assert len(differences(content, run)) == 1


@pytest.mark.slow
def test_a_store_that_does_not_check_its_files_is_found_out(calm, tmp_path):
    content, kept = calm
    with world_in(tmp_path / "blind", SWEEPS["restart"], seed=0) as world:
        shutil.copytree(kept / "cache", world.cache)
        for ref in world.cache.glob("refs/*/scores/*/*.json"):
            (blob,) = world.cache.glob(f"blobs/*/{unseal(ref.read_bytes())['sha256']}")
            table = pq.read_table(blob)
            at = table.column_names.index("score")
            blob.chmod(0o600)
            pq.write_table(table.set_column(at, "score", table["score"][::-1]), blob)
        for ref in world.cache.glob("refs/*/result/*/*.json"):
            ref.unlink()
        command = world.start(is_blind=True)
        assert command.process.wait(PATIENCE_S) == 0, command.log.read_text()
        assert any(
            "kept_sha" in line or "trials" in line for line in differences(content, world.run)
        )

"""What must hold after the storm; VARIES: the fields that may differ from the calm run's, and why."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from analysis.run_files import load_plan
from tests.nemesis.acts import ACTS
from tests.nemesis.world import ROOT, World
from trainables.errors import DataError
from trainables.seals import unseal

VARIES: Mapping[str, str] = {
    "seconds": "what a phase took by the clock",
    "joules": "what a phase took by the device's meter",
    "finished": "when the trial ended",
    "planned": "when the plan was made",
    "host": "the machine that ran it",
    "check": "the checksum of a row, which covers the fields above",
}
# Younger files may be of a command that is running.
_OLD_S = 8 * 86_400


def without_varying(value: Any) -> Any:
    """Plain JSON without the fields of VARIES, at any depth."""
    if isinstance(value, dict):
        return {name: without_varying(one) for name, one in value.items() if name not in VARIES}
    if isinstance(value, list):
        return [without_varying(one) for one in value]
    return value


def canonical(text: str) -> str:
    return json.dumps(without_varying(json.loads(text)), sort_keys=True)


def content(run: Path) -> dict[str, str]:
    """What a run's folder says, by file: text of its tables, canonical JSON of the rest."""
    found = {
        f"trials/{path.name}": canonical(path.read_text())
        for path in sorted(run.glob("trials/*.json"))
    }
    table = pq.read_table(run / "trials.parquet")
    varying = tuple(VARIES)
    kept = [name for name in table.column_names if not name.endswith(varying)]
    rows = table.select(kept).to_pylist()
    for row in rows:
        row["row"] = canonical(row["row"])
    found["trials.parquet"] = json.dumps(rows, default=str)
    # A rival names its own folder, in its command and by itself.
    said = (run / "verdicts.json").read_text().replace(f"--run disk/{run.name}", "--run disk/run")
    found["verdicts.json"] = canonical(said.replace(f'"run": "{run.name}"', '"run": "run"'))
    for name in ("envelope.csv", "contrasts.csv"):
        found[name] = (run / name).read_text()
    return found


def differences(calm: Mapping[str, str], run: Path) -> list[str]:
    """Files that say something else than those of the calm run."""
    try:
        stormy = content(run)
    except (OSError, ValueError, KeyError) as error:
        return [f"{run.name}: cannot be read: {error!r}"]
    lines = [f"{run.name}: no {name}" for name in calm.keys() - stormy.keys()]
    lines += [f"{run.name}: {name} is one too many" for name in stormy.keys() - calm.keys()]
    for name in calm.keys() & stormy.keys():
        ours, theirs = calm[name], stormy[name]
        if ours != theirs:
            at = next(i for i, two in enumerate(zip(ours, theirs, strict=False)) if len({*two}) > 1)
            around = slice(max(0, at - 60), at + 60)
            lines.append(f"{run.name}: {name}: calm …{ours[around]}… storm …{theirs[around]}…")
    return lines


def lost_or_doubled(run: Path) -> list[str]:
    """Planned trials without exactly one row."""
    try:
        plan = load_plan(run)
    except DataError as error:
        return [str(error)]
    planned = Counter(spec.result_key for spec in plan.specs) if plan else Counter()
    rows = Counter(path.stem for path in run.glob("trials/*.json"))
    return [] if planned == rows else [f"{run.name}: {len(planned)} planned, rows of {len(rows)}"]


def computed_again(world: World) -> list[str]:
    """Computations beyond the first of each key that no fault explains; reads of what nobody committed."""
    events = world.events()
    begun = Counter((kind, key) for what, kind, key, *_ in events if what == "begins")
    committed = {sha for what, _, _, sha, _ in events if what == "commits"}
    unknown = {sha for what, _, _, sha, _ in events if what == "reads"} - committed
    acts = [ACTS[line.split(":")[0]] for line in world.schedule if not line.endswith(": nothing")]
    again = sum(act.again for act in acts)
    again += len(begun) * sum(act.spoils + act.rivals for act in acts)
    extra = sum(begun.values()) - len(begun)
    found = (
        [] if extra <= again else [f"{extra} values were computed again, faults explain {again}"]
    )
    most = [f"{one} begun {n} times" for one, n in begun.items() if n > 1 + len(acts)]
    return found + most + [f"read but never committed: {sha}" for sha in sorted(unknown)]


def litter(cache: Path) -> list[str]:
    """Files of a store that nothing leads to, after `cache gc` of all that is old."""
    seen = time.time() - _OLD_S
    for path in cache.rglob("*"):
        os.utime(path, (seen, seen), follow_symlinks=False)
    words = ["cache", "gc", "--older-than", "3650", "--yes", "--cache", str(cache)]
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return [f"cache gc ended with {done.returncode}: {done.stderr[-300:]}"]
    records = [unseal(ref.read_bytes()) for ref in cache.glob("refs/*/*/*/*.json")]
    needed = {record["sha256"] for record in records if record}
    left = [path for path in cache.glob("blobs/*/*") if path.name not in needed]
    left += [*cache.glob("tmp/*"), *cache.rglob(".*.tmp"), *cache.glob("progress/*/*/*")]
    return [f"nothing leads to {path.relative_to(cache)}" for path in left]


def complaints(world: World, calm: Mapping[str, str]) -> list[str]:
    """All that does not hold."""
    found = [*world.complaints, *computed_again(world)]
    for run in [world.run, *(one for one in [world.run.with_name("rival")] if one.exists())]:
        found += [*differences(calm, run), *lost_or_doubled(run)]
    found += [f"still running: {name}" for name in world.end_all()]
    return found + litter(world.cache)

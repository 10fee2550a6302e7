"""A trainer that can be stopped at three moments, and goes on from what it kept in its scratch.

python killed_trainer.py TRAIN TEST OUT SEED SCRATCH CONTROL: at a moment for which CONTROL/MOMENT exists it
writes its number there and waits to be killed.
"""

import csv
import json
import sys
import time
import zlib
from os import getpid
from pathlib import Path

MOMENTS = ("start", "middle", "end")
STEPS = 4


def main(train, test, out, seed, scratch, control):
    def moment(name):
        asked = Path(control) / name
        if asked.exists():
            asked.with_suffix(".tmp").write_text(str(getpid()))
            asked.with_suffix(".tmp").replace(asked.with_suffix(".here"))
            while True:
                time.sleep(1)

    kept = Path(scratch) / "state.json"
    moment("start")
    state = json.loads(kept.read_text()) if kept.exists() else {"step": 0, "value": 0}
    with Path(train).open(newline="") as file:
        rows = list(csv.DictReader(file))
    while state["step"] < STEPS:
        step = state["step"] + 1
        value = zlib.crc32(f"{state['value']} {step} {seed} {len(rows)}".encode())
        state = {"step": step, "value": value}
        kept.with_suffix(".tmp").write_text(json.dumps(state))
        kept.with_suffix(".tmp").replace(kept)
        if step == STEPS // 2:
            moment("middle")
    names = sorted({row["label"] for row in rows})
    with Path(test).open(newline="") as file, Path(out).open("w") as answer:
        print("predicted", file=answer)
        for row in csv.DictReader(file):
            drawn = zlib.crc32(f"{state['value']} {row['id']}".encode())
            print(names[drawn % len(names)], file=answer)
    moment("end")


main(*sys.argv[1:])

"""Many writers and many readers of one store: exact counts, no bad byte."""

import multiprocessing
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor

from orchestrator.store import atomic
from orchestrator.store.atomic import atomic_write
from orchestrator.store.local import ArtifactStore
from tests.faults import fork, in_fresh_process, kill
from trainables.seals import seal, unseal

WRITERS, ROWS = 8, 20
KILLED = (2, 5)
READERS, THREADS = 4, 4
LARGE = random.Random(0).randbytes(4 * 2**20)


def row_of(writer, number):
    return {"writer": writer, "number": number, "accuracy": (writer * 31 + number) % 97 / 97}


def write_rows(root, writer, halfway=None):
    store = ArtifactStore(root / "store")
    for number in range(ROWS):
        if number == ROWS // 2 and halfway is not None:
            os.write(halfway, b".")
            signal.pause()
        key = f"{writer}-{number}"
        row = seal(row_of(writer, number))
        path = store.get("result", key, lambda path, row=row: path.write_bytes(row))
        atomic_write(root / "rows" / f"{key}.json", path.read_bytes())


def rows_of_eight(root):
    """Eight writers of twenty rows each; two are killed half-way and begin again."""
    seen, halfway = os.pipe()
    halting = {
        writer: fork(lambda writer=writer: write_rows(root, writer, halfway)) for writer in KILLED
    }
    others = [
        fork(lambda writer=writer: write_rows(root, writer))
        for writer in range(WRITERS)
        if writer not in KILLED
    ]
    for _ in KILLED:
        os.read(seen, 1)
    for writer, child in halting.items():
        kill(child)
        others.append(fork(lambda writer=writer: write_rows(root, writer)))
    return [os.waitpid(child, 0)[1] for child in others]


def test_eight_writers_of_which_two_are_killed_leave_exactly_their_rows(tmp_path):
    assert in_fresh_process(rows_of_eight, tmp_path) == [0] * WRITERS
    rows = {path.stem: unseal(path.read_bytes()) for path in (tmp_path / "rows").iterdir()}
    wanted = {f"{w}-{n}": row_of(w, n) for w in range(WRITERS) for n in range(ROWS)}
    assert len(rows) == 160 and rows == wanted
    assert len(ArtifactStore(tmp_path / "store").keys("result")) == 160


def read_at_once(root, threads):
    def read(_):
        with ArtifactStore(root).find("scores", "key").open("rb") as file:
            return file.read() == LARGE

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(read, range(threads)))


def test_readers_at_once_all_find_the_whole_value(tmp_path):
    ArtifactStore(tmp_path).put("scores", "key", lambda path: path.write_bytes(LARGE))
    atomic._DIGESTS.clear()
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(READERS) as pool:
        good = pool.starmap(read_at_once, [(tmp_path, THREADS)] * READERS)
    assert sum(good) == READERS * THREADS

"""Every Python process of a storm starts with this: the store tells what it begins, commits and gives out.

One line an event in the file that CHAOS_HISTORY names: what, kind, key, sha256, process.
"""

import os
import sys
import time
from importlib.machinery import PathFinder


def watch_store(module):
    store = module.ArtifactStore
    commit, find = store._commit, store.find

    def told_commit(self, folder, record, make):
        kind, key = record["kind"], record["key"]
        tell("begins", kind, key)
        path = commit(self, folder, record, make)
        tell("commits", kind, key, path.name)
        return path

    def told_find(self, kind, key):
        path = find(self, kind, key)
        if path is not None:
            tell("reads", kind, key, path.name)
        return path

    store._commit, store.find = told_commit, told_find


def save_often(module):
    module.SAVE_EVERY_S = 0.2


def trust(module):
    if "CHAOS_BLIND" in os.environ:
        module.fault = lambda path, sha256, size: None if path.is_file() else "missing"


WATCHED = {
    "orchestrator.store.atomic": trust,
    "orchestrator.store.local": watch_store,
    "trainables.run_context": save_often,
}


def tell(what, kind, key, sha256="-"):
    line = f"{what} {kind} {key} {sha256} {os.getpid()}\n".encode()
    file = os.open(os.environ["CHAOS_HISTORY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line)
    os.close(file)


class Watcher:
    """Finds a watched module as Python would, and changes it when it has been loaded."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in WATCHED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module

        def load_and_watch(module):
            load(module)
            WATCHED[name](module)

        spec.loader.exec_module = load_and_watch
        return spec


if "CHAOS_HISTORY" in os.environ:
    sys.meta_path.insert(0, Watcher)
if shift_s := float(os.environ.get("CHAOS_CLOCK_S", "0")):
    clock = time.time
    time.time = lambda: clock() + shift_s

"""A cache in a folder, as plain as can be, that counts what was made."""

import shutil
from collections import Counter
from pathlib import Path


class FolderCache:
    def __init__(self, root: Path):
        self.root = root
        self.made = Counter()
        self.abouts = {}
        self._facts = {}

    def has(self, kind, key):
        return (self.root / f"{kind}-{key}").exists()

    def get(self, kind, key, make, *, about=None):
        path = self.root / f"{kind}-{key}"
        if not path.exists():
            self.made[kind] += 1
            self.abouts[kind, key] = about
            self._facts[kind, key] = make(path) or {}
        return path

    def put(self, kind, key, make, *, about=None):
        (self.root / f"{kind}-{key}").unlink(missing_ok=True)
        return self.get(kind, key, make, about=about)

    def facts(self, kind, key):
        return self._facts[kind, key]

    def progress(self, key):
        folder = self.root / f"progress-{key}"
        folder.mkdir(exist_ok=True)
        return folder

    def keep_progress(self, key):
        pass

    def clear_progress(self, key):
        shutil.rmtree(self.progress(key))

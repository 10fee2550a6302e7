"""From finished trials to a verdict and a report."""

import sys
from pathlib import Path

# `python -m` looks into the user's folder first, in which a file named like a package of ours must not hide it.
if sys.argv[0] == "-m":
    sys.path += [str(Path(__file__).parents[1]), sys.path.pop(0)]

from analysis.kept_rows import kept

__all__ = ["kept"]

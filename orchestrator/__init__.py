"""Which trials run, where, and what they share."""

import sys
from pathlib import Path

# `python -m` looks into the user's folder first, in which a file named like a package of ours must not hide it.
if sys.argv[0] == "-m":
    sys.path += [str(Path(__file__).parents[1]), sys.path.pop(0)]

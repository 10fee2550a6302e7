"""One small sweep under faults drawn by a seed, against the same sweep in calm: the same tables, byte for byte.

python tests/chaos.py [--seeds 10] [--first 0] [--rounds 6] [--keep FOLDER]
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # This folder has names of our packages in it.
    here = Path(__file__).parent
    sys.path = [str(here.parent), *(one for one in sys.path if Path(one or ".").resolve() != here)]
    import typer

    from tests.nemesis.storm import main

    typer.run(main)

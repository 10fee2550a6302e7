"""Bad data files: rows of the matrix from B30 on."""

from tests.bad_inputs.matrix import BadInput

ROWS: list[BadInput] = []

"""Bad folders of models: rows of the matrix."""

from tests.bad_inputs.matrix import BadInput

ROWS: list[BadInput] = []

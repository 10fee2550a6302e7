"""How many rows a rate leaves."""

from fractions import Fraction
from math import floor


def n_keep(n: int, rate: float) -> int:
    """How many of n rows stay: (1 - rate) n rounded up, exact where rate has few decimals."""
    return n - floor(Fraction(str(rate)) * n)

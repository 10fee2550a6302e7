"""From finished trials to a verdict and a report."""

from analysis.kept_rows import kept

__all__ = ["kept"]

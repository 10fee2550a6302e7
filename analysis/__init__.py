"""From finished trials to a verdict and a report."""

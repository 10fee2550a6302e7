"""The one HTML page of a run: cards, tables, figures."""

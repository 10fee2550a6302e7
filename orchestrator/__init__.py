"""Which trials run, where, and what they share."""

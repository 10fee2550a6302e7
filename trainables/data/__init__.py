"""Data sets: read, checked, split, named by content."""

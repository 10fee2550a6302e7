"""From what was asked to the tasks of a sweep."""

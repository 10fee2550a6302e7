"""The data set without the rows that a run's condition removes: its list, its files, what is shown of it."""

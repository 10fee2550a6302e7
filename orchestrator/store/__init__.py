"""Where artifacts and rows are kept."""

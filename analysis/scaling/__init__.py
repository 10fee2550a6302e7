"""Lines of error over kept size, the floor of an error, and comparisons of slopes above it."""

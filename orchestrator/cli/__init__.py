"""Commands beside the sweep: their flags, files and output."""

"""The training loop and its order of steps."""

"""Tasks run through Ray Tune, and watched."""

"""What one trial is and does: data, learners, signals, selectors and the method itself."""

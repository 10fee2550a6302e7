"""What a warmed-up learner and its data say about each sample."""

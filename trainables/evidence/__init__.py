"""What a warmed-up learner and its data say of each sample."""

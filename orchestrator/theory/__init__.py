"""The toy with an exact answer: which students are simulated, what the theory gives, and both beside each other."""

"""Trainers of the user's own, a function or a command: what is given to them, and what they answer."""

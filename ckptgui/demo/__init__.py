"""A small real training run to look at. torch is imported in its child process alone."""

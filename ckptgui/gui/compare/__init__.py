"""A run's checkpoints compared: what moved from one to the next, when something broke, and how it looks."""

"""The histogram of the inspector: its figures, its painting, its controls, and what can be saved of it."""

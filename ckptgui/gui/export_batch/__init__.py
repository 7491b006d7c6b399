"""Exporting a whole run: which of its checkpoints, under which names, and one row of progress each."""

"""Bytes: the one door through which checkpoint data is read."""

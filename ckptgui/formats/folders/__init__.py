"""Checkpoints that are several files in a folder: shards, and what trainers write."""

"""Layers × epochs: one figure of every tensor in every epoch as a map of colours."""

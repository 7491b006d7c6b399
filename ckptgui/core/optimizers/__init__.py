"""Optimizers by their saved state: what they are, and which parameter each slot belongs to."""

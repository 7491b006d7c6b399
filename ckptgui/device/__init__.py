"""Tensors on a GPU, or in memory, held by torch in a process of its own; the window's process never imports it."""

"""The words of the trade: dtypes, extents, tensors, checkpoints. Knows no file format, no Qt, no torch."""

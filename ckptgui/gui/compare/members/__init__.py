"""Which checkpoints are compared, and in which order: as they are found, and as somebody wants them."""

"""The optimizer lens: the update that each parameter took last, against its size."""

"""Whether a model would load a state dict, and under which other names it would; from headers alone."""

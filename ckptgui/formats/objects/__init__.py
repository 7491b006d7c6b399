"""From the graph of a saved object to tensors, modules, sections and plain values."""

"""The parameter tree: a flat table of visible rows that looks and behaves like a tree."""

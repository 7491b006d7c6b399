"""The parameter tree in columns: grown from names, joined, folded, sorted, searched."""

"""The table of a tensor's values: its slice, jumps in it, what is copied and saved of it."""

"""The page of a file as a whole, and its panels."""

"""Zip archives: their directories, headers and names, checked against each other."""

"""What changed between A and B, a row a tensor."""

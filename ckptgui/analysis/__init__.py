"""What can be computed from chunks of values: reductions that merge, and what their results mean."""

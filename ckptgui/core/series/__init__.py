"""The checkpoints of one training beside each other: their order, and which tensor of one is which of another."""

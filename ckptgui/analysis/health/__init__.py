"""What a person should look at first: findings from the figures of a checkpoint's tensors, worst first."""

"""What is wrong with a checkpoint, found in the background and shown where one looks."""

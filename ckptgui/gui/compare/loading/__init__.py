"""Will it load? A checkpoint held against a model's names and shapes, in a dialogue."""

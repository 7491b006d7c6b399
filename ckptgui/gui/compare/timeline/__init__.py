"""The epochs above everything: figures of the training, and the handles A and B."""

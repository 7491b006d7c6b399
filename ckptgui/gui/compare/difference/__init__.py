"""The difference of A and B for the selected tensor as a picture."""

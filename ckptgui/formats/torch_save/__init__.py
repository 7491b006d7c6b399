"""What torch.save has written over the years, and pickles by themselves."""

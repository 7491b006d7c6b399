"""The picture of a tensor: what is read for it, how it is coloured, where it is placed and moved."""

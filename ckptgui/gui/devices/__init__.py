"""The window's side of devices: what there is, what is moved there, and where each tensor is now."""

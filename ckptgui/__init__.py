"""ckptgui: see what is in a PyTorch checkpoint without running it."""

__version__ = "0.1.0"

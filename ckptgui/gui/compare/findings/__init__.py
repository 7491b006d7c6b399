"""The run itself: which step broke it, and what its folder holds."""

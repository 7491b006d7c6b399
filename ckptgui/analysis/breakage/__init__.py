"""Which step broke it: the first epoch in which something of a run turned NaN, froze, jumped or was set back."""

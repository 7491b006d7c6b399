"""The only loop over bytes, and the jobs that run it in the background."""

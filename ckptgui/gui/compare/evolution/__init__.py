"""How the selected tensor or module went over the epochs: its distribution and its figures."""

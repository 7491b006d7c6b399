"""The headless front: every answer of the window, for scripts and for ssh. Knows no Qt and no torch."""

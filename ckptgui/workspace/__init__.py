"""What is open, chosen and known already: runs, settings, recent files, the desktop. Knows no Qt."""

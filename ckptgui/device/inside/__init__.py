"""What runs in the process that has torch; nothing outside of it imports this room."""

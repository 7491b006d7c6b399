"""The window. It places things and decides nothing; Qt is imported in this room alone."""

"""How a checkpoint is loaded with its own library, as Python made from its keys."""

"""What a checkpoint says of its training: how far it was, and what there is to go on with."""

"""What is known of the thing that is selected: a tensor, a module, a value, or the file itself."""

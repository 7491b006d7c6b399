"""What ``compare --json`` answers, made from what is known of a series; the window saves it beside its report."""

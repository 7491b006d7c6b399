"""What a cast to a narrower type would lose, type by type."""

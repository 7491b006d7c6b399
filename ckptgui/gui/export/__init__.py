"""Export: the dialogue with its presets, options and preview, exporting at one click, and what came of it."""

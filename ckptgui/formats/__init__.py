"""Header parsers, one module a format: from a file's first bytes and tables to a ``Checkpoint``."""

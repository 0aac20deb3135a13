"""Ports filled without I/O: for tests, for throw-away servers, and for what one process keeps in memory."""

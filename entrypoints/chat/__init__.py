"""A conversation in a terminal, on the use cases themselves: no HTTP between."""

"""What the use cases need of the world. What a port's docstrings say is what its contract tests check."""

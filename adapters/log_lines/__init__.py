"""What the server does, as lines of the log."""

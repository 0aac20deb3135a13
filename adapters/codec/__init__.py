"""What is kept, as JSON: the one thing that adapters share, so that every store reads and writes the same."""

"""Sessions, runs and prompts as files that people can read, copy and back up."""

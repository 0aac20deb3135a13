"""An Ollama server as its clients see it: the same bytes at the same moments, and faults at a test's word."""

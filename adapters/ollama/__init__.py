"""The Ollama server, over HTTP."""

"""What the server does: use cases over ports. No aiohttp, no Ollama, no files, no SQL."""

"""The HTTP API (contract, sections 1 to 5 and 10): aiohttp stays in here."""

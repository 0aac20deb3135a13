"""Whole servers with the demo model, to open pages of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from entrypoints.lifespan import create_app
from entrypoints.serving import listening
from entrypoints.settings import Settings


@asynccontextmanager
async def demo_server(folder: Path, **settings: Any) -> AsyncIterator[str]:  # the settings have types of their own
    """Its address."""
    app = create_app(Settings(data_dir=folder, llm="demo", port=0, summarization_enabled=False, **settings))
    async with listening(app, "127.0.0.1", 0) as [bound]:
        yield bound.url

"""A server over real files with something in them, and whether any of it has changed."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from entrypoints.lifespan import create_app
from entrypoints.serving import listening
from entrypoints.settings import Settings
from tests.http.requests_of import KEPT, KEPT_PROMPT

TOOL = 'def echo(text: str) -> str:\n    """Give the text back."""\n    return text\n'


class Canary:
    """What lies in a folder, file by file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._was = self._now()

    def changes(self) -> list[str]:
        """The files that came, went or became others since the beginning."""
        now = self._now()
        return sorted(name for name in self._was.keys() | now.keys() if self._was.get(name) != now.get(name))

    def _now(self) -> Mapping[str, str]:
        files = [path for path in self._folder.rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self._folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if "__pycache__" not in path.parts
        }


@asynccontextmanager
async def canary_server(folder: Path, **settings: Any) -> AsyncIterator[tuple[int, Canary]]:
    """Its port, and a canary of its folder; it has the session, prompt and tool that valid requests speak of."""
    (folder / "tools").mkdir(parents=True)
    (folder / "tools" / "echo.py").write_text(TOOL)
    (folder / "system_prompts").mkdir()
    (folder / "system_prompts" / KEPT_PROMPT).write_text("kept")
    app = create_app(Settings(data_dir=folder, llm="demo", port=0, summarization_enabled=False, **settings))
    async with listening(app, "127.0.0.1", 0) as [bound]:
        key = settings.get("api_keys", ("",))[0]
        await _keep_session(bound.url, {"Authorization": f"Bearer {key}"} if key else {})
        yield bound.port, Canary(folder)


async def _keep_session(url: str, headers: Mapping[str, str]) -> None:
    file = {
        "metadata": {"session_id": KEPT.session_id, "model": "demo", "format_version": "1.4"},
        "messages": [{"role": message.role, "content": message.content} for message in KEPT.messages],
    }
    async with aiohttp.ClientSession(url, headers=headers) as client:
        made = await client.post("/api/v1/sessions/import", json=file)
        assert made.status == 201, await made.text()

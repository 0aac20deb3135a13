"""What the relays that mochi-server is measured against share: the wire, and how they are served."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Final, TypedDict

import orjson
import uvloop
from aiohttp import web


class Chat(TypedDict):
    model: str
    messages: list[dict[str, str]]


CHAT: Final[Chat] = {"model": "tiny", "messages": [{"role": "user", "content": "go"}]}
SSE_HEADERS: Final = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


def event(content: str, *, done: bool) -> bytes:
    """Named as the server names its own, so that one reader serves both."""
    name = b"done" if done else b"content_delta"
    return b"event: %b\ndata: %b\n\n" % (name, orjson.dumps({"content": content}))


def serve(application: Coroutine[None, None, web.Application]) -> None:
    """On a free port, until SIGTERM; on uvloop, as the server itself."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(application))


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _serve(application: Coroutine[None, None, web.Application]) -> None:
    app = await application
    app.router.add_get("/api/v1/health", _health)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()

"""The floor: an aiohttp server that asks Ollama through aiohttp's client, parses each line and writes it as one event.

It keeps nothing, checks nothing and knows no sessions. `python -m benchmarks.bare_relay OLLAMA_URL`
"""

import sys

import aiohttp
import orjson
from aiohttp import web

from benchmarks.relay_program import CHAT, SSE_HEADERS, event, serve

OLLAMA = web.AppKey("OLLAMA", aiohttp.ClientSession)


async def relay(request: web.Request) -> web.StreamResponse:
    await request.read()
    response = web.StreamResponse(headers=SSE_HEADERS)
    await response.prepare(request)
    async with request.app[OLLAMA].post("/api/chat", json=CHAT) as answer:
        async for line in answer.content:
            piece = orjson.loads(line)
            await response.write(event(piece["message"]["content"], done=piece["done"]))
    await response.write_eof()
    return response


async def application(ollama: str) -> web.Application:
    app = web.Application()
    app[OLLAMA] = aiohttp.ClientSession(
        ollama, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
    )
    app.router.add_post("/stream", relay)
    return app


if __name__ == "__main__":
    serve(application(sys.argv[1]))

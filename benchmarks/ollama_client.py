"""The same relay as `bare_relay`, through the `ollama` package's client as it comes.

`python -m benchmarks.ollama_client OLLAMA_URL`
"""

import sys

import ollama
from aiohttp import web

from benchmarks.relay_program import CHAT, SSE_HEADERS, event, serve

OLLAMA = web.AppKey("OLLAMA", ollama.AsyncClient)


async def relay(request: web.Request) -> web.StreamResponse:
    await request.read()
    response = web.StreamResponse(headers=SSE_HEADERS)
    await response.prepare(request)
    answer = await request.app[OLLAMA].chat(CHAT["model"], CHAT["messages"], stream=True)
    async for piece in answer:
        await response.write(event(piece.message.content or "", done=bool(piece.done)))
    await response.write_eof()
    return response


async def application(host: str) -> web.Application:
    app = web.Application()
    app[OLLAMA] = ollama.AsyncClient(host, timeout=None)
    app.router.add_post("/stream", relay)
    return app


if __name__ == "__main__":
    serve(application(sys.argv[1]))

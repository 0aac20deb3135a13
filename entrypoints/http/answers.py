"""Values as answers. Large ones are made in a thread, so that they hold up no stream."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from entrypoints.http.json_bytes import to_json

LARGE_ANSWER_CHARACTERS = 256 * 1024


def json_answer(value: object, status: int = 200) -> web.Response:
    return _answer(to_json(value), status)


async def rendered_answer(render: Callable[[], object], characters: int, status: int = 200) -> web.Response:
    """What `render` makes, as JSON. `characters` is about how many it will have."""
    if characters < LARGE_ANSWER_CHARACTERS:
        return json_answer(render(), status)
    return _answer(await asyncio.to_thread(lambda: to_json(render())), status)


def _answer(body: bytes, status: int) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json", charset=None)

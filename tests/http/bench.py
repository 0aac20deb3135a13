"""The API over parts in memory, and what a test of it asks for again and again."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from entrypoints.http.app import build_app
from entrypoints.http.config import HttpConfig
from entrypoints.http.open_stream import StreamKeeper
from tests.unit.application.bench import Bench

Client: TypeAlias = TestClient[web.Request, None]
ClientFactory: TypeAlias = Callable[[web.Application], Awaitable[Client]]
Json: TypeAlias = Any  # what an answer holds is for each test to say

VERSION = "1.2.3"


class HttpBench(Bench):
    """The application over all parts of the bench."""

    def app(self, **settings: Json) -> web.Application:
        config = HttpConfig(version=VERSION, **settings)
        return build_app(self.container.use_cases(), config, StreamKeeper(), self.container.observer())


async def error_of(answer: ClientResponse, status: int, code: str) -> Json:
    """The details of an error, which must have this status, this code and the one form of all errors."""
    body = await answer.json()
    assert (answer.status, body["error"]["code"]) == (status, code), body
    assert answer.content_type == "application/json"
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["message"]
    return body["error"]["details"]


async def json_of(answer: ClientResponse, status: int = 200) -> Json:
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/json"
    return await answer.json()

"""A server over parts in memory, run as in production, and a client of it."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pytest_aiohttp import AiohttpClient

from entrypoints.http.runner import HttpRunner
from tests.http.bench import Client, ClientFactory, HttpBench


class _Server(TestServer):
    async def _make_runner(self, **kwargs: Any) -> web.AppRunner:  # the test server's own signature
        return HttpRunner(self.app, **kwargs)


@pytest.fixture
def start_client(aiohttp_client: AiohttpClient) -> ClientFactory:
    async def start(app: web.Application) -> Client:
        return await aiohttp_client(_Server(app))

    return start


@pytest.fixture
def bench() -> HttpBench:
    return HttpBench()


@pytest.fixture
async def client(start_client: ClientFactory, bench: HttpBench) -> Client:
    return await start_client(bench.app())

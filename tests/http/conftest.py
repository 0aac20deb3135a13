"""A server over parts in memory, and a client of it."""

import pytest

from tests.http.bench import Client, ClientFactory, HttpBench


@pytest.fixture
def bench() -> HttpBench:
    return HttpBench()


@pytest.fixture
async def client(aiohttp_client: ClientFactory, bench: HttpBench) -> Client:
    return await aiohttp_client(bench.app())

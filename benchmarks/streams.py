"""Many streams read at once, at almost no cost: what comes is kept with its time, and looked at when all is over."""

import asyncio
import math
import re
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TypeVar
from urllib.parse import urlsplit

import orjson

PATIENCE_SECONDS = 300.0
GOLDEN_RATIO = (math.sqrt(5) - 1) / 2
DELTA = b"event: content_delta\n"
_STAMP = re.compile(rb'event: content_delta\ndata: \{"content":"(\d+)"')


def get(url: str, path: str) -> bytes:
    """The bytes of a request after which the server closes the connection."""
    return f"GET {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nConnection: close\r\n\r\n".encode()


def post(url: str, path: str, body: object) -> bytes:
    """Likewise, with a body of JSON."""
    data = orjson.dumps(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + data


class OutOfOrder(Exception):
    """A relay that does not relay: its figures are worth nothing."""


class Refused(Exception):
    """A request that was not answered as it should be."""


@dataclass(slots=True)
class Stream:
    """What one request brought. `times_ns` are of the monotonic clock, one for each block."""

    asked_ns: int
    blocks: list[bytes] = field(default_factory=list)
    times_ns: list[int] = field(default_factory=list)

    @property
    def bytes(self) -> bytes:
        return b"".join(self.blocks)

    @property
    def is_ok(self) -> bool:
        return bool(re.match(rb"HTTP/1\.1 2", self.bytes))

    @property
    def deltas(self) -> int:
        return self.bytes.count(DELTA)

    @property
    def whole_ns(self) -> int:
        """From the request to the last byte."""
        return self.times_ns[-1] - self.asked_ns

    @property
    def first_delta_ns(self) -> int:
        """From the request to the first piece of text."""
        return self._came_ns(self.bytes.index(DELTA)) - self.asked_ns

    def delays_ns(self) -> list[int]:
        """Of each piece, which is the time at which it was sent off, different for each. Raises OutOfOrder."""
        ends = list(accumulate(map(len, self.blocks)))
        sent = [(int(match[1]), match.end()) for match in _STAMP.finditer(self.bytes)]
        if any(later[0] <= earlier[0] for earlier, later in pairwise(sent)):
            raise OutOfOrder("a piece came twice, or too late")
        return [self.times_ns[bisect_left(ends, end)] - sent_ns for sent_ns, end in sent]

    def _came_ns(self, offset: int) -> int:
        ends = list(accumulate(map(len, self.blocks)))
        return self.times_ns[bisect_left(ends, offset + 1)]


class _Reader(asyncio.Protocol):
    def __init__(self) -> None:
        self.stream = Stream(time.monotonic_ns())
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.stream.times_ns.append(time.monotonic_ns())
        self.stream.blocks.append(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


class _ReaderThatTells(_Reader):
    def __init__(self) -> None:
        super().__init__()
        self.has_text = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if DELTA in data:
            self.has_text.set()


_AnyReader = TypeVar("_AnyReader", bound=_Reader)


async def read_all(url: str, requests: Sequence[bytes], spread: float = 0.0) -> list[Stream]:
    """All at once, their starts `spread` over so many seconds; over when the server has closed each connection.

    Starts are even, but in no step with a pace: tokens of all streams would else come at the same moments.
    """
    delays = [spread * (number * GOLDEN_RATIO % 1) for number in range(len(requests))]
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.gather(*map(_read, [url] * len(requests), requests, delays))


@asynccontextmanager
async def open_all(url: str, requests: Sequence[bytes], spread: float = 0.0) -> AsyncIterator[None]:
    """Each has brought a piece of text; closed on leaving."""
    opened = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        for request in requests:
            opened.append(await _open(url, request, _ReaderThatTells))
            await asyncio.sleep(spread / len(requests))
        for _, reader in opened:
            await reader.has_text.wait()
    yield
    for transport, reader in opened:
        transport.close()
        await reader.ended


async def read_one(url: str, request: bytes) -> Stream:
    """Raises Refused."""
    stream = await _read(url, request, 0)
    if not stream.is_ok:
        raise Refused(stream.bytes.decode())
    return stream


async def _read(url: str, request: bytes, delay: float) -> Stream:
    await asyncio.sleep(delay)
    _, reader = await _open(url, request, _Reader)
    await reader.ended
    return reader.stream


async def _open(url: str, request: bytes, protocol: Callable[[], _AnyReader]) -> tuple[asyncio.Transport, _AnyReader]:
    host, _, port = urlsplit(url).netloc.rpartition(":")
    transport, reader = await asyncio.get_running_loop().create_connection(protocol, host, int(port))
    reader.stream.asked_ns = time.monotonic_ns()
    transport.write(request)
    return transport, reader

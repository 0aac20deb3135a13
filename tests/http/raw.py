"""Requests byte by byte, as no client library would send them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from tests.http.bench import Json
from tests.http.test_stream_framing import unchunked

Headers: TypeAlias = Iterable[tuple[str, str]]

PATIENCE = 20.0
"""Seconds for what takes a fraction of one on an idle machine."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """Of an error in the one form of all; empty for another answer."""
        if self.headers.get("content-type") != "application/json" or self.status < 400:
            return ""
        error: Json = orjson.loads(self.body)["error"]
        assert set(error) == {"code", "message", "details"}
        code: str = error["code"]
        return code


def request_bytes(method: str, target: str, headers: Headers, body: bytes = b"", version: str = "HTTP/1.1") -> bytes:
    lines = [f"{method} {target} {version}", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def exchange(port: int, request: bytes) -> RawAnswer:
    """Sends it, and reads until the server hangs up."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request)
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    is_chunked = headers.get("transfer-encoding") == "chunked"
    return RawAnswer(int(first.split(" ")[1]), headers, unchunked(body) if is_chunked else body)

"""The way to Ollama: a request and its answer over a connection of their own, under httpx's client and beside it.

httpx's own pool stops at a hundred streams without a word and costs three times the CPU a piece. Kept connections save
a local handshake and bring back the old race in which the server closes an idle one just as a POST, which nobody may
repeat blindly, is written to it.
"""

import asyncio
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpx
from aiohappyeyeballs import start_connection

from adapters.ollama.errors import Refusal
from adapters.ollama.receiver import Receiver, Take

_AT_ONCE: Final = 256 * 1024
"""Bytes of a request that are written before the next are: to encrypt a large one in one go holds the loop up."""

_OWN_HEADERS: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_SECOND_ADDRESS_AFTER: Final = 0.25
"""Seconds until a name's next address is tried beside the first (RFC 8305, section 5)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, and what is the same for all of them: seconds for a connection, and of silence.

    `head` is that of a request up to its length.
    """

    host: str
    port: int
    is_secure: bool
    head: bytes
    connect_seconds: float
    silence_seconds: float


def target_of(request: httpx.Request) -> Target:
    """`request` without its body."""
    url, timeout = request.url, request.extensions["timeout"]
    is_secure = url.scheme == "https"
    headers = [pair for pair in request.headers.raw if pair[0].lower() not in _OWN_HEADERS]
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), url.raw_path), *map(b": ".join, headers)]
    return Target(
        host=url.raw_host.decode(),
        port=url.port or (443 if is_secure else 80),
        is_secure=is_secure,
        head=b"\r\n".join([*lines, b"Connection: close", b"Content-Length: "]),
        connect_seconds=timeout["connect"],
        silence_seconds=timeout["read"],
    )


async def exchange(target: Target, content: bytes, take: Take) -> None:
    """Send a request with this body and hand the blocks of the answer's to `take`, until it has all or there are none.

    Raises httpx.TransportError, Refusal for any other status than success, and what `take` raises. However it is left,
    the connection is closed, and with it ends what the server does.
    """
    receiver = Receiver(take, target.silence_seconds)
    try:
        await _connect(target, receiver)
        await receiver.send(b"%b%d\r\n\r\n%b" % (target.head, len(content), content[:_AT_ONCE]))
        rest = memoryview(content)[_AT_ONCE:]
        for start in range(0, len(rest), _AT_ONCE):
            await receiver.send(rest[start : start + _AT_ONCE])
        await receiver.ended
    finally:
        receiver.close()


class ExchangeTransport(httpx.AsyncBaseTransport):
    """No limit on connections, no redirects, no cookies, no proxies; timeouts are those of the httpx request."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        blocks: list[bytes] = []

        def take(block: bytes) -> bool:
            blocks.append(block)
            return False

        try:
            await exchange(target_of(request), await request.aread(), take)
        except Refusal as refusal:
            return httpx.Response(refusal.status, text=refusal.text)
        return httpx.Response(200, content=b"".join(blocks))


async def _connect(target: Target, receiver: Receiver) -> None:
    try:
        async with asyncio.timeout(target.connect_seconds):
            await _open(target, receiver)
    except TimeoutError as error:
        raise httpx.ConnectError(f"no connection within {target.connect_seconds:g} seconds") from error
    except (OSError, UnicodeError) as error:  # The latter for a name that none can be, such as one with a long label.
        raise httpx.ConnectError(str(error)) from error


async def _open(target: Target, receiver: Receiver) -> None:
    loop = asyncio.get_running_loop()
    secure = await asyncio.to_thread(_secure_context) if target.is_secure else None
    if _is_address(target.host):
        await loop.create_connection(lambda: receiver, target.host, target.port, ssl=secure)
        return
    addresses = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    connected = await start_connection(addresses, happy_eyeballs_delay=_SECOND_ADDRESS_AFTER)
    server_name = target.host if secure else None
    await loop.create_connection(lambda: receiver, sock=connected, ssl=secure, server_hostname=server_name)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@cache
def _secure_context() -> ssl.SSLContext:
    """Reads all the certificates of the machine: for a thread, when it is first needed."""
    return ssl.create_default_context()

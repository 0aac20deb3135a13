"""The bytes between us and a server, or whatever stands in its place: framing, encryption, the way there."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import trustme

from adapters.ollama import exchange as exchanging
from adapters.ollama.errors import Refusal
from adapters.ollama.exchange import exchange, target_of
from adapters.ollama.receiver import LONGEST_HEAD, LONGEST_REFUSAL

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def served(serve: Serve, host: str = "127.0.0.1", secure: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server whose connections `serve` serves."""

    async def until_served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer)
        writer.close()

    async with await asyncio.start_server(until_served, host, 0, ssl=secure) as server:
        yield server.sockets[0].getsockname()[1]


def answering(*blocks: bytes) -> Serve:
    """Each of them a write of its own, after the request has come."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for block in blocks:
            writer.write(block)
            await writer.drain()
            await asyncio.sleep(0)

    return serve


async def body_of(url: str, content: bytes = b"{}", *, seconds: float = 5.0) -> bytes:
    blocks: list[bytes] = []

    def take(block: bytes) -> bool:
        blocks.append(block)
        return False

    timeout = httpx.Timeout(seconds)
    request = httpx.Request("POST", url, extensions={"timeout": timeout.as_dict()})
    await exchange(target_of(request), content, take)
    return b"".join(blocks)


async def answer_to(*blocks: bytes, seconds: float = 5.0) -> bytes:
    async with served(answering(*blocks)) as port:
        return await body_of(f"http://127.0.0.1:{port}/api/chat", seconds=seconds)


@pytest.mark.parametrize(
    "blocks",
    [
        [HEAD + b"Content-Length: 5\r\n\r\nwhole"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n3;x=y\r\nole\r\n0\r\nTrailer: 1\r\n\r\n"],
        [HEAD + b"\r\nwhole"],
        [b"HTTP/1.0 200 OK\r\n\r\n", b"wh", b"ole"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"Content-Length: 5\r\n\r\nwhole"],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + HEAD + b"Content-Length: 5\r\n\r\nwhole"],
        [HEAD + b"Content-Encoding: identity\r\nContent-Length: 5\r\n\r\nwhole"],
        [bytes([each]) for each in HEAD + b"Content-Length: 5\r\n\r\nwhole"],
    ],
)
async def test_a_body_ends_where_its_framing_says(blocks: list[bytes]) -> None:
    assert await answer_to(*blocks) == b"whole"


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [b"\r\n"],
        [b"garbage\r\n\r\n"],
        [b"HTTP/1.1 200"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
        [HEAD + b"Content-Length: 6\r\n\r\nwhole"],
        [HEAD + b"Content-Length: five\r\n\r\nwhole"],
        [HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nwhole"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\nwhole\r\n0\r\n\r\n"],
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nwhole"],
        [HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nwhole"],
        [HEAD + b"X: ", *[b"x" * LONGEST_HEAD] * 20, b"\r\n\r\nwhole"],
        [b"HTTP/1.1 103 Early Hints\r\n\r\n" * (LONGEST_HEAD // 20)],
    ],
)
async def test_what_is_no_answer(blocks: list[bytes]) -> None:
    with pytest.raises(httpx.HTTPError):
        await answer_to(*blocks)


async def test_the_request_is_one_that_any_server_reads() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        seen.append(await reader.readexactly(9))
        writer.write(HEAD + b"Content-Length: 0\r\n\r\n")

    async with served(serve) as port:
        assert await body_of(f"http://127.0.0.1:{port}/behind/a%20proxy/api/chat?x=1", b'{"a": "\xc3"}'[:9]) == b""

    lines = seen[0].decode().lower().split("\r\n")
    assert lines[0] == "post /behind/a%20proxy/api/chat?x=1 http/1.1"
    assert f"host: 127.0.0.1:{port}" in lines
    assert lines.count("connection: close") == lines.count("content-length: 9") == 1


async def test_a_refusal_has_its_words_up_to_a_limit() -> None:
    words = b"no " * LONGEST_REFUSAL

    with pytest.raises(Refusal) as raised:
        await answer_to(b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\n\r\n" % len(words), words)

    assert (raised.value.status, len(raised.value.text)) == (503, LONGEST_REFUSAL)


async def test_a_refusal_without_end_is_one() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 Broken\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"<p>" * 10_000)
                await writer.drain()

    async with asyncio.timeout(20), served(serve) as port:
        with pytest.raises(Refusal):
            await body_of(f"http://127.0.0.1:{port}/")


async def test_a_large_request_arrives_whole() -> None:
    content = bytes(range(256)) * 40_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        got = await reader.readexactly(len(content))
        writer.write(HEAD + b"\r\n" + (b"same" if got == content else b"other"))

    async with served(serve) as port:
        assert await body_of(f"http://127.0.0.1:{port}/", content) == b"same"


async def test_a_server_may_refuse_a_large_request_unread() -> None:
    async with served(answering(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")) as port:
        with pytest.raises((Refusal, httpx.ReadError)):
            await body_of(f"http://127.0.0.1:{port}/", bytes(50_000_000))


async def test_a_server_that_takes_no_large_request_is_silent() -> None:
    is_over = asyncio.Event()

    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await is_over.wait()

    async with served(serve) as port:
        with pytest.raises(httpx.ReadTimeout):
            await body_of(f"http://127.0.0.1:{port}/", bytes(50_000_000), seconds=0.3)
        is_over.set()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_name_leads_to_the_address_that_is_served(host: str) -> None:
    """`localhost` may be ::1 first, where nobody is."""
    async with served(answering(HEAD + b"\r\nhere")) as port:
        assert await body_of(f"http://{host}:{port}/") == b"here"


async def test_an_address_of_the_sixth_version() -> None:
    try:
        async with served(answering(HEAD + b"\r\nhere"), "::1") as port:
            assert await body_of(f"http://[::1]:{port}/") == b"here"
    except OSError:
        pytest.skip("this machine has no IPv6")


async def test_a_name_that_no_machine_can_have() -> None:
    with pytest.raises(httpx.ConnectError):
        await body_of(f"http://{'a' * 70}.example:1/")


async def test_a_connection_that_never_comes() -> None:
    # 192.0.2.0/24 is nobody's (RFC 5737).
    with pytest.raises(httpx.ConnectError):
        await body_of("http://192.0.2.1:1/", seconds=0.2)


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS, which our side trusts meanwhile, as `localhost`."""
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr(exchanging, "_secure_context", lambda: trusting)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(secure)
    return secure


async def test_an_encrypted_way(secure: ssl.SSLContext) -> None:
    content = bytes(3_000_000)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(content))
        writer.write(HEAD + b"\r\nsecret")

    async with served(serve, secure=secure) as port:
        assert await body_of(f"https://localhost:{port}/", content) == b"secret"


async def test_a_certificate_of_another_name_is_refused(secure: ssl.SSLContext) -> None:
    async with served(answering(HEAD + b"\r\nsecret"), secure=secure) as port:
        with pytest.raises(httpx.ConnectError):
            await body_of(f"https://127.0.0.1:{port}/")


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanging, "_secure_context", ssl.create_default_context)
    async with served(answering(HEAD + b"\r\nsecret"), secure=secure) as port:
        with pytest.raises(httpx.ConnectError):
            await body_of(f"https://localhost:{port}/")

"""The bytes of a stream, as a socket sees them."""

import asyncio

from tests.fakes.scripted_model import saying
from tests.http.bench import Client, HttpBench


async def raw_answer(client: Client, version: str, session_id: str) -> bytes:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    body = b'{"message":"hi"}'
    head = f"POST /api/v1/chat/{session_id}/stream {version}\r\nHost: {client.host}\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    return answer


def unchunked(body: bytes) -> bytes:
    """The body of a chunked answer; it must be framed to the last byte."""
    pieces = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(body[:length])
        assert body[length : length + 2] == b"\r\n"
        body = body[length + 2 :]
        if not length:
            assert body == b""
    return b"".join(pieces)


async def test_a_stream_is_framed_as_its_headers_say(client: Client, bench: HttpBench) -> None:
    session = await bench.keep()
    bench.model.reply_next(saying(*"abc"), saying(*"abc"))
    head, _, body = (await raw_answer(client, "HTTP/1.1", session.session_id)).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert unchunked(body).endswith(b'"status":"completed"}\n\n')
    head, _, body = (await raw_answer(client, "HTTP/1.0", session.session_id)).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert body.startswith(b"retry: 2000\n\nid: ")
    assert body.endswith(b'"status":"completed"}\n\n')

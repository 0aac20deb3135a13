"""What goes wrong in the server, or is no HTTP at all, has the form of all errors and shows nothing of the inside."""

import asyncio
import json
import logging
import re

import pytest
from aiohttp import ClientPayloadError, web

from domain import errors as domain_errors
from domain.errors import MochiError
from domain.session import Session
from entrypoints.http import errors as http_errors
from entrypoints.http.errors import STATUS_BY_CODE
from entrypoints.logging_setup import JsonFormatter
from tests.http.bench import Client, ClientFactory, HttpBench, error_of

SESSION = "/api/v1/sessions/00000000ff"
SECRET = "/home/somebody/secret"


async def test_a_fault_is_logged_and_not_shown(
    client: Client, bench: HttpBench, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(session_id: str) -> Session:
        raise RuntimeError(SECRET + session_id)

    bench.sessions.load = broken  # type: ignore[method-assign]  # nothing in memory fails by itself
    with caplog.at_level(logging.ERROR):
        answer = await client.get(SESSION)
    details = await error_of(answer, 500, "INTERNAL_ERROR")
    shown = await answer.text()
    assert SECRET not in shown
    assert "Traceback" not in shown
    record = next(record for record in caplog.records if details["request_id"] in record.getMessage())
    assert record.exc_info is not None
    assert SECRET in caplog.text


@pytest.mark.parametrize(
    "error", [KeyError("x"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, SECRET), RecursionError(), TimeoutError()]
)
async def test_no_fault_escapes(client: Client, bench: HttpBench, error: Exception) -> None:
    async def broken(session_id: str) -> Session:
        assert session_id == "00000000ff"
        raise error

    bench.sessions.load = broken  # type: ignore[method-assign]  # nothing in memory fails by itself
    await error_of(await client.get(SESSION), 500, "INTERNAL_ERROR")


async def test_an_answer_that_has_begun_is_broken_off(
    start_client: ClientFactory, bench: HttpBench, caplog: pytest.LogCaptureFixture
) -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"begun")
        raise RuntimeError(SECRET)

    app = bench.app()
    app.router.add_get("/stream", stream)
    client = await start_client(app)
    answer = await client.get("/stream", headers={"Origin": "http://localhost"})
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost"
    with pytest.raises(ClientPayloadError):
        await answer.read()
    assert SECRET in caplog.text


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"BREW /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /api/v1/health HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /api/v1/health HTTP/1.1\r\n\r\n",
        b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_an_error_too(client: Client, garbage: bytes) -> None:
    head, body = await _answer_to(client, garbage)
    assert head.split(b" ")[1] == b"400"
    assert b"application/json" in head
    assert json.loads(body)["error"]["code"] == "VALIDATION_ERROR"
    assert b"X-Content-Type-Options: nosniff" in head


async def test_what_is_no_http_is_found_in_the_log_by_its_id(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caplog.handler, "formatter", JsonFormatter())
    with caplog.at_level(logging.INFO):
        head, _ = await _answer_to(client, b"nonsense\r\n\r\n")
    found = re.search(rb"X-Request-ID: (\w+)", head)
    assert found is not None
    [line] = [line for line in map(json.loads, caplog.text.splitlines()) if line.get("request_id") == found[1].decode()]
    assert "400" in line["message"]
    assert "127.0.0.1" not in line["message"]


@pytest.mark.parametrize("long", [b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 9000])
async def test_a_line_that_is_too_long_is_told_apart(client: Client, long: bytes) -> None:
    _, body = await _answer_to(client, long + b"\r\nHost: localhost\r\n\r\n")
    assert "longer than 8190 bytes" in json.loads(body)["error"]["message"]


@pytest.mark.parametrize(
    "chunks", [b"x\r\n", b"5\r\n{}\r\n", b"-1\r\n\r\n", b"f" * 40 + b"\r\n"], ids=["size", "data", "sign", "huge"]
)
async def test_a_broken_transfer_gets_an_error_too(client: Client, chunks: bytes) -> None:
    head, body = await _answer_to(
        client,
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"\r\n",
    )
    assert head.split(b" ")[1] in {b"400", b"422"}
    assert json.loads(body)["error"]["code"] == "VALIDATION_ERROR"


async def _answer_to(client: Client, request: bytes) -> tuple[bytes, bytes]:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), timeout=10)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def test_every_code_that_can_be_raised_has_a_status() -> None:
    classes = [
        value
        for module in (domain_errors, http_errors)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, MochiError)
    ]
    assert len(classes) > 20
    assert {error.code for error in classes} <= set(STATUS_BY_CODE)

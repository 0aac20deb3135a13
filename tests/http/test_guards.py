"""What every request passes before its route, for every operation; a refused one changes nothing."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from domain.session import Session
from entrypoints.http.routes.pages import FILES
from tests.http.bench import Client, ClientFactory, HttpBench, error_of
from tests.http.requests_of import ALL_REQUESTS, KEPT, KEPT_PROMPT, ValidRequest

HEALTH = "/api/v1/health"
FREE_PATHS = {HEALTH, "/openapi.json", *(page_file.path for page_file in FILES)}
SESSIONS = "/api/v1/sessions"
EVIL = "https://evil.example"
KEY = "a-key"

CHANGING_REQUESTS = [request for request in ALL_REQUESTS if request.method != "GET"]


@pytest.fixture
async def untouched(bench: HttpBench) -> AsyncIterator[None]:
    """A session and a prompt that must be as they were when the test is over, and no others beside them."""
    await bench.keep(KEPT)
    await bench.keep_prompt(KEPT_PROMPT, "kept")
    yield
    assert await _everything(bench) == ([KEPT], {KEPT_PROMPT: "kept"})
    assert bench.catalog.asked == []
    assert bench.supervisor.all_runs() == []


async def _everything(bench: HttpBench) -> tuple[list[Session], dict[str, str]]:
    page = await bench.sessions.list_sessions()
    prompts = {prompt.filename: prompt.content for prompt in await bench.prompts.list_prompts()}
    return [await bench.sessions.load(overview.session_id) for overview in page.sessions], prompts


async def send(client: Client, valid: ValidRequest, status: int, code: str, **headers: str) -> None:
    answer = await client.request(valid.method, valid.path, json=valid.body, headers=headers)
    await error_of(answer, status, code)


@pytest.mark.usefixtures("untouched")
async def test_a_strange_host_is_refused_everywhere(client: Client) -> None:
    for valid in ALL_REQUESTS:
        await send(client, valid, 421, "HOST_NOT_ALLOWED", Host="evil.example", Authorization="Bearer wrong")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("origin", [EVIL, "null", "https://localhost.evil.example"])
async def test_a_foreign_page_changes_nothing(client: Client, origin: str) -> None:
    for valid in CHANGING_REQUESTS:
        await send(client, valid, 403, "FORBIDDEN", Origin=origin)


@pytest.mark.usefixtures("untouched")
async def test_a_cross_site_form_changes_nothing(client: Client) -> None:
    for valid in CHANGING_REQUESTS:
        await send(client, valid, 403, "FORBIDDEN", **{"Sec-Fetch-Site": "cross-site"})


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer ", "Bearer", f"Basic {KEY}", KEY])
async def test_without_a_key_nothing_is_told_but_what_is_free(
    start_client: ClientFactory, bench: HttpBench, authorization: str | None
) -> None:
    client = await start_client(bench.app(api_keys=(KEY, "another")))
    headers = {"Authorization": authorization} if authorization else {}
    for valid in ALL_REQUESTS:
        answer = await client.request(valid.method, valid.path, json=valid.body, headers=headers)
        if valid.path in FREE_PATHS:
            assert answer.status == 200
        else:
            await error_of(answer, 401, "UNAUTHORIZED")
            assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.usefixtures("untouched")
async def test_a_body_that_is_too_large_is_refused_everywhere(start_client: ClientFactory, bench: HttpBench) -> None:
    client = await start_client(bench.app(max_request_bytes=10))
    for valid in ALL_REQUESTS:
        for body in (b'{"a": 12345}', _chunks(b'{"a":', b" 12345}")):
            answer = await client.request(valid.method, valid.path, data=body, headers={"Content-Type": "text/plain"})
            assert (await error_of(answer, 413, "PAYLOAD_TOO_LARGE")) == {"limit": 10}


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""],
)
async def test_a_body_that_is_no_json_is_refused_everywhere(client: Client, content_type: str) -> None:
    for valid in ALL_REQUESTS:
        answer = await client.request(
            valid.method, valid.path, data=b'{"model": "llama"}', headers={"Content-Type": content_type}
        )
        await error_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("removed", "status", "code"),
    [
        (set(), 421, "HOST_NOT_ALLOWED"),
        ({"Host"}, 403, "FORBIDDEN"),
        ({"Host", "Origin"}, 401, "UNAUTHORIZED"),
        ({"Host", "Origin", "Authorization"}, 413, "PAYLOAD_TOO_LARGE"),
        ({"Host", "Origin", "Authorization", "size"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Host", "Origin", "Authorization", "size", "type"}, 404, "NOT_FOUND"),
    ],
)
async def test_the_guards_stand_in_their_order_before_routes_that_are_not_there_too(
    start_client: ClientFactory, bench: HttpBench, removed: set[str], status: int, code: str
) -> None:
    """All is wrong with the first request; each next one rights what the one before was refused for."""
    client = await start_client(bench.app(api_keys=(KEY,), max_request_bytes=10))
    wrong = {"Host": "evil.example", "Origin": EVIL, "Authorization": "Bearer wrong"}
    headers = {"Authorization": f"Bearer {KEY}"} | {name: wrong[name] for name in wrong if name not in removed}
    headers["Content-Type"] = "application/json" if "type" in removed else "text/plain"
    body = b"{}" if "size" in removed else b"x" * 11
    await error_of(await client.post("/no/such/route", data=body, headers=headers), status, code)


@pytest.mark.parametrize("authorization", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER  {KEY} ", "Bearer another"])
async def test_any_key_opens_under_any_case_of_the_scheme(
    start_client: ClientFactory, bench: HttpBench, authorization: str
) -> None:
    client = await start_client(bench.app(api_keys=(KEY, "another")))
    assert (await client.get(SESSIONS, headers={"Authorization": authorization})).status == 200


async def test_two_authorizations_are_none(start_client: ClientFactory, bench: HttpBench) -> None:
    client = await start_client(bench.app(api_keys=(KEY,)))
    headers = [("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {KEY}")]
    answer = await client.get(SESSIONS, headers=headers)
    assert answer.status in {400, 401}


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", "application/json; charset=UTF-8"])
async def test_json_is_known_in_every_spelling(client: Client, content_type: str) -> None:
    answer = await client.post(SESSIONS, data=b'{"model": "llama"}', headers={"Content-Type": content_type})
    assert answer.status == 201


@pytest.mark.parametrize("path", ["/fork", "/export"])
async def test_no_body_is_fine_where_none_is_needed_whatever_its_type(
    client: Client, bench: HttpBench, path: str
) -> None:
    await bench.keep(KEPT)
    method = "POST" if path == "/fork" else "GET"
    answer = await client.request(
        method, f"{SESSIONS}/{KEPT.session_id}{path}", data=b"", headers={"Content-Type": "text/plain"}
    )
    assert answer.status in {200, 201}


async def test_a_body_of_exactly_the_limit_is_taken(start_client: ClientFactory, bench: HttpBench) -> None:
    body = b'{"model": "llama"}'
    client = await start_client(bench.app(max_request_bytes=len(body)))
    headers = {"Content-Type": "application/json"}
    assert (await client.post(SESSIONS, data=body, headers=headers)).status == 201
    assert (await client.post(SESSIONS, data=_chunks(body), headers=headers)).status == 201
    await error_of(await client.post(SESSIONS, data=body + b" ", headers=headers), 413, "PAYLOAD_TOO_LARGE")


async def test_a_compressed_body_counts_as_what_it_becomes(start_client: ClientFactory, bench: HttpBench) -> None:
    client = await start_client(bench.app(max_request_bytes=1000))
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    small = gzip.compress(b'{"model": "llama"}')
    assert (await client.post(SESSIONS, data=small, headers=headers)).status == 201
    bomb = gzip.compress(b" " * 100_000)
    await error_of(await client.post(SESSIONS, data=bomb, headers=headers), 413, "PAYLOAD_TOO_LARGE")


async def test_a_client_that_waits_is_told_to_go_on_only_after_the_guards(client: Client) -> None:
    async def ask(length: int) -> bytes:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        head = (
            f"POST {SESSIONS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode())
        line = await reader.readline()
        writer.close()
        return line

    assert await ask(18) == b"HTTP/1.1 100 Continue\r\n"
    assert (await ask(10**12)).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("expected", ["100-continue", "cake"])
@pytest.mark.parametrize(
    ("path", "host", "status"),
    [("/nowhere", "localhost", 404), ("/nowhere", "evil.example", 421), (HEALTH, "localhost", 200)],
)
async def test_what_is_expected_answers_nobody_before_the_guards(
    client: Client, path: str, host: str, status: int, expected: str
) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nExpect: {expected}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"application/json" in answer


async def test_a_waiting_client_is_invited_once_where_no_route_is(client: Client) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    head = "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"{}")
    assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
    writer.close()


async def test_a_waiting_client_gets_its_answer(client: Client) -> None:
    answer = await client.post(SESSIONS, json={"model": "llama"}, expect100=True)
    assert answer.status == 201


async def test_get_is_open_to_every_page_but_read_by_none(client: Client) -> None:
    answer = await client.get(HEALTH, headers={"Origin": EVIL, "Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert "Access-Control-Allow-Origin" not in answer.headers

"""Which hosts are answered, which pages may call, and what their browsers are told."""

import asyncio

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from entrypoints.http.hosts import HostRule
from entrypoints.http.origins import OriginRule
from tests.http.bench import Client, ClientFactory, HttpBench, error_of

SESSIONS = "/api/v1/sessions"
PAGE = "http://localhost:5173"
LOOPBACK_HOSTS = [
    "localhost",
    "LocalHost:8000",
    "localhost.",
    "localhost:",
    "127.0.0.1",
    "127.9.9.9:80",
    "[::1]",
    "[::1]:8000",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]:1",
]
ADDRESSES = ["10.0.0.7", "192.168.1.5:8000", "[fe80::1]", "[fe80::1%25eth0]:80", "0.0.0.0"]
STRANGE_HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "evil.localhost",
    "127.0.0.1.evil.example",
    "127.1",
    "2130706433",
    "0x7f000001",
    "localhost..",
    "localhost:80:80",
    "localhost:x",
    "user@localhost",
    "localhost/x",
    "localhost#",
    "local host",
    "[::1",
    "::1",
    "[localhost]",
    "[]",
    ".",
    "",
    "*",
    "null",
]


@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
@pytest.mark.parametrize("bound", ["127.0.0.1", "localhost", "::1", "0.0.0.0", "10.0.0.7"])
def test_loopback_names_are_always_answered(host: str, bound: str) -> None:
    assert HostRule(bound, ()).allows([host], "/")


@pytest.mark.parametrize("host", STRANGE_HOSTS)
@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0", ""])
def test_what_a_page_could_bend_is_never_answered(host: str, bound: str) -> None:
    assert not HostRule(bound, ()).allows([host], "/")


@pytest.mark.parametrize("host", ADDRESSES)
def test_addresses_are_answered_on_a_bind_that_others_can_reach(host: str) -> None:
    assert HostRule("0.0.0.0", ()).allows([host], "/")
    assert HostRule("::", ()).allows([host], "/")
    assert HostRule("mybox.lan", ()).allows([host], "/")
    assert not HostRule("127.0.0.1", ()).allows([host], "/")
    assert not HostRule("localhost", ()).allows([host], "/")
    assert not HostRule("::1", ()).allows([host], "/")


@pytest.mark.parametrize("host", ["mybox.lan", "MYBOX.LAN:8000", "mybox.lan.", "chat.example", "chat.example:1"])
def test_the_bound_and_the_allowed_names_are_answered(host: str) -> None:
    rule = HostRule("mybox.lan", ("Chat.Example:443",))
    assert rule.allows([host], "/")
    assert not rule.allows([f"x{host}"], "/")


def test_an_allowed_address_may_be_written_without_brackets() -> None:
    rule = HostRule("127.0.0.1", ("fd00::7", "10.0.0.7:80"))
    assert rule.allows(["[fd00:0::7]:8000"], "/")
    assert rule.allows(["10.0.0.7"], "/")
    assert not rule.allows(["[fd00::8]"], "/")


def test_a_request_names_its_host_exactly_once() -> None:
    rule = HostRule("127.0.0.1", ())
    assert not rule.allows([], "/")
    assert not rule.allows(["localhost", "localhost"], "/")
    assert not rule.allows(["localhost", "evil.example"], "/")


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("http://localhost/x", True),
        ("http://localhost:8000?x", True),
        ("http://evil.example/x", False),
        ("HTTP://evil.example", False),
        ("http://localhost@evil.example/", False),
        ("http:///x", False),
        ("//evil.example/x", True),  # a path, to aiohttp too
    ],
)
def test_an_absolute_target_names_a_host_too(target: str, *, allowed: bool) -> None:
    assert HostRule("127.0.0.1", ()).allows(["localhost"], target) is allowed


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n", 200),
        (b"GET http://localhost/api/v1/health HTTP/1.1\r\nHost: localhost\r\n", 200),
        (b"GET http://evil.example/api/v1/health HTTP/1.1\r\nHost: localhost\r\n", 421),
        (b"GET http://localhost/api/v1/health HTTP/1.1\r\nHost: evil.example\r\n", 421),
        (b"GET /api/v1/health HTTP/1.0\r\n", 421),
        (b"GET /api/v1/health HTTP/1.1\r\nHost: \r\n", 421),
    ],
)
async def test_targets_and_hosts_as_they_come_over_the_wire(client: Client, head: bytes, status: int) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(head + b"Connection: close\r\n\r\n")
    answered = await reader.read()
    writer.close()
    assert answered.split(b" ", 2)[1] == str(status).encode()
    assert (b"HOST_NOT_ALLOWED" in answered) == (status == 421)


def headers_of(**headers: str) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}))


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "https://LOCALHOST:3000", "http://127.0.0.1:5173", "http://[::1]:1", "http://localhost."],
)
def test_pages_of_this_machine_may_call(origin: str) -> None:
    assert OriginRule(()).allows(headers_of(Origin=origin, Host="localhost:8000"))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "localhost",
        "http://",
        "ftp://localhost",
        "tauri://localhost",
        "file://",
        "http://localhost.evil.example",
        "http://evil@localhost",
        "http://localhost:x",
        "http://chat.example:81",
        "https://chat.example.evil",
    ],
)
def test_other_pages_may_not(origin: str) -> None:
    assert not OriginRule(("https://chat.example",)).allows(headers_of(Origin=origin, Host="localhost:8000"))


@pytest.mark.parametrize(
    "origin", ["https://chat.example", "https://chat.example:443", "HTTPS://Chat.Example", "app://x"]
)
def test_pages_that_the_settings_name_may_call(origin: str) -> None:
    rule = OriginRule(("https://chat.example/", "app://x"))
    assert rule.allows(headers_of(Origin=origin, Host="localhost"))


def test_an_origin_is_its_scheme_and_port_too() -> None:
    rule = OriginRule(("https://chat.example",))
    assert not rule.allows(headers_of(Origin="http://chat.example", Host="localhost"))
    assert not rule.allows(headers_of(Origin="https://chat.example:444", Host="localhost"))


def test_the_servers_own_pages_may_call() -> None:
    rule = OriginRule(())
    assert rule.allows(headers_of(Origin="http://10.0.0.7:8000", Host="10.0.0.7:8000"))
    assert rule.allows(headers_of(Origin="https://chat.example", Host="chat.example"))
    assert not rule.allows(headers_of(Origin="http://10.0.0.7:9000", Host="10.0.0.7:8000"))
    assert not rule.allows(headers_of(Origin="http://10.0.0.8:8000", Host="10.0.0.7:8000"))


@pytest.mark.parametrize(("site", "allowed"), [("cross-site", False), ("Cross-Site ", False), ("same-origin", True)])
def test_without_an_origin_the_site_decides(site: str, *, allowed: bool) -> None:
    assert OriginRule(()).allows(headers_of(Sec_Fetch_Site=site, Host="localhost")) is allowed


def test_a_star_lets_all_call() -> None:
    rule = OriginRule(("*",))
    assert rule.allows(headers_of(Origin="https://evil.example"))
    assert rule.allows(headers_of(Origin="null"))
    assert rule.allows(headers_of(Sec_Fetch_Site="cross-site"))


def test_two_origins_are_foreign() -> None:
    headers = CIMultiDict([("Origin", "http://localhost"), ("Origin", "http://localhost")])
    assert not OriginRule(()).allows(CIMultiDictProxy(headers))


async def test_a_preflight_needs_no_key_and_tells_what_is_allowed(
    start_client: ClientFactory, bench: HttpBench
) -> None:
    client = await start_client(bench.app(api_keys=("key",)))
    for path in (SESSIONS, "/no/such/route"):
        answer = await client.options(
            path,
            headers={"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"},
        )
        assert (answer.status, await answer.read()) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(
            answer.headers["Access-Control-Allow-Methods"].split(", ")
        )
        assert {"Authorization", "Content-Type", "Last-Event-ID", "Idempotency-Key"} == set(
            answer.headers["Access-Control-Allow-Headers"].split(", ")
        )
        assert answer.headers.getall("Vary") == ["Origin"]


async def test_a_foreign_preflight_is_refused(client: Client) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await client.options(SESSIONS, headers=headers)
    await error_of(answer, 403, "FORBIDDEN")
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_page_may_read_answers_and_errors(client: Client) -> None:
    for path in (SESSIONS, f"{SESSIONS}/0000000001", "/no/such/route"):
        answer = await client.get(path, headers={"Origin": PAGE})
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Vary"] == "Origin"
    answer = await client.post(SESSIONS, data=b"x", headers={"Origin": PAGE})
    assert answer.status == 415
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]


async def test_all_pages_read_where_all_may_call(start_client: ClientFactory, bench: HttpBench) -> None:
    client = await start_client(bench.app(cors_origins=("*",)))
    answer = await client.post(SESSIONS, json={"model": "llama"}, headers={"Origin": "https://any.example"})
    assert answer.status == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_options_without_a_page_tells_the_methods(client: Client) -> None:
    answer = await client.options(SESSIONS)
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")

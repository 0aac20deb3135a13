"""Every route against every kind of request that must not come through, byte by byte; and nothing changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from tests.http.canary import canary_server
from tests.http.raw import RawAnswer, exchange, request_bytes
from tests.http.requests_of import ALL_REQUESTS, ValidRequest

KEY = "a-key"
JSON_HEADER = ("Content-Type", "application/json")
HOST = ("Host", "localhost")
REFUSALS = {"HOST_NOT_ALLOWED", "FORBIDDEN", "UNAUTHORIZED", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A request that is made of each valid one. `code` is what it gets, or what all but GET get where `spares_get`."""

    name: str
    code: str
    headers: tuple[tuple[str, str], ...] = (HOST, JSON_HEADER)
    target: str = "{path}"
    version: str = "HTTP/1.1"
    body: bytes | None = None
    method: str = ""
    spares_get: bool = False

    def __str__(self) -> str:
        return self.name

    def bytes_for(self, valid: ValidRequest) -> bytes:
        body = self.body if self.body is not None else orjson.dumps(valid.body) if valid.body is not None else b""
        target = self.target.replace("{path}", valid.path)
        return request_bytes(self.method or valid.method, target, self.headers, body, self.version)

    def expected(self, valid: ValidRequest) -> str:
        return "" if self.spares_get and (self.method or valid.method) == "GET" else self.code


def foreign_hosts() -> Iterator[Attack]:
    for host in ("evil.example", "localhost.evil.example", "localhost@evil.example", "127.0.0.1.evil.example", "[::2]"):
        yield Attack(name=f"Host {host}", code="HOST_NOT_ALLOWED", headers=(("Host", host), JSON_HEADER))
    for version in ("HTTP/1.0", "HTTP/1.1"):
        code = "HOST_NOT_ALLOWED" if version == "HTTP/1.0" else "VALIDATION_ERROR"
        yield Attack(name=f"{version} without Host", code=code, version=version, headers=(JSON_HEADER,))
    twice = (HOST, ("Host", "evil.example"), JSON_HEADER)
    yield Attack(name="two Hosts", code="VALIDATION_ERROR", headers=twice)
    for target in (
        "http://evil.example{path}",
        "https://evil.example:443{path}",
        "http://localhost@evil.example{path}",
    ):
        yield Attack(name=f"target {target}", code="HOST_NOT_ALLOWED", target=target)
    own = "http://localhost{path}"
    yield Attack(
        name="own target, foreign Host", code="HOST_NOT_ALLOWED", target=own, headers=(("Host", "evil.example"),)
    )


def foreign_pages() -> Iterator[Attack]:
    origins = (
        *("https://evil.example", "null", "http://localhost.evil.example", "http://localhost@evil.example", "file://"),
        *("", "http://", "localhost", "http://evil.example#localhost", "chrome-extension://abcdef", "http://[::2]"),
    )
    for origin in origins:
        headers = (HOST, ("Origin", origin), JSON_HEADER)
        yield Attack(name=f"Origin {origin}", code="FORBIDDEN", headers=headers, spares_get=True)
        simple = (HOST, ("Origin", origin), ("Content-Type", "text/plain"))
        yield Attack(
            name=f"form of {origin}", code="FORBIDDEN", headers=simple, body=b"{}", method="POST", spares_get=True
        )
        asking = (*headers, ("Access-Control-Request-Method", "POST"))
        yield Attack(name=f"preflight of {origin}", code="FORBIDDEN", headers=asking, body=b"", method="OPTIONS")
    for site in ("cross-site", "CROSS-SITE"):
        headers = (HOST, ("Sec-Fetch-Site", site), JSON_HEADER)
        yield Attack(name=f"no Origin, {site}", code="FORBIDDEN", headers=headers, spares_get=True)
    twice = (HOST, ("Origin", "http://localhost"), ("Origin", "https://evil.example"), JSON_HEADER)
    yield Attack(name="two Origins", code="FORBIDDEN", headers=twice, spares_get=True)
    strange = (("Host", "evil.example"), ("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST"))
    yield Attack(name="preflight to a bent name", code="HOST_NOT_ALLOWED", headers=strange, method="OPTIONS", body=b"")


def strange_bodies() -> Iterator[Attack]:
    types = (
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    )
    for media_type in (*types, "application/json-patch+json", "text/json", "application/json,text/plain"):
        headers = (HOST, ("Content-Type", media_type))
        yield Attack(name=f"type {media_type}", code="UNSUPPORTED_MEDIA_TYPE", headers=headers, body=b"{}")
    yield Attack(name="no type", code="UNSUPPORTED_MEDIA_TYPE", headers=(HOST,), body=b"{}")


ATTACKS = [*foreign_hosts(), *foreign_pages(), *strange_bodies()]
WRONG_KEYS: Mapping[str, str | None] = {
    "no key": None,
    "a wrong key": "Bearer wrong",
    "an empty key": "Bearer ",
    "a key's beginning": f"Bearer {KEY[:-1]}",
    "a key and more": f"Bearer {KEY}{KEY}",
    "another scheme": f"Basic {KEY}",
    "no scheme": KEY,
    "two in one": f"Bearer {KEY}, Bearer {KEY}",
}


def check(attack: Attack, valid: ValidRequest, answer: RawAnswer) -> None:
    expected = attack.expected(valid)
    if expected and (attack.method or valid.method) != "HEAD":
        assert answer.code == expected, (str(valid), answer)
    elif not expected:
        assert answer.code not in REFUSALS, (str(valid), answer)
    assert "access-control-allow-origin" not in answer.headers, str(valid)
    if answer.status != 400:  # what is no HTTP has no answer of a route's
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_no_route_does_anything_for_what_the_guards_refuse(tmp_path: Path) -> None:
    async with canary_server(tmp_path / "data") as (port, canary):
        for attack in ATTACKS:
            for valid in ALL_REQUESTS:
                check(attack, valid, await exchange(port, attack.bytes_for(valid)))
            assert canary.changes() == [], attack.name


async def test_no_route_does_anything_without_a_key(tmp_path: Path) -> None:
    async with canary_server(tmp_path / "data", api_keys=(KEY,)) as (port, canary):
        for name, authorization in WRONG_KEYS.items():
            headers = [HOST, JSON_HEADER, *([("Authorization", authorization)] if authorization else [])]
            for valid in ALL_REQUESTS:
                body = orjson.dumps(valid.body) if valid.body is not None else b""
                answer = await exchange(port, request_bytes(valid.method, valid.path, headers, body))
                if valid.operation.needs_key:
                    assert (answer.status, answer.code) == (401, "UNAUTHORIZED"), (name, str(valid))
                    assert answer.headers["www-authenticate"] == "Bearer"
                else:
                    assert answer.status == 200, (name, str(valid))
            assert canary.changes() == [], name


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443"])
async def test_a_preflight_of_a_page_that_may_call_needs_no_key_and_does_nothing(tmp_path: Path, origin: str) -> None:
    async with canary_server(tmp_path / "data", api_keys=(KEY,)) as (port, canary):
        for valid in ALL_REQUESTS:
            headers = [HOST, ("Origin", origin), ("Access-Control-Request-Method", valid.method)]
            answer = await exchange(port, request_bytes("OPTIONS", valid.path, headers))
            assert answer.status == 204, str(valid)
            assert answer.headers["access-control-allow-origin"] == origin
            allowed = answer.headers["access-control-allow-headers"].lower()
            assert {"authorization", "last-event-id", "idempotency-key"} <= set(allowed.split(", "))
            assert valid.method in answer.headers["access-control-allow-methods"]
        assert canary.changes() == []


@pytest.mark.parametrize("origin", [None, "http://localhost:5173"])
async def test_what_may_pass_does_pass_and_the_canary_would_have_told(tmp_path: Path, origin: str | None) -> None:
    """The other side of the matrix: the same requests, rightly made, are let through by every guard."""
    async with canary_server(tmp_path / "data", api_keys=(KEY,)) as (port, canary):
        headers = [HOST, JSON_HEADER, ("Authorization", f"Bearer {KEY}"), ("Sec-Fetch-Site", "same-origin")]
        headers += [("Origin", origin)] if origin else []
        for valid in ALL_REQUESTS:
            body = orjson.dumps(valid.body) if valid.body is not None else b""
            answer = await exchange(port, request_bytes(valid.method, valid.path, headers, body))
            assert answer.code not in {*REFUSALS, "METHOD_NOT_ALLOWED", "NOT_FOUND", "INTERNAL_ERROR"}, str(valid)
            assert answer.headers.get("access-control-allow-origin") == origin
        assert canary.changes() != []

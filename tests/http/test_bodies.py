"""Bodies that are no plain JSON, or not what they should be, are refused quickly and by name."""

import asyncio
import io
import json
import logging
from collections.abc import Mapping

import pytest

from entrypoints.http.bodies import MAX_VALUES
from tests.http.bench import Client, ClientFactory, HttpBench, Json, error_of, json_of
from tests.http.requests_of import KEPT, KEPT_PROMPT, WITH_BODY

SESSIONS = "/api/v1/sessions"
PATIENCE = 8.0
"""Seconds; less than the ten for which aiohttp goes on reading what is left of a body."""

JSON_TYPE = {"Content-Type": "application/json"}

BOMBS: Mapping[str, bytes] = {
    "empty": b"",
    "blank": b" \n",
    "not JSON": b"{",
    "two documents": b"{} {}",
    "trailing comma": b'{"model": "llama",}',
    "single quotes": b"{'model': 'llama'}",
    "comment": b'{"model": "llama"} // x',
    "array": b"[]",
    "string": b'"llama"',
    "number": b"1",
    "null": b"null",
    "NaN": b'{"model": NaN}',
    "Infinity": b'{"model": -Infinity}',
    "infinite number": b'{"model": 1e400}',
    "long integer": b'{"model": ' + b"9" * 5000 + b"}",
    "long number as document": b"1" * 100_000,
    "deep arrays": b'{"model": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep and open": b"[" * 1_000_000,
    "deeper than allowed": b'{"model": ' + b"[" * 101 + b"]" * 101 + b"}",
    "doubled key": b'{"model": "llama", "model": "small"}',
    "doubled key below": b'{"model": "llama", "tool_settings": {"tools": [], "tools": []}}',
    "doubled key by escape": b'{"model": "llama", "\\u006dodel": "small"}',
    "byte order mark": b'\xef\xbb\xbf{"model": "llama"}',
    "UTF-16": '{"model": "llama"}'.encode("utf-16"),
    "Latin-1": '{"model": "llämä"}'.encode("latin-1"),
    "overlong UTF-8": b'{"model": "\xc0\xaf"}',
    "surrogate in UTF-8": b'{"model": "\xed\xa0\x80"}',
    "lone surrogate": b'{"model": "\\ud800"}',
    "lone surrogate in a key": b'{"\\ud800": "llama"}',
    "lone surrogate below": b'{"model": "llama", "tool_settings": {"tool_policies": {"\\udfff": "never_confirm"}}}',
    "raw control character": b'{"model": "a\nb"}',
    "NUL byte": b'{"model": "llama"}\0',
    "many keys": b'{"a":0' + b"".join(b',"a%d":0' % number for number in range(60_000)) + b"}",
    "one key many times": b'{"a":0' + b',"a":0' * 60_000 + b"}",
    "long key": b'{"' + b"a" * 1_000_000 + b'":0}',
    "long exponent": b'{"a": 1e' + b"9" * 100_000 + b"}",
    "long fraction": b'{"a": 0.' + b"0" * 1_000_000 + b"1}",
    "many escapes": b'{"a": "' + b"\\u0000" * 200_000 + b'"}',
    "wide arrays": b'{"a": [[]' + b",[]" * 60_000 + b"]}",
    "more values than anybody sends": b'{"a": [0' + b",0" * MAX_VALUES + b"]}",
    "more strings than anybody sends": b'{"a": ["b"' + b',"b"' * 2 * MAX_VALUES + b"]}",
    "open string": b'{"a": "' + b"a" * 1_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
async def test_no_operation_takes_what_is_no_plain_json(client: Client, bench: HttpBench, name: str) -> None:
    await bench.keep(KEPT)
    await bench.keep_prompt(KEPT_PROMPT, "kept")
    for valid in WITH_BODY:
        if not BOMBS[name] and valid.operation.body_may_be_absent:
            continue
        answer = await client.request(valid.method, valid.path, data=io.BytesIO(BOMBS[name]), headers=JSON_TYPE)
        details = await error_of(answer, 422, "VALIDATION_ERROR")
        assert details["field"] == details["errors"][0]["field"]
        assert all(error["field"] and error["message"] for error in details["errors"]), valid
    assert await bench.sessions.load(KEPT.session_id) == KEPT
    assert bench.catalog.asked == []


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-7", "nonsense", "utf-8-sig"])
async def test_another_charset_is_refused(client: Client, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    answer = await client.post(SESSIONS, data=b'{"model": "llama"}', headers=headers)
    details = await error_of(answer, 422, "VALIDATION_ERROR")
    assert charset in details["errors"][0]["message"]


async def test_every_operation_refuses_unknown_fields_by_name(client: Client, bench: HttpBench) -> None:
    await bench.keep(KEPT)
    await bench.keep_prompt(KEPT_PROMPT, "kept")
    for valid in WITH_BODY:
        if valid.operation.path.endswith("/import"):
            continue  # what is unknown in a session file is kept
        answer = await client.request(valid.method, valid.path, json={**valid.body, "bogus": 1})
        details = await error_of(answer, 422, "VALIDATION_ERROR")
        assert {"field": "bogus", "message": "There is no such field."} in details["errors"]
    assert await bench.sessions.load(KEPT.session_id) == KEPT


async def test_a_body_where_none_is_read_holds_no_fields(client: Client) -> None:
    await json_of(await client.get("/api/v1/health", json={}))
    answer = await client.get("/api/v1/health", json={"bogus": 1})
    assert (await error_of(answer, 422, "VALIDATION_ERROR"))["errors"][0]["field"] == "bogus"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "model"),
        ({"model": 1}, "model"),
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": ["llama"]}, "model"),
        ({"model": "llama", "system_prompt": 1}, "system_prompt"),
        ({"model": "llama", "tool_settings": []}, "tool_settings"),
        ({"model": "llama", "tool_settings": {"tools": "weather"}}, "tool_settings.tools"),
        ({"model": "llama", "tool_settings": {"tools": {"weather": 1}}}, "tool_settings.tools"),
        ({"model": "llama", "tool_settings": {"tools": [1]}}, "tool_settings.tools.0"),
        ({"model": "llama", "tool_settings": {"execution_policy": "ask"}}, "tool_settings.execution_policy"),
        ({"model": "llama", "tool_settings": {"tool_policies": {"x": "ask"}}}, "tool_settings.tool_policies.x"),
        ({"model": "llama", "tool_settings": {"bogus": 1}}, "tool_settings.bogus"),
        ({"model": "llama", "agent_settings": {"enabled_agents": [None]}}, "agent_settings.enabled_agents.0"),
        ({"model": "llama", "context_window": {}}, "context_window.manual_override"),
        ({"model": "llama", "context_window": {"manual_override": 1}}, "context_window.manual_override"),
        ({"model": "llama", "context_window": {"manual_override": "true"}}, "context_window.manual_override"),
        (
            {"model": "llama", "context_window": {"manual_override": True, "current_window": "1"}},
            "context_window.current_window",
        ),
        (
            {"model": "llama", "context_window": {"manual_override": True, "current_window": True}},
            "context_window.current_window",
        ),
        (
            {"model": "llama", "context_window": {"manual_override": True, "current_window": 1.5}},
            "context_window.current_window",
        ),
        (
            {"model": "llama", "context_window": {"manual_override": True, "current_window": 0}},
            "context_window.current_window",
        ),
        (
            {"model": "llama", "context_window": {"manual_override": True, "current_window": 2**64}},
            "context_window.current_window",
        ),
    ],
)
async def test_a_wrong_value_is_refused_by_the_name_of_its_field(client: Client, body: Json, field: str) -> None:
    details = await error_of(await client.post(SESSIONS, json=body), 422, "VALIDATION_ERROR")
    assert field in {error["field"] for error in details["errors"]}


@pytest.mark.parametrize("body", [[], "text", 5, {"model": "llama", "tool_settings": []}])
async def test_what_is_no_object_is_told_without_names_of_classes(client: Client, body: Json) -> None:
    details = await error_of(await client.post(SESSIONS, json=body), 422, "VALIDATION_ERROR")
    assert [error["message"] for error in details["errors"]][:1] == ["Input should be an object."]


async def test_a_whole_number_is_one_however_json_writes_it(client: Client, bench: HttpBench) -> None:
    await bench.keep(KEPT)
    body = b'{"model": "llama", "context_window": {"manual_override": true, "current_window": 1024.0}}'
    created = await json_of(await client.post(SESSIONS, data=body, headers=JSON_TYPE), 201)
    assert created["context_window"]["current_window"] == 1024
    fork = await client.post(f"{SESSIONS}/{KEPT.session_id}/fork", data=b'{"message_index": 1e0}', headers=JSON_TYPE)
    assert (await json_of(fork, 201))["message_count"] == 2
    far = await client.post(f"{SESSIONS}/{KEPT.session_id}/fork", data=b'{"message_index": -1e32}', headers=JSON_TYPE)
    await error_of(far, 400, "INVALID_MESSAGE_INDEX")


async def test_a_flood_of_unknown_fields_is_not_told_one_by_one(client: Client) -> None:
    flood = {f"field{number}": number for number in range(30_000)}
    for body in (flood, {"model": "llama", "tool_settings": flood}):
        details = await error_of(await client.post(SESSIONS, json=body), 422, "VALIDATION_ERROR")
        assert len(details["errors"]) <= 20


async def test_a_flood_of_wrong_values_is_not_told_one_by_one(client: Client) -> None:
    body = {"model": "llama", "tool_settings": {"tools": [1] * 300_000}}
    details = await error_of(await client.post(SESSIONS, json=body), 422, "VALIDATION_ERROR")
    assert len(details["errors"]) == 1


async def test_a_large_body_is_read_as_a_small_one_is(client: Client) -> None:
    body = {"model": "llama", "system_prompt": "x" * 1_000_000}
    created = await json_of(await client.post(SESSIONS, json=body), 201)
    assert len(created["messages"][0]["content"]) == 1_000_000
    twice = b'{"model": "' + b"x" * 1_000_000 + b'", "model": 1}'
    details = await error_of(await client.post(SESSIONS, data=twice, headers=JSON_TYPE), 422, "VALIDATION_ERROR")
    assert details["field"] == "model"


async def test_text_comes_back_as_it_went(client: Client) -> None:
    text = "NUL \0, separators \u2028\u2029, quotes \"'\\, emoji \U0001f600, CRLF \r\n"
    created = await json_of(await client.post(SESSIONS, json={"model": "llama", "system_prompt": text}), 201)
    assert created["messages"][0]["content"] == text
    raw = json.dumps({"model": "llama", "system_prompt": text}, ensure_ascii=True).encode()
    created = await json_of(await client.post(SESSIONS, data=raw, headers=JSON_TYPE), 201)
    assert created["messages"][0]["content"] == text


async def test_a_body_cut_off_by_the_client_does_nothing(client: Client, bench: HttpBench) -> None:
    _, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 100\r\n\r\n{"model"'
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await json_of(await client.get(SESSIONS)))["sessions"] == []
    assert bench.catalog.asked == []


async def test_broken_compression_is_a_broken_body(client: Client) -> None:
    headers = {**JSON_TYPE, "Content-Encoding": "gzip"}
    answer = await client.post(SESSIONS, data=b"no gzip", headers=headers)
    await error_of(answer, 422, "VALIDATION_ERROR")
    assert "Content-Encoding" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, deflate", "gzip, gzip", "rot13"])
async def test_a_body_that_is_packed_in_another_way_is_refused_with_the_ways_that_are_understood(
    client: Client, bench: HttpBench, encoding: str
) -> None:
    headers = {**JSON_TYPE, "Content-Encoding": encoding}
    answer = await client.post(SESSIONS, data=b'{"model": "llama"}', headers=headers)
    await error_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"
    assert bench.catalog.asked == []


async def test_a_request_without_a_body_may_say_what_it_likes_of_one(client: Client) -> None:
    assert (await client.get(SESSIONS, headers={"Content-Encoding": "rot13"})).status == 200


async def test_the_size_of_a_body_is_looked_at_before_its_form(start_client: ClientFactory, bench: HttpBench) -> None:
    client = await start_client(bench.app(max_request_bytes=10))
    for form in {"Content-Encoding": "rot13"}, {"Content-Type": "text/plain"}:
        answer = await client.post(SESSIONS, data=b'{"model": "llama"}', headers={**JSON_TYPE, **form})
        await error_of(answer, 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
async def test_a_body_may_be_said_to_be_as_it_is(client: Client, encoding: str) -> None:
    headers = {**JSON_TYPE, "Content-Encoding": encoding}
    assert (await client.post(SESSIONS, data=b'{"model": "llama"}', headers=headers)).status == 201


BROKEN: Mapping[str, tuple[str, bytes, int]] = {
    "no gzip": ("Content-Encoding: gzip\r\nContent-Length: 7", b"no gzip", 422),
    "no deflate": ("Content-Encoding: deflate\r\nContent-Length: 2", b"\xff\xff", 422),
    "no gzip in chunks": (
        "Content-Encoding: gzip\r\nTransfer-Encoding: chunked",
        b"7\r\nno gzip\r\n0\r\n\r\n",
        422,
    ),
    "a chunk of no size": ("Transfer-Encoding: chunked", b"zzz\r\n", 422),
    "a later chunk of no size": ("Transfer-Encoding: chunked", b"3\r\nabc\r\nzzz\r\n", 422),
    "a chunk of a negative size": ("Transfer-Encoding: chunked", b"-5\r\nhello\r\n", 422),
    "a chunk of a huge size": ("Transfer-Encoding: chunked", b"f" * 20 + b"\r\n", 422),
    "a chunk that is longer than told": ("Transfer-Encoding: chunked", b"3\r\nabcXX", 422),
    "no trailer": ("Transfer-Encoding: chunked", b"0\r\nno\0trailer\r\n\r\n", 422),
    "left unread": ("Content-Encoding: gzip\r\nContent-Length: 999999999", b"no gzip", 413),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_body_is_answered_at_once_and_leaves_no_traceback_in_the_log(
    client: Client, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers, body, status = BROKEN[name]
    reader, writer = await asyncio.open_connection(client.host, client.port)
    with caplog.at_level(logging.INFO):
        writer.write(
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + f"Expect: 100-continue\r\n{headers}\r\n\r\n".encode()
        )
        if status != 413:
            await reader.readuntil(b"100 Continue\r\n\r\n")
        writer.write(body)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert [record for record in caplog.records if record.levelno > logging.INFO or record.exc_info] == []

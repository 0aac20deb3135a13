"""The bytes of answers."""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
from aiohttp import web

from domain.json_value import JsonObject, JsonValue
from tests.doubles.ollama_server.script import Piece, Refusal

_ESCAPED_BY_GO: Mapping[bytes, bytes] = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    "\u2028".encode(): b"\\u2028",
    "\u2029".encode(): b"\\u2029",
}


def go_json(value: JsonValue) -> bytes:
    """JSON as Go's encoder writes it."""
    data = orjson.dumps(value)
    for character, escape in _ESCAPED_BY_GO.items():
        data = data.replace(character, escape)
    return data


def json_response(value: JsonValue, status: int = 200) -> web.Response:
    return web.Response(status=status, body=go_json(value), content_type="application/json", charset="utf-8")


def refusal_response(refusal: Refusal) -> web.Response:
    if refusal.body is None:
        return web.Response(status=refusal.status, headers=refusal.headers)
    if isinstance(refusal.body, bytes):
        headers = {"Content-Type": "text/plain", **refusal.headers}
        return web.Response(status=refusal.status, body=refusal.body, headers=headers)
    response = json_response(refusal.body, refusal.status)
    response.headers.update(refusal.headers)
    return response


def message_of(piece: Piece) -> JsonObject:
    message: dict[str, JsonValue] = {"role": "assistant", "content": piece.content}
    if piece.thinking:
        message["thinking"] = piece.thinking
    if piece.tool_calls:
        message["tool_calls"] = [_numbered(call, index) for index, call in enumerate(piece.tool_calls)]
    return message


def chunk(model: JsonValue, message: JsonObject, *, done: bool = False) -> dict[str, JsonValue]:
    created_at = datetime.now(UTC).isoformat().replace("+00:00", "000Z")
    return {"model": model, "created_at": created_at, "message": message, "done": done}


def line(value: JsonValue) -> bytes:
    return go_json(value) + b"\n"


def _numbered(call: JsonObject, index: int) -> JsonObject:
    function = call["function"]
    numbered = {"index": index, **function} if isinstance(function, Mapping) else function
    return {**call, "function": numbered}

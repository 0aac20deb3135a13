"""The body of a request: read within its limit, parsed, and refused where it is not plain JSON."""

import json

import orjson
from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import ContentEncodingError

from domain.errors import ValidationFailed
from domain.json_value import JsonValue
from entrypoints.http.connection import BodyTooSlow
from entrypoints.http.errors import BodyTooLarge, BodyTooLate

EXPECTATION = web.RequestKey("expectation", str)
"""What the client asked for by `Expect`."""

JSON_TYPE = "application/json"
ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""Ways to pack a body that are understood."""
MAX_DEPTH = 100
"""Levels of nesting: far more than any request needs, and less than what writing it again could not bear (254)."""
MAX_VALUES = 1_000_000
"""Each takes ten times as much memory as it has characters; a session of ten thousand messages has some 60,000."""

_CONTAINERS = (dict, list)
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


async def read_body(request: web.Request, limit: int) -> bytes:
    """The bytes of the body, empty where there is none. Raises BodyTooLarge, BodyTooLate,
    ValidationFailed.

    A body whose length is told is refused before it is read. Called again, it gives the same bytes.
    """
    if (request.content_length or 0) > limit:
        raise BodyTooLarge(limit)
    if request.body_exists and not request.content.is_eof():
        await _invite_body(request)
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise BodyTooLarge(limit) from error
    except BodyTooSlow as error:
        raise BodyTooLate from error
    except web.RequestPayloadError as error:
        if isinstance(error.__cause__, ContentEncodingError):
            reason = "The body is not packed as its header `Content-Encoding` says."
        else:
            reason = "The body did not arrive whole. Send it again."
        raise ValidationFailed(reason, field="body") from error


async def _invite_body(request: web.Request) -> None:
    """Answer a client that waits to hear that its body is welcome, now that its headers have passed."""
    if request.get(EXPECTATION, "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


def parse_body(body: bytes, charset: str | None) -> JsonValue:
    """The value that `body` writes. Raises ValidationFailed for all that is not plain, unambiguous JSON in UTF-8."""
    if charset is not None and charset.lower() not in _CHARSETS:
        raise _refusal(f"it is sent as {charset[:40]}, which must be UTF-8")
    shape = _shape_of(body)
    try:
        value: JsonValue = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refusal(f"{error.msg} (line {error.lineno}, column {error.colno})") from error
    if shape.count(b":") > _fields_within(MAX_DEPTH, value):
        _refuse_doubled_key(body)
    return value


def _refusal(reason: str) -> ValidationFailed:
    return ValidationFailed(f"The body is not valid JSON: {reason}.", field="body")


def _shape_of(body: bytes) -> bytes:
    """What stands outside of strings, if this is JSON at all. Raises ValidationFailed for too many values.

    Takes a tenth of the time of a parser that tells all.
    """
    without_escapes = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # As many strings as values and as many keys, two quotes each, before there are so many pieces.
    if without_escapes.count(b'"') > 4 * MAX_VALUES:
        raise _too_many()
    shape = b"".join(without_escapes.split(b'"')[::2])
    if shape.count(b",") + shape.count(b"[") + shape.count(b"{") > MAX_VALUES:
        raise _too_many()
    return shape


def _too_many() -> ValidationFailed:
    return _refusal(f"it holds more than {MAX_VALUES} values")


def _fields_within(levels: int, value: JsonValue) -> int:
    """How many fields all objects have together. Raises ValidationFailed where there are more levels."""
    count = 0
    containers: list[JsonValue] = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(levels):
        if not containers:
            return count
        children: list[JsonValue] = []
        for container in containers:
            if isinstance(container, dict):
                count += len(container)
                children += container.values()
            elif isinstance(container, list):
                children += container
        containers = [child for child in children if isinstance(child, _CONTAINERS)]
    if containers:
        raise _refusal(f"it is nested deeper than {levels} levels")
    return count


def _refuse_doubled_key(body: bytes) -> None:
    """orjson kept the last of two and said nothing, so that fields are missing: the standard parser can tell which."""
    json.loads(body, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        seen: set[str] = set()
        doubled = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() is None, so the key goes on
        raise ValidationFailed(f"The field `{doubled[:200]}` is given twice.", field=doubled[:200])
    return unique

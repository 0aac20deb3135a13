"""JSON text to values and back, for all that older programs wrote and models say.

orjson is strict where Python's own `json` is not: it refuses lone surrogates, a byte order mark and NaN, which older
writers left, and integers beyond 64 bits. What it refuses goes to `json`, which is slow and lenient.
"""

import json
import re
from collections.abc import Mapping, Sequence

import orjson

from adapters.codec.errors import NotDecodable, NotEncodable
from domain.json_value import JsonValue

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST_INTEGER = 2**64 - 1
_SMALLEST_INTEGER = -(2**63)


def parse(data: bytes) -> JsonValue:
    """Raises NotDecodable."""
    try:
        value: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = _parse_leniently(data)
    return value


def render(value: JsonValue) -> bytes:
    """One line of UTF-8. Lone surrogates become U+FFFD, integers beyond 64 bits floats. Raises NotEncodable."""
    try:
        return orjson.dumps(value, default=_plain)
    except orjson.JSONEncodeError:
        return _render_leniently(value)


def clean_text(text: str) -> str:
    """`text` with U+FFFD for each lone surrogate."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _plain(value: object) -> object:
    """What orjson does not know: read-only mappings and sequences of the domain."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError


def _parse_leniently(data: bytes) -> JsonValue:
    try:
        return _clean(json.loads(data))
    except (ValueError, RecursionError):
        raise NotDecodable("it is not valid JSON") from None


def _render_leniently(value: JsonValue) -> bytes:
    try:
        return json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        raise NotEncodable from None


def _clean(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_clean(item) for item in value]
    if isinstance(value, int) and not _SMALLEST_INTEGER <= value <= _LARGEST_INTEGER:
        return _clean_float(float(value) if abs(value) < 10**300 else float("inf"))
    return _clean_float(value) if isinstance(value, float) else value


def _clean_float(value: float) -> float | None:
    return value if value - value == 0 else None

"""Values as the bytes of an answer."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import orjson


def to_json(value: object) -> bytes:
    """Compact UTF-8 JSON. Text that UTF-8 cannot write, a lone surrogate, becomes U+FFFD."""
    try:
        return orjson.dumps(value, default=_plain)
    except orjson.JSONEncodeError:
        # Lone surrogates and integers over 64 bits, from an old file.
        return json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":")).encode()


def to_text(text: str) -> bytes:
    """UTF-8, with U+FFFD for a lone surrogate."""
    return _clean_text(text).encode()


def _plain(value: object) -> object:
    """The domain's read-only mappings are no dict, which is all that orjson knows."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if is_dataclass(value):
        return {field.name: _clean(getattr(value, field.name)) for field in fields(value)}
    return value


def _clean_text(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

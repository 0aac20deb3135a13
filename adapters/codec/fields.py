"""Reading fields of parsed JSON: each function takes what is there and the field's name for the error."""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import TypeAlias

from adapters.codec.errors import NotDecodable
from domain.json_value import JsonObject, JsonValue

RawObject: TypeAlias = dict[str, JsonValue]


def read_object(value: JsonValue, name: str) -> RawObject:
    """An empty one for null, which older writers left."""
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    raise NotDecodable(f"{name} is not an object")


def read_list(value: JsonValue, name: str) -> list[JsonValue]:
    """An empty one for null."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    raise NotDecodable(f"{name} is not a list")


def read_text(value: JsonValue, name: str) -> str:
    """Empty for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise NotDecodable(f"{name} is not a text")


def read_optional_text(value: JsonValue, name: str) -> str | None:
    return None if value is None else read_text(value, name)


def read_texts(value: JsonValue, name: str) -> tuple[str, ...]:
    return tuple(read_text(item, name) for item in read_list(value, name))


def read_optional_count(value: JsonValue, name: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise NotDecodable(f"{name} is not a whole number")


def read_flag(value: JsonValue, name: str, *, default: bool) -> bool:
    if isinstance(value, bool):
        return value
    if value is None:
        return default
    raise NotDecodable(f"{name} is neither true nor false")


def read_time(value: JsonValue, name: str) -> datetime:
    """ISO 8601, in UTC where it names no zone. Aware, UTC."""
    if not isinstance(value, str):
        raise NotDecodable(f"{name} is not a time")
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is UTC:
            return time
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotDecodable(f"{name} is not a time") from None


def write_time(time: datetime) -> str:
    """ISO 8601 in UTC with microseconds and `Z`."""
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    return time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def rest_of(raw: RawObject, known: AbstractSet[str]) -> JsonObject:
    """What `raw` holds besides the `known` fields."""
    if raw.keys() <= known:
        return {}
    return {name: value for name, value in raw.items() if name not in known}

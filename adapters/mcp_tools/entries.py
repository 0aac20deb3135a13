"""An entry of `mcp_servers.json`, read."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from adapters.mcp_tools.variables import MissingVariable, expand
from domain.json_value import JsonObject, JsonValue

_SERVER_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_STDIO, _HTTP = "stdio", "http"
_TRANSPORTS = {"stdio": _STDIO, "http": _HTTP, "streamablehttp": _HTTP}


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioEntry:
    """A program to start. `env` is what it gets besides the few variables that every server gets."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpEntry:
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


Entry: TypeAlias = StdioEntry | HttpEntry


class Wrong(Exception):
    """What is wrong, in words for the one who wrote it."""


def source_of(server_name: str) -> str:
    return f"mcp:{server_name}"


def entry_of(name: str, raw: JsonValue, folder: Path) -> Entry | None:
    """None for a server that is disabled. A relative `cwd` counts from `folder`. Raises Wrong."""
    if not isinstance(raw, Mapping):
        raise Wrong("The entry must be an object with a `command` or a `url`.")
    if raw.get("disabled") is True:
        return None
    if not _SERVER_NAME.fullmatch(name):
        raise Wrong("A server's name is made of up to 64 letters, digits, `-`, `_` and `.`. Rename it.")
    return _stdio_entry(raw, folder) if _transport(raw) is _STDIO else _http_entry(raw)


def _transport(raw: JsonObject) -> str:
    told = raw.get("type", raw.get("transport"))
    if told is None:
        if ("command" in raw) == ("url" in raw):
            raise Wrong("The entry needs either a `command` (stdio) or a `url` (streamable HTTP).")
        return _STDIO if "command" in raw else _HTTP
    transport = _TRANSPORTS.get(re.sub("[-_ ]", "", told).lower()) if isinstance(told, str) else None
    if transport is None:
        raise Wrong(f"The transport {json.dumps(told)} is not supported: use `stdio` or `http` (streamable HTTP).")
    return transport


def _stdio_entry(raw: JsonObject, folder: Path) -> StdioEntry:
    cwd = _text(raw["cwd"], "cwd") if raw.get("cwd") is not None else None
    return StdioEntry(
        command=_required(raw, "command"),
        args=_texts(raw.get("args"), "args"),
        env=_texts_by_name(raw.get("env"), "env"),
        cwd=None if cwd is None else folder / os.path.expanduser(cwd),  # noqa: PTH111 - Path.expanduser raises for ~x
    )


def _http_entry(raw: JsonObject) -> HttpEntry:
    url = _required(raw, "url")
    if not _is_http(url):
        raise Wrong("`url` must be an address like https://example.com/mcp.")
    headers = {name: text.strip() for name, text in _texts_by_name(raw.get("headers"), "headers").items()}
    for name, text in headers.items():
        if not (_HEADER_NAME.fullmatch(name) and text.isascii() and text.isprintable()):
            # To be said here: an HTTP client's own error would show the value, which is a secret more often than not.
            raise Wrong(f"`headers.{name}` must be one line of ASCII.")
    return HttpEntry(url=url, headers=headers)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _required(raw: JsonObject, key: str) -> str:
    text = _text(raw.get(key), key)
    if not text.strip():
        raise Wrong(f"`{key}` must not be empty.")
    return text


def _text(value: JsonValue, key: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise Wrong(f"`{key}` must be a string.")
    try:
        return expand(value, os.environ)
    except MissingVariable as missing:
        raise Wrong(str(missing)) from None


def _texts(value: JsonValue, key: str) -> tuple[str, ...]:
    if not isinstance(value, list | None):
        raise Wrong(f"`{key}` must be a list of strings.")
    return tuple(_text(item, f"{key}[{place}]") for place, item in enumerate(value or []))


def _texts_by_name(value: JsonValue, key: str) -> dict[str, str]:
    if not isinstance(value, dict | None):
        raise Wrong(f"`{key}` must be an object of strings.")
    return {name: _text(item, f"{key}.{name}") for name, item in (value or {}).items()}

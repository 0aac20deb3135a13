"""`mcp_servers.json`, in the form that desktop clients and editors use too.

    {"mcpServers": {name: {"command": "uvx", "args": [...], "env": {...}, "cwd": "..."}
                          | {"url": "https://...", "headers": {...}, "type": "http"}}}

`type` (or `transport`) may be left out; `disabled: true` leaves a server out; keys that are not known are passed over.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapters.codec.json_text import clean_text
from adapters.mcp_tools.entries import Entry, Wrong, entry_of, source_of
from domain.json_value import JsonObject
from domain.tool import ToolSourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Servers by name, and what is wrong with the others."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    errors: tuple[ToolSourceError, ...] = ()


_NONE: Final = Config()


def read_config(file: Path, before: Config = _NONE) -> Config:
    """A missing file means no servers. Raises nothing: one bad entry harms no other.

    Where the file, or an entry, is wrong, what it said `before` still holds: a slip of the pen ends no server.
    """
    try:
        servers = _servers_in(file)
    except Wrong as wrong:
        error = _error(file.name, wrong, still_holds=bool(before.entries))
        return Config(entries=before.entries, errors=(error,))
    entries: dict[str, Entry] = {}
    errors: list[ToolSourceError] = []
    for name, raw in servers.items():
        try:
            entry = entry_of(name, raw, file.parent)
        except Wrong as wrong:
            errors.append(_error(source_of(clean_text(name)), wrong, still_holds=name in before.entries))
            if name in before.entries:
                entries[name] = before.entries[name]
        else:
            if entry is not None:
                entries[name] = entry
    return Config(entries=entries, errors=tuple(errors))


def _error(source: str, wrong: Wrong, *, still_holds: bool) -> ToolSourceError:
    words = f"{wrong} What it said before still holds." if still_holds else str(wrong)
    return ToolSourceError(source=source, error=clean_text(words))


def _servers_in(file: Path) -> JsonObject:
    try:
        document = json.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Wrong(f"The file cannot be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        raise Wrong(f"The file is no JSON: {error.msg}, in line {error.lineno}, column {error.colno}.") from error
    except (ValueError, RecursionError) as error:
        raise Wrong("The file is no JSON in UTF-8.") from error
    servers = document.get("mcpServers") if isinstance(document, dict) else None
    if not isinstance(servers, dict):
        raise Wrong('The file must hold an object `{"mcpServers": {...}}`, with an object for each server.')
    return servers

"""What the values of settings look like: lists, addresses, origins, hosts, paths."""

import ipaddress
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import orjson

OLLAMA_PORT = 11434
LAST_PORT = 65535

_IPV6_LITERAL = re.compile(r"\[[0-9a-fA-F.]*:[0-9a-fA-F:.]*\]")
_HOST_AND_PORT = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[0-9]{1,5}))?")
_HOST_NAME = re.compile(r"(?:[A-Za-z0-9_-]+\.)*(?=[0-9]*[A-Za-z_-])[A-Za-z0-9_-]+\.?")
"""In ASCII, as it goes over the wire; its last label is not all digits, or a browser would take it for an address."""

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?P<authority>.+)", re.IGNORECASE)  # apps have schemes of their own
_ANY_ORIGIN = "*"


def parse_list(text: str) -> list[str]:
    """The items of a JSON list of strings, or of text with commas. Raises ValueError.

    Text without an item is a mistake, which must not pass for a list that is empty: keys would then not be asked for.
    """
    if not text.strip().startswith("[") or _IPV6_LITERAL.match(text.strip()):
        listed = [item.strip() for item in text.split(",") if item.strip()]
        if text and not listed:
            raise ValueError("it holds only commas and blanks; an empty list is written as []")
        return listed
    try:
        items = orjson.loads(text)
    except orjson.JSONDecodeError:
        items = None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError('a list is written as JSON (["a", "b"]) or with commas (a,b)')
    return items


def base_url_of(address: str) -> str:
    """An `http(s)://host[:port][/path]` without a slash at its end. Without a scheme: http, and Ollama's own port.

    Raises ValueError, also for a user and a password, which Ollama's client would leave out without a word.
    """
    has_scheme = "://" in address
    parts = urlsplit(address if has_scheme else f"http://{address}")
    if "@" in parts.netloc:
        raise ValueError("an address holds no user and no password; a bearer key is given as OLLAMA_API_KEY")
    is_web = parts.scheme in {"http", "https"} and _is_host_and_port(parts.netloc)
    if not is_web or parts.query or parts.fragment or " " in address:
        raise ValueError(f"an address looks like http://localhost:{OLLAMA_PORT}")
    if parts.port is None and not has_scheme:
        parts = parts._replace(netloc=f"{parts.netloc}:{OLLAMA_PORT}")
    return parts.geturl().rstrip("/")


def checked_origin(text: str) -> str:
    """An origin as browsers send it, or `*`. Raises ValueError."""
    match = _ORIGIN.fullmatch(text.removesuffix("/"))
    if text != _ANY_ORIGIN and not (match and _is_host_and_port(match["authority"])):
        raise ValueError(f"{text[:100]!r} is no origin; one looks like https://chat.example or http://10.0.0.7:3000")
    return text.removesuffix("/")


def is_host(text: str) -> bool:
    """Whether a `Host` header may say so: a name or an address, and perhaps a port."""
    return _is_address(text, 6) or _is_host_and_port(text)


def _is_host_and_port(text: str) -> bool:
    """Whether `text` is a host name or an address, of version 6 in brackets, and perhaps a port."""
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or not 1 <= int(match["port"] or 1) <= LAST_PORT:
        return False
    if match["v6"] is not None:
        return _is_address(match["v6"], 6)
    return _is_address(match["name"], 4) or _HOST_NAME.fullmatch(match["name"]) is not None


def _is_address(text: str, version: Literal[4, 6]) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def expanded(path: Path) -> Path:
    """With the home folder in the place of a `~`. Raises ValueError."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError("the home folder that `~` stands for is not known") from error

"""What the HTTP API is told of the world around it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """`bound_host` is the address listened on, as the settings name it; `max_request_bytes` is at least 1."""

    version: str
    bound_host: str = "127.0.0.1"
    api_keys: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    max_request_bytes: int = 32 * 1024 * 1024

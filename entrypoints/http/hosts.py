"""The `Host` values that are answered (contract, section 1): a page whose name was bent to this machine is not."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9a-fA-F:.]+(?:%[\w.~-]+)?)\]|(?P<name>[^\s:/@?#\\\[\]]+))(?::(?P<port>[0-9]{0,5}))?"
)
_ABSOLUTE_TARGET = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<authority>[^/?#]*)")

LOOPBACK_NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Authority:
    """`host` in one form for each host: lower case, no trailing dot, addresses as `ipaddress` writes them."""

    host: str
    port: str


def parse_authority(text: str) -> Authority | None:
    """A host and perhaps a port, as in a `Host` header or a URL; None for anything else, user names included."""
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        return None
    host = match["v6"] or match["name"]
    if match["v6"] and _address(host) is None:
        return None
    return Authority(normal_host(host), match["port"] or "")


def normal_host(host: str) -> str:
    address = _address(host)
    return str(address) if address else host.lower().removesuffix(".")


def is_loopback(host: str) -> bool:
    """Whether `host`, in its normal form, is this machine seen from itself."""
    address = _address(host)
    return address.is_loopback if address else host == LOOPBACK_NAME


@lru_cache(maxsize=64)  # Clients say the same few with each request.
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _configured_host(text: str) -> str:
    """A person may write an IPv6 address without its brackets."""
    authority = parse_authority(text)
    return authority.host if authority else normal_host(text)


class HostRule:
    """Loopback names, the bound address, the hosts that the settings allow and, on a bind that others can reach, any
    IP literal, which no name server can bend."""

    def __init__(self, bound_host: str, allowed_hosts: Iterable[str]) -> None:
        bound = normal_host(bound_host)
        self._hosts = frozenset({bound, *map(_configured_host, allowed_hosts)} - {""})
        self._takes_addresses = not is_loopback(bound)

    def allows(self, host_headers: Iterable[str], target: str) -> bool:
        """`target` is the request's, as it came: an absolute one names a host too, and both must be allowed."""
        headers = list(host_headers)
        absolute = _ABSOLUTE_TARGET.match(target)
        named = [*headers, absolute["authority"]] if absolute else headers
        return len(headers) == 1 and all(map(self._allows_authority, named))

    def _allows_authority(self, text: str) -> bool:
        authority = parse_authority(text)
        if authority is None:
            return False
        host = authority.host
        return is_loopback(host) or host in self._hosts or (self._takes_addresses and _address(host) is not None)

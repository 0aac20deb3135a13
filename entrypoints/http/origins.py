"""Which web pages may call (contract, section 1), and the headers that tell their browsers so."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from multidict import CIMultiDict, CIMultiDictProxy

from entrypoints.http.hosts import Authority, is_loopback, parse_authority

ANY_ORIGIN = "*"
_WEB_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>.+)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}

_PREFLIGHT_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, Idempotency-Key",
        "Access-Control-Max-Age": "600",
    }
)


class OriginRule:
    """Loopback origins, the server's own, and those that the settings allow."""

    def __init__(self, cors_origins: Iterable[str]) -> None:
        origins = frozenset(map(_normal_origin, cors_origins))
        self._allows_all = ANY_ORIGIN in origins
        self._origins = origins

    def allows(self, headers: CIMultiDictProxy[str]) -> bool:
        """Whether the sender is no page, or one that may call. An opaque origin (`null`) is a stranger's."""
        origins = headers.getall("Origin", [])
        if not origins:
            return self._allows_all or headers.get("Sec-Fetch-Site", "").strip().lower() != "cross-site"
        return len(origins) == 1 and self.allows_page(origins[0], headers)

    def allows_page(self, origin: str, headers: CIMultiDictProxy[str]) -> bool:
        if self._allows_all or _normal_origin(origin) in self._origins:
            return True
        scheme, authority = _parsed(origin)
        if authority is None:
            return False
        return is_loopback(authority.host) or _is_own(scheme, authority, headers.get("Host", ""))

    def describe(self, request_headers: CIMultiDictProxy[str], answer_headers: CIMultiDict[str]) -> None:
        """Add to an answer what lets an allowed page read it."""
        answer_headers.add("Vary", "Origin")
        origin = request_headers.get("Origin")
        if origin is not None and self.allows(request_headers):
            answer_headers["Access-Control-Allow-Origin"] = ANY_ORIGIN if self._allows_all else origin
            answer_headers["Access-Control-Expose-Headers"] = "Content-Disposition, X-Request-ID"


def is_preflight(method: str, headers: CIMultiDictProxy[str]) -> bool:
    return method == "OPTIONS" and "Origin" in headers and "Access-Control-Request-Method" in headers


def preflight_headers() -> Mapping[str, str]:
    return _PREFLIGHT_HEADERS


def _parsed(origin: str) -> tuple[str, Authority | None]:
    match = _WEB_ORIGIN.fullmatch(origin)
    return (match["scheme"].lower(), parse_authority(match["authority"])) if match else ("", None)


def _normal_origin(origin: str) -> str:
    """One form for each origin; what is no web origin (an app's own scheme) is compared as it stands."""
    scheme, authority = _parsed(origin.strip().removesuffix("/"))
    if authority is None:
        return origin.strip()
    return f"{scheme}://{authority.host}:{authority.port or _DEFAULT_PORTS[scheme]}"


def _is_own(scheme: str, origin: Authority, host_header: str) -> bool:
    """Whether the page came from this server, whose host the host rule has checked. A proxy may have added the TLS."""
    host = parse_authority(host_header)
    default = _DEFAULT_PORTS[scheme]
    return host is not None and origin.host == host.host and (origin.port or default) == (host.port or default)

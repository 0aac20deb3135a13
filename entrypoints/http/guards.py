"""What every request passes before its route (contract, section 1): host, origin, key, size, type, in this order.

A server that can run tools must not be driven by any web page that its user happens to visit, so unknown routes are
guarded like known ones.
"""

import hmac
from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from entrypoints.http.bodies import ENCODINGS, JSON_TYPE, read_body
from entrypoints.http.config import HttpConfig
from entrypoints.http.errors import ForeignOrigin, HostNotAllowed, KeyMissing, UnsupportedEncoding, UnsupportedMediaType
from entrypoints.http.hosts import HostRule
from entrypoints.http.origins import OriginRule, is_preflight, preflight_headers

_SCHEME = "bearer "


class KeyRule:
    """Without keys everybody may call; with keys, whoever holds one, and all for the paths that need none."""

    def __init__(self, api_keys: Collection[str], free_paths: Collection[str]) -> None:
        self._keys = [key.encode() for key in api_keys]
        self._free_paths = frozenset(free_paths)

    def allows(self, request: web.Request) -> bool:
        if not self._keys or request.path in self._free_paths:
            return True
        given = request.headers.getall("Authorization", [])
        return len(given) == 1 and self._is_key(given[0])

    def _is_key(self, authorization: str) -> bool:
        """Each key is compared in full, so that the time it takes tells nothing of them."""
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            return False
        given = authorization[len(_SCHEME) :].strip().encode(errors="surrogateescape")
        return sum([hmac.compare_digest(given, key) for key in self._keys]) > 0


def guard(config: HttpConfig, origins: OriginRule, free_paths: Collection[str]) -> Middleware:
    hosts = HostRule(config.bound_host, config.allowed_hosts)
    keys = KeyRule(config.api_keys, free_paths)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hosts.allows(request.headers.getall("Host", []), request.raw_path):
            raise HostNotAllowed
        if request.method != "GET" and not origins.allows(request.headers):
            raise ForeignOrigin
        if is_preflight(request.method, request.headers):
            return web.Response(status=204, headers=preflight_headers())
        if not keys.allows(request):
            raise KeyMissing
        body = await read_body(request, config.max_request_bytes)
        if body and request.headers.get("Content-Encoding", "").lower() not in ENCODINGS:
            raise UnsupportedEncoding
        if body and request.content_type != JSON_TYPE:
            raise UnsupportedMediaType
        return await handler(request)

    return check

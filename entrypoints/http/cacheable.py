"""Content that is the same for everybody: read and packed once, and sent only to those who do not have it yet."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aiohttp import ETag, web

ASK_EACH_TIME = "no-cache"
"""The copy is used only after the server has said that it is still right."""

FOR_EVER = "public, max-age=31536000, immutable"
"""For what has its version in its name."""

_TAKES_GZIP = re.compile(r"(?:^|,)gzip(?!;q=0(?:\.0*)?(?:,|$))(?:[,;]|$)", re.IGNORECASE)
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Content:
    """`tag` names the bytes; `packed` are the same in gzip."""

    body: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, body: bytes) -> "Content":
        """Takes up to a tenth of a second: not on the event loop."""
        return cls(body=body, packed=gzip.compress(body, mtime=0), tag=hashlib.sha256(body).hexdigest()[:32])


def content_answer(
    request: web.Request,
    content: Content,
    *,
    media_type: str,
    charset: str | None = None,
    caching: str = ASK_EACH_TIME,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> web.Response:
    """200 with the content, or 304 where the client has it."""
    answer = web.Response(headers={**headers, "Cache-Control": caching, "Vary": "Accept-Encoding"})
    # A weak one, as it stands for the bytes in either encoding.
    answer.etag = ETag(content.tag, is_weak=True)
    if _has(request, content):
        answer.set_status(304)
        return answer
    answer.content_type = media_type
    answer.charset = charset
    if _unpacks(request):
        answer.headers["Content-Encoding"] = "gzip"
        answer.body = content.packed
    else:
        answer.body = content.body
    return answer


def _has(request: web.Request, content: Content) -> bool:
    return any(tag.value in {content.tag, "*"} for tag in request.if_none_match or ())


def _unpacks(request: web.Request) -> bool:
    return _TAKES_GZIP.search(request.headers.get("Accept-Encoding", "").replace(" ", "")) is not None

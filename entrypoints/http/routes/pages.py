"""The API's description for people: Swagger UI and ReDoc, from files that come with the server (ADR 0017)."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from entrypoints.http.cacheable import ASK_EACH_TIME, FOR_EVER, Content, content_answer
from entrypoints.http.operations import Answer, Operation
from entrypoints.http.routes.documentation import CACHING, IF_NONE_MATCH, TAG, UNCHANGED

PAGES = Path(__file__).parents[1] / "pages"

_HTML = "text/html"
_SCRIPT = "text/javascript"
_STYLE = "text/css"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# ReDoc puts two style elements into the page: an empty one, which it fills by script, and one of its scroll bars.
_REDOC_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)
# Its search works in a worker that it makes of a piece of itself.
_REDOC_POLICY = _POLICY.replace("style-src 'self'", f"style-src 'self' {_REDOC_STYLES}") + "; worker-src blob:"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """A file of `pages`, and the path that it is served under. A page has a `policy` of what it may load and run."""

    path: str
    file: str
    name: str
    media_type: str
    summary: str
    policy: str = ""

    @property
    def caching(self) -> str:
        return FOR_EVER if self.file.startswith("vendored/") else ASK_EACH_TIME

    @property
    def headers(self) -> Mapping[str, str]:
        """The page of a server that may be anybody's tells no other site where it was."""
        return {"Content-Security-Policy": self.policy, "Referrer-Policy": "no-referrer"} if self.policy else {}


FILES = (
    PageFile(
        path="/docs",
        file="docs.html",
        name="show_docs",
        media_type=_HTML,
        summary="Show the API, to try",
        policy=_POLICY,
    ),
    PageFile(path="/docs/start.js", file="docs.js", name="docs_start", media_type=_SCRIPT, summary="Start Swagger UI"),
    PageFile(
        path="/docs/swagger-ui-5.35.0.js",
        file="vendored/swagger-ui-5.35.0.js",
        name="docs_script",
        media_type=_SCRIPT,
        summary="Swagger UI",
    ),
    PageFile(
        path="/docs/swagger-ui-5.35.0.css",
        file="vendored/swagger-ui-5.35.0.css",
        name="docs_style",
        media_type=_STYLE,
        summary="Swagger UI's styles",
    ),
    PageFile(
        path="/redoc",
        file="redoc.html",
        name="show_redoc",
        media_type=_HTML,
        summary="Show the API, to read",
        policy=_REDOC_POLICY,
    ),
    PageFile(path="/redoc/start.js", file="redoc.js", name="redoc_start", media_type=_SCRIPT, summary="Start ReDoc"),
    PageFile(
        path="/redoc/redoc-2.5.4.js",
        file="vendored/redoc-2.5.4.js",
        name="redoc_script",
        media_type=_SCRIPT,
        summary="ReDoc",
    ),
)


@cache
def read_file(name: str) -> Content:
    """The file of `pages`, as long as the server lives."""
    return Content.of((PAGES / name).read_bytes())


def _handler(page_file: PageFile) -> Handler:
    async def serve(request: web.Request) -> web.Response:
        content = await asyncio.to_thread(read_file, page_file.file)
        return content_answer(
            request,
            content,
            media_type=page_file.media_type,
            charset="utf-8",
            caching=page_file.caching,
            headers=page_file.headers,
        )

    return serve


def _operations() -> Iterator[Operation]:
    for page_file in FILES:
        yield Operation(
            method="GET",
            path=page_file.path,
            handler=_handler(page_file),
            name=page_file.name,
            summary=page_file.summary,
            description="It is part of the server, and loads nothing from elsewhere.",
            tag=TAG,
            headers=(IF_NONE_MATCH,),
            answers=(
                Answer(description="The file.", content={page_file.media_type: None}, headers=CACHING),
                UNCHANGED,
            ),
            needs_key=False,
        )


OPERATIONS = tuple(_operations())

"""The API's description of itself."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

from entrypoints.http.cacheable import content_answer
from entrypoints.http.operations import JSON, Answer, Header, Operation
from entrypoints.http.requests import DOCUMENT

TAG = "documentation"
IF_NONE_MATCH = Header(
    name="If-None-Match",
    description="The `ETag` of the copy that the client has.",
    example='W/"9db1933bcfba7876b6ae95c0dfa70d5a"',
)
CACHING: Mapping[str, str] = MappingProxyType(
    {"ETag": "Names these bytes, for `If-None-Match`.", "Cache-Control": "How long the copy may be used unasked."}
)
UNCHANGED = Answer(status=304, description="The copy that the client has is still right.", headers=CACHING)


async def read_openapi(request: web.Request) -> web.Response:
    document = await asyncio.to_thread(request.app[DOCUMENT])
    return content_answer(request, document, media_type=JSON)


OPERATIONS = (
    Operation(
        method="GET",
        path="/openapi.json",
        handler=read_openapi,
        summary="Describe the API",
        tag=TAG,
        headers=(IF_NONE_MATCH,),
        description="Every route, body, answer, error and event, as the server knows them.",
        answers=(
            Answer(description="This document: OpenAPI 3.1.", content={JSON: None}, headers=CACHING),
            UNCHANGED,
        ),
        needs_key=False,
    ),
)

"""The API's description of itself."""

import asyncio

from aiohttp import web

from entrypoints.http.cacheable import content_answer
from entrypoints.http.operations import JSON, Answer, Header, Operation
from entrypoints.http.requests import DOCUMENT

TAG = "documentation"
IF_NONE_MATCH = Header(name="If-None-Match", description="The `ETag` of the copy that the client has.")
UNCHANGED = Answer(status=304, description="The copy that the client has is still right.")


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
        answers=(Answer(description="This document: OpenAPI 3.1.", content={JSON: None}), UNCHANGED),
        needs_key=False,
    ),
)

"""The API's description of itself."""

import asyncio

from aiohttp import web

from entrypoints.http.operations import JSON, Answer, Operation
from entrypoints.http.requests import DOCUMENT


async def read_openapi(request: web.Request) -> web.Response:
    document = await asyncio.to_thread(request.app[DOCUMENT])
    return web.Response(body=document, content_type=JSON)


OPERATIONS = (
    Operation(
        method="GET",
        path="/openapi.json",
        handler=read_openapi,
        summary="Describe the API",
        tag="documentation",
        answers=(Answer(description="This document: OpenAPI 3.1.", content={JSON: None}),),
        needs_key=False,
    ),
)

"""What was counted, for Prometheus."""

import asyncio

from aiohttp import hdrs, web

from entrypoints.http.operations import Answer, Operation
from entrypoints.http.requests import use_cases


async def read_metrics(request: web.Request) -> web.Response:
    metrics = use_cases(request).metrics
    text = await asyncio.to_thread(metrics.text)
    return web.Response(body=text, headers={hdrs.CONTENT_TYPE: metrics.content_type})


OPERATIONS = (
    Operation(
        method="GET",
        path="/metrics",
        handler=read_metrics,
        summary="Read the figures",
        description="In Prometheus' text format. No figure names a session, a run or a client.",
        tag="metrics",
        answers=(Answer(description="The figures.", content={"text/plain": None}),),
    ),
)

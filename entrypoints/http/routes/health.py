"""Whether the server is there."""

from aiohttp import web

from entrypoints.http.answers import json_answer
from entrypoints.http.operations import Operation, json_answer_of
from entrypoints.http.requests import CONFIG, use_cases
from entrypoints.http.schemas.health import Health


async def check_health(request: web.Request) -> web.Response:
    health = await use_cases(request).check_health()
    return json_answer(
        {
            "status": "ok",
            "version": request.app[CONFIG].version,
            "ollama_connected": health.connected,
            "ollama_host": health.address,
        }
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/health",
        handler=check_health,
        summary="Tell whether the server is there",
        description="Answers 200 within a second, also while Ollama is down.",
        tag="health",
        answers=(json_answer_of(Health, "The server is there."),),
        needs_key=False,
    ),
)

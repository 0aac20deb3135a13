"""Whether the server is there, and whether it can do its work."""

from aiohttp import web

from application.use_cases.check_readiness import Readiness as State
from entrypoints.http.answers import json_answer
from entrypoints.http.errors import NotReady, error_body
from entrypoints.http.observing import ERROR_CODE
from entrypoints.http.operations import Operation, json_answer_of
from entrypoints.http.requests import CONFIG, use_cases
from entrypoints.http.schemas.errors import Error
from entrypoints.http.schemas.health import Health, Readiness

_NOT_READY = 503


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


async def check_readiness(request: web.Request) -> web.Response:
    state = await use_cases(request).check_readiness()
    parts = {"storage": "writable" if state.storage_writable else "failed", "models": _models(state)}
    if state.problem is None:
        return json_answer({"status": "ready", "version": request.app[CONFIG].version, **parts})
    # Whatever the status of its code elsewhere: probes and proxies know this one for "not now".
    request[ERROR_CODE] = state.problem.code
    return json_answer(error_body(NotReady(state.problem, **parts)), status=_NOT_READY)


def _models(state: State) -> str:
    if state.models_reachable is None:
        return "built_in"
    return "reachable" if state.models_reachable else "unreachable"


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
    Operation(
        method="GET",
        path="/api/v1/ready",
        handler=check_readiness,
        summary="Tell whether the server can do its work",
        description="Really writes to the store, and asks for the models' server. Answers within three seconds.",
        tag="health",
        answers=(
            json_answer_of(Readiness, "Sessions can be kept and models asked."),
            json_answer_of(Error, "`STORAGE_ERROR` or `OLLAMA_UNREACHABLE`: not now.", status=_NOT_READY),
        ),
    ),
)

"""The aiohttp application: the table of operations behind its guards."""

from collections.abc import Callable
from functools import cache

from aiohttp import web

from entrypoints.http.cacheable import Content
from entrypoints.http.config import HttpConfig
from entrypoints.http.errors import STATUS_BY_CODE
from entrypoints.http.failures import answer_failures, note_beginning
from entrypoints.http.guards import guard
from entrypoints.http.json_bytes import to_json
from entrypoints.http.observing import OBSERVER, RequestObserver
from entrypoints.http.open_stream import StreamKeeper
from entrypoints.http.openapi import build_document
from entrypoints.http.operations import Operation, add_routes
from entrypoints.http.origins import OriginRule
from entrypoints.http.requests import CONFIG, DOCUMENT, STREAMS, USE_CASES
from entrypoints.http.routes import (
    agents,
    chat,
    documentation,
    health,
    messages,
    metrics,
    models,
    pages,
    sessions,
    summaries,
    system_prompts,
    tools,
    transfer,
)
from entrypoints.http.use_cases import UseCases

OPERATIONS: tuple[Operation, ...] = (
    *health.OPERATIONS,
    *metrics.OPERATIONS,
    *models.OPERATIONS,
    *sessions.OPERATIONS,
    *messages.OPERATIONS,
    *summaries.OPERATIONS,
    *transfer.OPERATIONS,
    *chat.OPERATIONS,
    *tools.OPERATIONS,
    *agents.OPERATIONS,
    *system_prompts.OPERATIONS,
    *documentation.OPERATIONS,
    *pages.OPERATIONS,
)


def build_app(
    use_cases: UseCases, config: HttpConfig, streams: StreamKeeper, observer: RequestObserver
) -> web.Application:
    """The API over `use_cases`. What they stand on, and `streams`, are opened and closed by the caller."""
    origins = OriginRule(config.cors_origins)
    free_paths = {operation.path for operation in OPERATIONS if not operation.needs_key}
    app = web.Application(
        middlewares=[observer.middleware(), answer_failures, guard(config, origins, free_paths)],
        client_max_size=config.max_request_bytes,
    )
    app[USE_CASES] = use_cases
    app[CONFIG] = config
    app[STREAMS] = streams
    app[OBSERVER] = observer
    document: Callable[[], Content] = cache(lambda: Content.of(to_json(build_document(OPERATIONS, config.version))))
    app[DOCUMENT] = document
    add_routes(app.router, OPERATIONS)

    async def describe_answer(request: web.Request, answer: web.StreamResponse) -> None:
        answer.headers["X-Content-Type-Options"] = "nosniff"
        # Under a name that is not the server's, a page of that name is a stranger's, too.
        if answer.status != STATUS_BY_CODE["HOST_NOT_ALLOWED"]:
            origins.describe(request.headers, answer.headers)

    app.on_response_prepare.append(describe_answer)
    app.on_response_prepare.append(note_beginning)
    app.on_response_prepare.append(observer.name_request)
    return app

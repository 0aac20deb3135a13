"""Each request under an id of its own, told of from its arrival to its answer."""

import asyncio
import secrets
from contextlib import AbstractContextManager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from application.ports.clock import Clock
from application.ports.telemetry import RequestReport, StreamReport, Telemetry
from application.turnstile import Turnstile
from application.work_ids import serving_request
from domain.identifiers import is_id

REQUEST_ID = web.RequestKey("request_id", str)
ERROR_CODE = web.RequestKey("error_code", str)
"""Of the error that the request was answered with."""

ID_HEADER = "X-Request-ID"

CLIENT_LEFT = 499
"""What is told of a request whose client did not wait for the answer; no client ever sees it."""


class RequestObserver:
    """Made by the container: what HTTP tells to those who want to know."""

    def __init__(self, *, telemetry: Telemetry, clock: Clock, turnstile: Turnstile) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._turnstile = turnstile

    def middleware(self) -> Middleware:
        """For the outermost place: what other middlewares refuse is told of, too."""

        @web.middleware
        async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
            report = _report_of(request)
            request[REQUEST_ID] = report.request_id
            ids = serving_request(report.request_id, _session_id_of(request), self._clock.monotonic())
            with ids, self._telemetry.during(report):
                return await self._told(request, handler, report)

        return observe

    async def _told(self, request: web.Request, handler: Handler, report: RequestReport) -> web.StreamResponse:
        try:
            await self._turnstile.turn()
            answer = await handler(request)
        except asyncio.CancelledError:
            report.status = CLIENT_LEFT
            raise
        except web.HTTPException as refusal:
            report.status = refusal.status
            raise
        except Exception:
            report.status = 500
            raise
        report.status, report.error_code = answer.status, request.get(ERROR_CODE)
        return answer

    def stream(self) -> AbstractContextManager[None]:
        """While events are written to a reader."""
        return self._telemetry.during(StreamReport())

    async def name_request(self, request: web.Request, answer: web.StreamResponse) -> None:
        """For `on_response_prepare`: the client can say which request it means."""
        if request_id := request.get(REQUEST_ID):
            answer.headers[ID_HEADER] = request_id


OBSERVER = web.AppKey("observer", RequestObserver)


def _report_of(request: web.Request) -> RequestReport:
    resource = request.match_info.route.resource
    return RequestReport(
        request_id=secrets.token_hex(8),
        method=request.method,
        route=resource.canonical if resource else None,
        traceparent=request.headers.get("traceparent"),
    )


def _session_id_of(request: web.Request) -> str | None:
    """What a client put in an id's place is no id yet."""
    session_id = request.match_info.get("session_id", "")
    return session_id if is_id(session_id) else None

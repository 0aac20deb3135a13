"""Where all that goes wrong with a request becomes an answer."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from domain.errors import MochiError
from entrypoints.http.errors import MethodNotAllowed, RouteNotFound, error_answer, unexpected_answer
from entrypoints.http.observing import ERROR_CODE, REQUEST_ID

_log = logging.getLogger(__name__)

_HAS_BEGUN = web.RequestKey("has_begun", bool)


@web.middleware
async def answer_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """An answer that has begun cannot become another: what breaks it is left to aiohttp, which logs and hangs up."""
    try:
        return await handler(request)
    except MochiError as error:
        if request.get(_HAS_BEGUN):
            raise
        return _refused(request, error)
    except web.HTTPMethodNotAllowed as error:
        return _without_such_method(request, error)
    except web.HTTPNotFound:
        return _refused(request, RouteNotFound())
    except web.HTTPException:
        raise
    except Exception:
        if request.get(_HAS_BEGUN):
            raise
        return _unexpected(request)


async def note_beginning(request: web.Request, _answer: web.StreamResponse) -> None:
    """For `on_response_prepare`."""
    request[_HAS_BEGUN] = True


def _without_such_method(request: web.Request, error: web.HTTPMethodNotAllowed) -> web.Response:
    refusal = MethodNotAllowed(request.method, error.allowed_methods)
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=refusal.headers)
    return _refused(request, refusal)


def _refused(request: web.Request, error: MochiError) -> web.Response:
    request[ERROR_CODE] = error.code
    return error_answer(error)


def _unexpected(request: web.Request) -> web.Response:
    request_id = request[REQUEST_ID]
    request[ERROR_CODE] = MochiError.code
    _log.exception("request %s failed", request_id)
    return unexpected_answer(request_id)

"""Where all that goes wrong with a request becomes an answer."""

import logging
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler

from domain.errors import MochiError
from entrypoints.http.errors import MethodNotAllowed, RouteNotFound, error_answer, unexpected_answer

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
        return error_answer(error)
    except web.HTTPMethodNotAllowed as error:
        return _without_such_method(request, error)
    except web.HTTPNotFound:
        return error_answer(RouteNotFound())
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
    return error_answer(refusal)


def _unexpected(request: web.Request) -> web.Response:
    request_id = secrets.token_hex(8)
    _log.exception("Request %s failed: %s %s", request_id, request.method, request.path)
    return unexpected_answer(request_id)

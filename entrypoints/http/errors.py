"""Errors as answers: which status a code has (contract, section 2), and the one shape of an error's body.

MochiError                  the domain's tree, and of HTTP alone:
└── RequestRefused
    ├── RouteNotFound, MethodNotAllowed
    ├── HostNotAllowed, ForeignOrigin, KeyMissing
    ├── BodyTooLarge, BodyTooLate, UnsupportedMediaType, UnsupportedEncoding
    └── NotReady
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from aiohttp import web

from domain.errors import MochiError
from entrypoints.http.json_bytes import to_json

STATUS_BY_CODE: Mapping[str, int] = MappingProxyType(
    {
        "SESSION_NOT_FOUND": 404,
        "MODEL_NOT_FOUND": 404,
        "TOOL_NOT_FOUND": 404,
        "SUMMARY_MODEL_REQUIRED": 422,
        "AGENT_NOT_FOUND": 404,
        "AGENT_INVALID": 422,
        "PROMPT_NOT_FOUND": 404,
        "PROMPT_EXISTS": 409,
        "CONFIRMATION_NOT_FOUND": 404,
        "CONFIRMATION_DECIDED": 409,
        "INVALID_MESSAGE_INDEX": 400,
        "CONTEXT_OVERFLOW": 422,
        "EMPTY_HISTORY": 400,
        "VALIDATION_ERROR": 422,
        "NOT_FOUND": 404,
        "METHOD_NOT_ALLOWED": 405,
        "HOST_NOT_ALLOWED": 421,
        "INTERNAL_ERROR": 500,
        "OLLAMA_UNREACHABLE": 502,
        "OLLAMA_ERROR": 502,
        "OLLAMA_TIMEOUT": 504,
        "TOOL_ROUNDS_EXCEEDED": 500,
        "TOOL_EXECUTION_FAILED": 500,
        "TOOL_EXECUTION_DENIED": 403,
        "TOOL_CONFIRMATION_REQUIRED": 409,
        "SESSION_BUSY": 409,
        "RUN_NOT_FOUND": 404,
        "SESSION_CORRUPT": 500,
        "IDEMPOTENCY_CONFLICT": 409,
        "STORAGE_ERROR": 503,
        "UNAUTHORIZED": 401,
        "FORBIDDEN": 403,
        "PAYLOAD_TOO_LARGE": 413,
        "UNSUPPORTED_MEDIA_TYPE": 415,
    }
)


TOO_LATE = 408
"""The status of a request that trickles in; its code is that of one that did not arrive whole."""


class RequestRefused(MochiError):
    """The request did not come as far as a use case. `headers` go with the answer, and `status`, if not its code's."""

    headers: Mapping[str, str] = MappingProxyType({})
    status: int | None = None


class RouteNotFound(RequestRefused):
    code = "NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such route. GET /openapi.json describes all of them.")


class MethodNotAllowed(RequestRefused):
    code = "METHOD_NOT_ALLOWED"

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        names = sorted({*allowed, "OPTIONS"})
        super().__init__(f"This route does not answer {method}. Use {', '.join(names)}.", allowed_methods=names)
        self.headers = {"Allow": ", ".join(names)}


class HostNotAllowed(RequestRefused):
    code = "HOST_NOT_ALLOWED"

    def __init__(self) -> None:
        super().__init__(
            "This server does not answer to this host name. Call it by its address, or add the name to "
            "MOCHI_ALLOWED_HOSTS."
        )


class ForeignOrigin(RequestRefused):
    code = "FORBIDDEN"

    def __init__(self) -> None:
        super().__init__("Pages of other sites may not call the server, unless MOCHI_CORS_ORIGINS has their origin.")


class KeyMissing(RequestRefused):
    code = "UNAUTHORIZED"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})

    def __init__(self) -> None:
        super().__init__("This server needs one of its keys. Send the header `Authorization: Bearer KEY`.")


class BodyTooLarge(RequestRefused):
    code = "PAYLOAD_TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes, which is what this server takes.", limit=limit)


class BodyTooLate(RequestRefused):
    code = "VALIDATION_ERROR"
    status = TOO_LATE
    headers = MappingProxyType({"Connection": "close"})

    def __init__(self) -> None:
        super().__init__("The body did not arrive in time. Send it again, in one go.", field="body")


class UnsupportedMediaType(RequestRefused):
    code = "UNSUPPORTED_MEDIA_TYPE"

    def __init__(self) -> None:
        super().__init__("The body must be JSON. Send the header `Content-Type: application/json`.")


class UnsupportedEncoding(RequestRefused):
    code = "UNSUPPORTED_MEDIA_TYPE"
    headers = MappingProxyType({"Accept-Encoding": "gzip, deflate"})  # As RFC 9110, section 12.5.3 wants it.

    def __init__(self) -> None:
        super().__init__("The body may be packed by gzip or deflate, and by nothing else.", field="Content-Encoding")


class NotReady(RequestRefused):
    """Under the code of what stands in the way; `parts` say how each part of the server is."""

    def __init__(self, problem: MochiError, **parts: str) -> None:
        super().__init__(problem.message, **parts)
        self.code = problem.code


def error_answer(error: MochiError, status: int | None = None) -> web.Response:
    """The answer that tells a client of `error`; its own `status` where none is given."""
    refusal = error if isinstance(error, RequestRefused) else None
    return web.Response(
        status=status or (refusal and refusal.status) or STATUS_BY_CODE.get(error.code, 500),
        body=to_json(error_body(error)),
        content_type="application/json",
        headers=refusal.headers if refusal else None,
    )


def error_body(error: MochiError) -> dict[str, object]:
    """A wrong field, wherever it was found out, is told in `details.errors` too."""
    details = dict(error.details)
    if "field" in details:
        details.setdefault("errors", [{"field": details["field"], "message": error.message}])
    return {"error": {"code": error.code, "message": error.message, "details": details}}


def unexpected_answer(request_id: str) -> web.Response:
    """The answer to a request that a fault of the server's own ended: it shows nothing of the fault."""
    error = MochiError(
        "The server failed. Its log says why, under this request id.",
        request_id=request_id,
    )
    return error_answer(error)

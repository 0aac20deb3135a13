"""What went wrong with a server, in words for people. Nothing of the SDK is imported for them."""

from collections.abc import Mapping

from pydantic import ValidationError

from adapters.codec.json_text import clean_text

INSTALL = "MCP servers need a package that is not installed: pip install 'mochi-server[mcp]'."
_LONGEST = 500

_KNOWN: Mapping[str, str] = {
    "ConnectError": "It cannot be reached: {words}.",
    "ConnectTimeout": "It cannot be reached: no connection came about.",
    "MCPError": "{words}.",
    "CannotStart": "{words}.",
    "Unavailable": "{words}.",
}
_OTHER = "{name}: {words}."


class Unavailable(Exception):
    """A server cannot be used now, and why."""


class SessionLost(Exception):
    """The server does not know the session any more, as one that was started anew. It did nothing."""


def cause_of(error: BaseException) -> BaseException:
    """The first error in groups of them: the SDK's tasks raise groups in groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def words_for(error: BaseException | None, ending: str) -> str:
    """`ending` is what the transport knows of it, or nothing."""
    if error is None:
        return ending or "It closed the connection."
    cause = cause_of(error)
    if isinstance(cause, ImportError):
        return INSTALL
    if isinstance(cause, ValidationError):
        words = f"It sent an answer that is not understood{_first_place(cause)}."
    else:
        name = type(cause).__name__
        words = _KNOWN.get(name, _OTHER).format(name=name, words=clean_text(str(cause)).rstrip(".")[:_LONGEST])
    return " ".join(filter(None, (words, ending)))


def _first_place(error: ValidationError) -> str:
    """The first place that the SDK did not expect, without what stood there."""
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(map(str, found["loc"]))
        return f" ({place}: {found['msg']})"[:_LONGEST]
    return ""

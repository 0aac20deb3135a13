"""What went wrong with a server, in words for people. Nothing of the SDK is imported for them."""

from collections.abc import Mapping

from adapters.codec.json_text import clean_text

CONNECT_SECONDS = 10.0
"""How long a server may take to answer the handshake and tell its tools."""

INSTALL = "MCP servers need a package that is not installed: pip install 'mochi-server[mcp]'."
_LONGEST = 500

_KNOWN: Mapping[str, str] = {
    "ConnectError": "It cannot be reached: {words}.",
    "ConnectTimeout": "It cannot be reached: no connection came about.",
    "ValidationError": "It sent an answer that is not understood.",
}


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
    if isinstance(cause, TimeoutError):
        return f"It did not answer within {CONNECT_SECONDS:g} seconds."
    if isinstance(cause, ImportError):
        return INSTALL
    name, words = type(cause).__name__, clean_text(str(cause)).rstrip(".")[:_LONGEST]
    known = _KNOWN.get(name, "{words}." if name in ("MCPError", "CannotStart") else "{name}: {words}.")
    return " ".join(filter(None, (known.format(name=name, words=words), ending)))

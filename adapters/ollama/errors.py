"""What an Ollama server, and the way to it, can do wrong, as the domain's errors."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
import orjson

from domain.errors import (
    MochiError,
    ModelNotFound,
    ModelServerFailed,
    ModelServerTimeout,
    ModelServerUnreachable,
    PromptTooLong,
)

WORDS_KEPT = 2000
"""Characters of a server's own words that are carried: a proxy's page of HTML helps nobody."""

_NESTED_AT_MOST = 3
_WORDS_FOR_UNKNOWN_MODEL = frozenset({"invalid model name", "model is required"})
_TOO_LONG = re.compile(r"exceed_context_size_error|exceeds the (available )?context (size|length)")
_PROMPT_TOKENS, _WINDOW = re.compile(r"n_prompt_tokens\W+(\d{1,15})"), re.compile(r"n_ctx\W+(\d{1,15})")
_FORBIDDEN_WITHOUT_WORDS = (
    "Ollama refused the request (403) and did not say why: it does so for a host name that it does not know. "
    "Use its IP address or localhost, or start Ollama with OLLAMA_HOST=0.0.0.0."
)


class Refusal(Exception):
    """A status other than success, with the body that came with it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


@contextmanager
def domain_errors(address: str, *, model: str | None = None) -> Iterator[None]:
    """Whatever the client raises within becomes ModelNotFound (of `model`) or a ModelServerError.

    Type and value errors are what an answer of the wrong shape leads to.
    """
    try:
        with wire_errors(address, model=model):
            yield
    except (TypeError, ValueError) as error:
        raise ModelServerFailed("Ollama sent an answer that is not understood.") from error


@contextmanager
def wire_errors(address: str, *, model: str | None = None) -> Iterator[None]:
    """The same of all but the shape of an answer: every other error passes."""
    try:
        yield
    except Refusal as refusal:
        raise _of_refusal(refusal, model) from refusal
    except httpx.ConnectError as error:
        raise ModelServerUnreachable(
            f"Ollama cannot be reached at {address}. Start it there, or correct MOCHI_OLLAMA_HOST.", reason=str(error)
        ) from error
    except httpx.TimeoutException as error:
        raise ModelServerTimeout(
            f"Ollama at {address} was silent for too long. Try again, or raise MOCHI_OLLAMA_TIMEOUT."
        ) from error
    except httpx.HTTPError as error:
        raise ModelServerFailed(
            "The connection to Ollama broke before the answer's end. What came is kept; try again.",
            reason=str(error)[:WORDS_KEPT],
        ) from error


def failure_in_stream(error: object) -> ModelServerFailed:
    """The error that a line of an answer carries, after the status has already said success."""
    return ModelServerFailed(_words(error) or "Ollama reported an error and did not say which.")


def _of_refusal(refusal: Refusal, model: str | None) -> MochiError:
    try:
        body = orjson.loads(refusal.text)
    except orjson.JSONDecodeError:
        body, words = None, refusal.text.strip()[:WORDS_KEPT]
    else:
        words = _words(body)
    # An unknown path is a 404 in plain text: then it is no Ollama, or another path than the one it is served under.
    unknown = (refusal.status == 404 and body is not None) or words in _WORDS_FOR_UNKNOWN_MODEL
    if unknown and model is not None:
        return ModelNotFound(model)
    if refusal.status == 400 and _TOO_LONG.search(refusal.text):
        return PromptTooLong(
            words, prompt_tokens=_number(_PROMPT_TOKENS, refusal.text), window=_number(_WINDOW, refusal.text)
        )
    return ModelServerFailed(words or _words_for(refusal.status), status=refusal.status)


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    """A count in an error's JSON, however often that was quoted. Older servers give none."""
    found = pattern.search(text)
    return int(found[1]) if found else None


def _words_for(status: int) -> str:
    if status == 403:
        return _FORBIDDEN_WITHOUT_WORDS
    if 300 <= status < 400:
        return f"Ollama's address leads elsewhere ({status}). Set MOCHI_OLLAMA_HOST to where it leads."
    return f"Ollama answered with status {status} and no message."


def _words(error: object, depth: int = 0) -> str:
    """The message inside `{"error": ...}`, which newer servers nest as objects and as JSON within strings."""
    if depth <= _NESTED_AT_MOST and isinstance(error, Mapping):
        return _words(error.get("error") or error.get("message"), depth + 1)
    if not isinstance(error, str):
        return "" if error is None else orjson.dumps(error).decode()[:WORDS_KEPT]
    if depth <= _NESTED_AT_MOST and error.startswith("{"):
        try:
            return _words(orjson.loads(error), depth + 1) or error[:WORDS_KEPT]
        except orjson.JSONDecodeError:
            pass
    return error.strip()[:WORDS_KEPT]

"""What an Ollama can do wrong, as scripts: each is one clear error, and the text that came is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.doubles.ollama_server.script import (
    Answer,
    Cut,
    EndEarly,
    Failure,
    Pause,
    Piece,
    Raw,
    Refusal,
    Reply,
    Silence,
    Step,
    Wire,
    busy,
    error,
)

KEPT: Final = "kept text"
_APART: Final = Pause(0.1)
"""So that what came before has been read: aiohttp gives nothing of a block of bytes in which the framing breaks."""

_NESTED: Final = '{"error":{"code":400,"message":"no such schema","type":"invalid_request_error"}}'
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
_LINE: Final = b'{"model":"tiny","message":{"role":"assistant","content":"kept text"},"done":false}\n'
_OPEN: Final = b'{"model":"tiny","message":{"role":"assistant","content":"'


@dataclass(frozen=True)
class Fault:
    """`text` is what came before it; `words` are Ollama's own, which the error must carry."""

    name: str
    answer: Answer
    code: str = "OLLAMA_ERROR"
    status: int = 502
    text: str = ""
    words: str = ""

    def __str__(self) -> str:
        return self.name


def at_once(name: str, *steps: Step, code: str = "OLLAMA_ERROR", status: int = 502, words: str = "") -> Fault:
    return Fault(name, Reply(steps), code, status, words=words)


def after_text(name: str, *steps: Step, code: str = "OLLAMA_ERROR", status: int = 502, words: str = "") -> Fault:
    return Fault(name, Reply([Piece("kept"), Piece(" text"), *steps]), code, status, KEPT, words)


def line(value: bytes) -> Sequence[Step]:
    return [Raw(value + b"\n")]


def chunk(message: bytes, rest: bytes = b'"done": false') -> Sequence[Step]:
    return line(b'{"model": "tiny", "message": %b, %b}' % (message, rest))


_STATUSES = [
    Fault("a full queue", busy(), words="maximum pending requests exceeded"),
    Fault("a status", error(500, "out of memory"), words="out of memory"),
    Fault("a nested refusal", error(400, _NESTED), words="no such schema"),
    Fault("a missing model", error(404, "model 'tiny' not found"), "MODEL_NOT_FOUND", 404),
    Fault("no words", Refusal(403)),
    Fault("a proxy's page", Refusal(502, b"<html>Bad gateway</html>")),
    Fault("another service's 404", Refusal(404, b"no route")),
    Fault("a key that is wanted", error(401, "unauthorized"), words="unauthorized"),
    Fault("too many requests", error(429, "slow down"), words="slow down"),
    Fault("a request that is too large", Refusal(413, b"")),
    Fault("a bad request without words", Refusal(400, {})),
    Fault("an error that is a number", Refusal(500, {"error": 5}), words="5"),
    Fault("an error that is null", Refusal(500, {"error": None})),
    Fault("an error that is a list", Refusal(500, ["oh", "no"])),
    Fault("an error of ten levels", Refusal(500, {"error": {"error": {"error": {"error": {"error": "deep"}}}}})),
    Fault("an error that is no text", Refusal(500, b"\xff\xfe\x00")),
    Fault("an error of a megabyte", Refusal(500, b"x" * 1_000_000)),
    Fault("a redirect", Refusal(302, b"", {"Location": "http://127.0.0.1:1/"})),
    Fault("a redirect to itself", Refusal(307, b"", {"Location": "/api/chat"})),
    Fault("a permanent redirect", Refusal(308, b"", {"Location": "https://example.invalid/"})),
    Fault("a teapot", Refusal(418, {"error": "short and stout"}), words="short and stout"),
    Fault("a gateway that waited", Refusal(504, b"upstream timed out"), words="upstream timed out"),
]
_BEFORE_TEXT = [
    at_once("an error before any token", Failure("no slot"), words="no slot"),
    at_once("a cut before any byte", Cut()),
    at_once("a close before any byte", Cut(reset=False)),
    at_once("silence before any byte", Silence(), code="OLLAMA_TIMEOUT", status=504),
    at_once("an empty body", EndEarly()),
    at_once("half a head", Wire(_HEAD), Cut(reset=False)),
    at_once("half a head and silence", Wire(_HEAD), Silence(), code="OLLAMA_TIMEOUT", status=504),
    at_once("no HTTP at all", Wire(b"SSH-2.0-OpenSSH_9.6\r\n"), Cut(reset=False)),
    at_once("a status line of nonsense", Wire(b"HTTP/1.1 abc\r\n\r\n"), Cut(reset=False)),
    at_once("a head without end", Wire(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20_000), Cut(reset=False)),
    at_once("a head and a close", Wire(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), Cut(reset=False)),
    at_once("a page of HTML", *line(b"<html><body>It works!</body></html>")),
    at_once("an empty object", *line(b"{}")),
    at_once("a list", *line(b"[]")),
    at_once("null", *line(b"null")),
    at_once("a string", *line(b'"hello"')),
    at_once("an answer of OpenAI's kind", *line(b'data: {"choices": [{"delta": {"content": "x"}}]}')),
    at_once("zero bytes", *line(b"\0" * 100)),
]
_AFTER_TEXT = [
    after_text("an error line", Failure("runner died"), words="runner died"),
    after_text("an error line that is an object", Failure({"message": "runner died"}), words="runner died"),
    after_text("an error line that is a list", Failure(["runner", "died"]), words="runner"),
    after_text("a cut", Cut()),
    after_text("a close", Cut(reset=False)),
    after_text("no last chunk", EndEarly()),
    after_text("silence", Silence(), code="OLLAMA_TIMEOUT", status=504),
    after_text("silence within a line", Raw(_OPEN), Silence(), code="OLLAMA_TIMEOUT", status=504),
    after_text("half a line", Raw(b'{"message": {"content"'), EndEarly()),
    after_text("half a line and a cut", Raw(_OPEN), Cut()),
    after_text("half a chunk", _APART, Wire(b"ffff\r\n{"), Cut(reset=False)),
    after_text("a chunk of no size", _APART, Wire(b"zzz\r\n"), Cut(reset=False)),
    after_text("a chunk of a negative size", _APART, Wire(b"-5\r\nhello\r\n"), Cut(reset=False)),
    after_text("garbage", *line(b"!")),
    after_text("garbage of a megabyte", *line(b"!" * 1_000_000)),
    after_text("another shape", *chunk(b'{"content": 5}')),
    after_text("text that is a list", *chunk(b'{"content": ["x"]}')),
    after_text("thinking that is an object", *chunk(b'{"content": "", "thinking": {}}')),
    after_text("no message", *line(b'{"done": false}')),
    after_text("a message that is text", *chunk(b'"hello"')),
    after_text("an end that is text", *chunk(b'{"content": ""}', b'"done": "true"')),
    after_text("a reason that is a number", *chunk(b'{"content": ""}', b'"done": true, "done_reason": 5')),
    after_text("a count below zero", *chunk(b'{"content": ""}', b'"done": true, "eval_count": -1')),
    after_text("a count that is text", *chunk(b'{"content": ""}', b'"done": true, "eval_count": "1"')),
    after_text("a count that is no whole number", *chunk(b'{"content": ""}', b'"done": true, "eval_count": 1.5')),
    after_text("calls that are an object", *chunk(b'{"content": "", "tool_calls": {}}')),
    after_text("a call without a function", *chunk(b'{"content": "", "tool_calls": [{}]}')),
    after_text("a call without a name", *chunk(b'{"content": "", "tool_calls": [{"function": {}}]}')),
    after_text(
        "arguments that are text",
        *chunk(b'{"content": "", "tool_calls": [{"function": {"name": "x", "arguments": "{}"}}]}'),
    ),
    after_text("a bare number", *line(b"5")),
    after_text("deep nesting", *line(b"[" * 100_000)),
    after_text("a number of ten thousand digits", *line(b"9" * 10_000)),
    after_text("a line that is cut in a character", Raw(_OPEN + b"\xe2\x82"), EndEarly()),
    Fault(
        "fewer bytes than promised",
        Reply([Wire(_HEAD + b"Content-Length: 5000\r\n\r\n" + _LINE), Cut(reset=False)]),
        text=KEPT,
    ),
    Fault(
        "a body without a length that ends early",
        Reply([Wire(_HEAD + b"Connection: close\r\n\r\n" + _LINE), Cut(reset=False)]),
        text=KEPT,
    ),
]
FAULTS = [*_STATUSES, *_BEFORE_TEXT, *_AFTER_TEXT]

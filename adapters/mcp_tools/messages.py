"""Messages, as they come from either transport."""

import re
from typing import Any

from mcp.shared.message import SessionMessage
from mcp_types import INTERNAL_ERROR, ErrorData, JSONRPCError, JSONRPCResponse, jsonrpc_message_adapter

from adapters.codec.errors import NotDecodable
from adapters.codec.json_text import parse
from adapters.mcp_tools.lines import LONGEST_MESSAGE, TooLong

_ID_AT_HEAD = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,18})\s*[,}]')
_ID_AT_TAIL = re.compile(rb'"id"\s*:\s*(\d{1,18})\s*\}\s*\Z')


MOST_PIECES = 1000
"""Of a result's content. The SDK looks at each twice: a quarter of a million would hold up the loop for seconds."""


def lightened(message: SessionMessage) -> SessionMessage:
    """Without what the SDK would spend the loop's time on and nobody reads.

    That is the check of a result against the tool's own promise, too: in pure Python, and what does not keep the
    promise is as good a text for a model.
    """
    if isinstance(message.message, JSONRPCResponse):
        result = message.message.result
        for tool in _list_in(result, "tools"):
            if isinstance(tool, dict):
                tool.pop("outputSchema", None)
        left_out = len(_list_in(result, "content")) - MOST_PIECES
        if left_out > 0:
            note = {"type": "text", "text": f"[{left_out} more pieces were left out.]"}
            result["content"] = [*result["content"][:MOST_PIECES], note]
    return message


def _list_in(result: dict[str, Any], key: str) -> list[Any]:
    value = result.get(key)
    return value if isinstance(value, list) else []


def message_of(line: bytes | TooLong) -> SessionMessage | None:
    """None for what is no message: programs print greetings, and warnings, to where messages belong."""
    if isinstance(line, TooLong):
        return _too_long(line)
    try:
        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValueError:
        # The SDK's parser refuses the lone surrogates that a JavaScript server's cut texts hold.
        try:
            message = jsonrpc_message_adapter.validate_python(parse(line), by_name=False)
        except (NotDecodable, ValueError):
            return None
    return SessionMessage(message)


def _too_long(line: TooLong) -> SessionMessage | None:
    """An error for the one request that it answers: the id is the message's first field or its last."""
    found = _ID_AT_HEAD.match(line.head) or _ID_AT_TAIL.search(line.tail)
    if found is None:
        return None
    words = f"The result is longer than {LONGEST_MESSAGE // 1024 // 1024} MiB. Ask for less of it."
    error = ErrorData(code=INTERNAL_ERROR, message=words)
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=int(found[1]), error=error))

"""The bytes of a session file: the metadata on the first line, then a message a line.

This layout lets a change that keeps the beginning of a history keep its bytes: appending to 10,000 messages encodes
what is new. Files of any other layout are read alike and rewritten whole.
"""

from dataclasses import dataclass

from adapters.codec.errors import NotDecodable
from adapters.codec.json_text import parse, render
from adapters.codec.messages import CallOrder, encode_messages
from adapters.codec.migrations import FORMAT_VERSION
from adapters.codec.sessions import encode_head, session_of_document
from domain.session import Session

_HEAD_START = b'{"metadata":'
_HEAD_END = b',"messages":[\n'
_TAIL = b"\n]}\n"


@dataclass(frozen=True, slots=True)
class SessionFile:
    """A session and the bytes that it was read from or is written as. `has_lines` tells our own layout."""

    session: Session
    data: bytes
    has_lines: bool


def decode_session_file(data: bytes) -> SessionFile:
    """Raises NotDecodable, and nothing else whatever `data` is."""
    document = parse(data)
    session = session_of_document(document)
    if not isinstance(document, dict) or not isinstance(document["metadata"], dict):
        raise NotDecodable("it is not an object")
    is_current = document["metadata"].get("format_version") == FORMAT_VERSION
    has_lines = is_current and _has_lines(data, session.message_count)
    return SessionFile(session, data, has_lines)


def encode_session_file(session: Session, old: SessionFile | None = None) -> SessionFile:
    """`old` is what the new file takes the place of. Raises NotEncodable."""
    head = render(encode_head(session))[:-1]
    kept = _shared_beginning(old.session, session) if old and old.has_lines else 0
    parts = [_first_lines(old, kept)] if old and kept else []
    order = CallOrder(session.messages[:kept])
    parts.extend(render(raw) for raw in encode_messages(session.messages[kept:], order))
    return SessionFile(session, b"".join((head, _HEAD_END, b",\n".join(parts), _TAIL)), has_lines=True)


def _has_lines(data: bytes, message_count: int) -> bool:
    head_end = data.find(b"\n") + 1
    return (
        data.startswith(_HEAD_START)
        and data.endswith(_HEAD_END, 0, head_end)
        and data.endswith(_TAIL)
        and data.count(b"\n") == max(message_count, 1) + 2
    )


def _shared_beginning(old: Session, new: Session) -> int:
    """How many messages at the beginning of both are the very same."""
    pairs = zip(old.messages, new.messages, strict=False)
    shared = min(old.message_count, new.message_count)
    return next((index for index, (one, other) in enumerate(pairs) if one is not other), shared)


def _first_lines(file: SessionFile, count: int) -> bytes:
    """The lines of the first `count` messages (one at least), without the comma and the line's end of the last."""
    end = len(file.data) - len(_TAIL)
    for _ in range(file.session.message_count - count):
        end = file.data.rindex(b",\n", 0, end)
    return file.data[file.data.index(b"\n") + 1 : end]

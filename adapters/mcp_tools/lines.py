"""Lines of a stream, none of which can take all memory."""

import asyncio
from dataclasses import dataclass

LONGEST_MESSAGE = 8 * 1024 * 1024
"""Bytes of one message, over either transport. A result is cut at 100,000 characters; pictures in it take millions."""

_READ_AT_ONCE = 64 * 1024
_END_KEPT = 4096


@dataclass(frozen=True, slots=True)
class TooLong:
    """The two ends of a line that was longer than `LONGEST_MESSAGE`; the rest was thrown away as it came."""

    head: bytes
    tail: bytes


class Lines:
    """Split at line feeds only, at a cost that is linear in a line's length."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._head = b""

    async def next(self) -> bytes | TooLong | None:
        """None at the stream's end; what was begun there without a line feed counts for nothing."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            self._bound()
            searched = len(self._buffer)
            block = await self._stream.read(_READ_AT_ONCE)
            if not block:
                return None
            self._buffer += block
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        head, self._head = self._head, b""
        return TooLong(head, line[-_END_KEPT:]) if head else line

    def _bound(self) -> None:
        if len(self._buffer) > (_END_KEPT if self._head else LONGEST_MESSAGE):
            self._head = self._head or bytes(self._buffer[:_END_KEPT])
            del self._buffer[:-_END_KEPT]

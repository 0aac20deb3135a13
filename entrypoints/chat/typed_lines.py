"""Lines from a pipe or a file, read without holding up the loop or the end of the program."""

import asyncio
import codecs
import os
from contextlib import suppress
from threading import Thread

_CHUNK_BYTES = 64 * 1024


class TypedLines:
    """Reads a descriptor only when a line is wanted.

    Not in a thread of the loop's executor: asyncio would wait for it at the end, and it for a pipe that stays open.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._text = ""
        self._is_over = False

    async def next(self) -> str | None:
        """The next line without its end, None after the last. Raises OSError where it cannot be read."""
        while "\n" not in self._text and not self._is_over:
            chunk = await self._chunk()
            self._is_over = not chunk
            self._text += self._decoder.decode(chunk, final=self._is_over)
        if not self._text:
            return None
        line, _, self._text = self._text.partition("\n")
        return line.removesuffix("\r")

    async def _chunk(self) -> bytes:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()

        def deliver(chunk: bytes | None, error: OSError | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(chunk or b"")

        def read() -> None:
            chunk, error = None, None
            try:
                chunk = os.read(self._descriptor, _CHUNK_BYTES)
            except OSError as raised:
                error = raised
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(deliver, chunk, error)

        Thread(target=read, name="typed lines", daemon=True).start()
        return await answer

"""The server's side of one worker."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Final, Protocol

from adapters.codec.errors import NotDecodable
from adapters.codec.json_text import parse, render
from adapters.python_tools.channel import Channel
from adapters.python_tools.failures import NoAnswer, WorkerLost
from adapters.python_tools.sources import Source
from domain.errors import ToolFailed
from domain.json_value import JsonObject

_LAST_WORD_SECONDS: Final = 2.0
"""How long one that broke off, or is killed, may take to be dead: so that we can say how it ended, and that a cancelled
call leaves nothing running."""


class Parent(Protocol):
    def kill(self, worker: "Worker") -> None: ...


class Worker:
    """Serves one source, one call at a time. `ended` is done when it and all that came of it are dead."""

    def __init__(self, number: int, source: Source, parent: Parent) -> None:
        self.number = number
        self.source = source
        self.channel: Channel | None = None
        self.ended: asyncio.Future[WorkerLost] = asyncio.get_running_loop().create_future()
        self.is_loaded = False
        self.is_reusable = False
        self._is_dismissed = False
        self._parent = parent

    async def load(self) -> None:
        """Raises ToolFailed: WorkerLost, NoAnswer, or what the source's own code raised."""
        if not self.is_loaded:
            reply = await self.ask(self.source.as_request())
            if "error" in reply:
                raise ToolFailed(str(reply.get("text")))
            self.is_loaded = True

    async def ask(self, request: JsonObject) -> JsonObject:
        """Raises WorkerLost, with how it ended, and NoAnswer."""
        if self.channel is None:
            raise WorkerLost("The tool's process is gone.")
        self.is_reusable = False
        request_id = secrets.token_hex(8)
        try:
            reply = parse(await self.channel.ask(render({**request, "id": request_id}) + b"\n"))
        except NotDecodable:
            reply = None
        except WorkerLost as lost:
            raise await self._last_word(lost) from None
        if not isinstance(reply, Mapping) or reply.get("id") != request_id:
            raise NoAnswer
        self.is_reusable = reply.get("reusable") is True
        return reply

    def dismiss(self) -> None:
        """Have it killed."""
        self.is_reusable = False
        if not self._is_dismissed:
            self._is_dismissed = True
            self._parent.kill(self)
            if self.channel is not None:
                self.channel.close()

    async def end(self) -> None:
        """Have it killed, and wait a little for its end."""
        self.dismiss()
        await asyncio.wait([self.ended], timeout=_LAST_WORD_SECONDS)

    def on_ended(self, lost: WorkerLost) -> None:
        if not self.ended.done():
            self.ended.set_result(lost)
        self.dismiss()

    async def _last_word(self, lost: WorkerLost) -> WorkerLost:
        done, _ = await asyncio.wait([self.ended], timeout=_LAST_WORD_SECONDS)
        return self.ended.result() if done else lost

"""The conversation: what is typed is said or carried out, one after the other, until nobody types any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from domain.errors import MochiError
from domain.run import ChatRequest
from entrypoints.chat.commands import WrongCommand, carry_out, is_command
from entrypoints.chat.screen import EndOfInput, Interrupted, Screen
from entrypoints.chat.talk import Talk
from entrypoints.chat.turn import Turn
from entrypoints.chat.use_cases import ChatUseCases
from entrypoints.chat.wording import told


class Conversation:
    def __init__(self, use_cases: ChatUseCases, screen: Screen, talk: Talk) -> None:
        self._use_cases = use_cases
        self._screen = screen
        self._talk = talk

    async def hold(self) -> bool:
        """Whether all went well. What goes wrong is told, and the conversation goes on."""
        went_well = await self._is_done(self._rejoin())
        while True:
            try:
                text = await self._screen.read_message()
                went_well &= await self._is_done(self._take(text))
            except Interrupted:
                continue
            except EndOfInput:
                return went_well

    async def _is_done(self, work: Coroutine[Any, Any, bool]) -> bool:
        task = asyncio.create_task(work)
        try:
            # A run has an end of its own; all else, such as a list that a server does not give, is just left.
            with self._screen.interrupting(task.cancel):
                return await task
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is None or me.cancelling():
                raise
            self._screen.note("Cancelled.")
            return True
        except WrongCommand as error:
            self._screen.tell_error(str(error))
        except MochiError as error:
            self._screen.tell_error(told(error))
        return False

    async def _take(self, text: str) -> bool:
        if is_command(text):
            session_before = self._talk.session_id
            await carry_out(self._talk, text)
            return self._talk.session_id in (None, session_before) or await self._rejoin()
        if text.strip():
            turn = self._turn(await self._talk.session())
            return await turn.ask(ChatRequest(message=text.strip(), think=self._talk.think))
        return True

    async def _rejoin(self) -> bool:
        """Follow the run that is at work on a resumed session, if any: it may wait for somebody's consent."""
        session_id = self._talk.session_id
        if session_id is None or (await self._use_cases.read_status(session_id)).run is None:
            return True
        return await self._turn(session_id).rejoin()

    def _turn(self, session_id: str) -> Turn:
        return Turn(self._use_cases, self._screen, session_id, self._talk.warnings)

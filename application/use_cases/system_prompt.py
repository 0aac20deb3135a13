"""The system prompt of a session."""

from collections.abc import Callable
from datetime import datetime

from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.prompt_store import PromptStore
from application.ports.session_store import SessionStore
from application.runs.supervisor import RunSupervisor
from domain.conversation import remove_system_prompt, set_system_prompt
from domain.errors import ValidationFailed
from domain.identifiers import require_session_id
from domain.message import SystemMessage
from domain.prompt import require_prompt_filename
from domain.session import Session


class SystemPromptSource:
    """Makes the system message out of what a request gives: a prompt file or, without one, the text itself."""

    def __init__(self, *, prompts: PromptStore, clock: Clock, ids: IdSource) -> None:
        self._prompts = prompts
        self._clock = clock
        self._ids = ids

    async def message(self, content: str | None, source_file: str | None) -> SystemMessage | None:
        """None where neither is given; a blank text is none. Raises ValidationFailed, PromptNotFound, StorageFailed."""
        if source_file is not None:
            require_prompt_filename(source_file)
            content = (await self._prompts.read(source_file)).content
        elif content is None or not content.strip():
            return None
        return SystemMessage(
            message_id=self._ids.new_id(), timestamp=self._clock.now(), content=content, source_file=source_file
        )


class SetSystemPrompt:
    """Puts a system prompt first, in the place of the old one; the rest of the history stays."""

    def __init__(
        self, *, sessions: SessionStore, supervisor: RunSupervisor, source: SystemPromptSource, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._supervisor = supervisor
        self._source = source
        self._clock = clock

    async def __call__(
        self, session_id: str, *, content: str | None = None, source_file: str | None = None
    ) -> SystemMessage:
        """The message as it is kept, at index 0.

        Raises SessionNotFound, SessionCorrupt, SessionBusy, PromptNotFound, ValidationFailed, StorageFailed.
        """
        require_session_id(session_id)
        async with self._supervisor.idle(session_id):
            await self._sessions.load(session_id)
            prompt = await self._source.message(content, source_file)
            if prompt is None:
                raise ValidationFailed("Send a `content` that is not blank, or a `source_file`.", field="content")
            await self._sessions.update(session_id, _setting(prompt, self._clock.now()))
        return prompt


def _setting(prompt: SystemMessage, at: datetime) -> Callable[[Session], Session]:
    return lambda session: set_system_prompt(session, prompt, at)


class RemoveSystemPrompt:
    """Takes the system prompt away; nothing changes where there is none."""

    def __init__(self, *, sessions: SessionStore, supervisor: RunSupervisor, clock: Clock) -> None:
        self._sessions = sessions
        self._supervisor = supervisor
        self._clock = clock

    async def __call__(self, session_id: str) -> None:
        """Raises SessionNotFound, SessionCorrupt, SessionBusy, StorageFailed."""
        require_session_id(session_id)
        async with self._supervisor.idle(session_id):
            at = self._clock.now()
            await self._sessions.update(session_id, lambda session: remove_system_prompt(session, at))

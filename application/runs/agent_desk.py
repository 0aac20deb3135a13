"""The sessions that agents work in, each open for one delegation at a time."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace

from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.runs.call_closer import CallCloser
from domain.agent import Skill
from domain.agent_work import instructed
from domain.delegating import Order
from domain.errors import SessionCorrupt, SessionNotFound, ValidationFailed
from domain.identifiers import require_session_id
from domain.message import SystemMessage, UserMessage
from domain.session import Session

_NOT_ITS_OWN = "There is no earlier work of `{agent}` under this `session_id`. Leave it out to begin anew."
_AT_WORK = "An agent works in the session of this `session_id` at this moment. Leave it out to begin anew."


class AgentDesk:
    """A session is opened with its agent's system prompt as it is now, and what the agent is to do."""

    def __init__(self, *, sessions: SessionStore, call_closer: CallCloser, clock: Clock, ids: IdSource) -> None:
        self._sessions = sessions
        self._call_closer = call_closer
        self._clock = clock
        self._ids = ids
        self._open: set[str] = set()

    async def require_own(self, order: Order) -> None:
        """Raises ValidationFailed where the order would go on with what is not that agent's; StorageFailed."""
        if order.session_id is None:
            return
        try:
            require_session_id(order.session_id)
            session = await self._sessions.load(order.session_id)
        except (SessionNotFound, SessionCorrupt):
            raise _not_its_own(order) from None
        if session.agent_name != order.agent_name:
            raise _not_its_own(order)

    @asynccontextmanager
    async def opened(self, order: Order, skill: Skill, model: str) -> AsyncIterator[Session]:
        """The session, stored. Raises ValidationFailed where it cannot be gone on with; what the store raises."""
        await self.require_own(order)
        if order.session_id is None:
            session = await self._created(order, skill, model)
            with self._held(session.session_id):
                yield session
            return
        with self._held(order.session_id):
            yield await self._sessions.update(
                order.session_id, lambda kept: self._instructed(self._call_closer(kept), order, skill, model)
            )

    @asynccontextmanager
    async def opened_again(self, session_id: str) -> AsyncIterator[Session]:
        """As a server that stopped left it. Raises SessionNotFound, SessionCorrupt, StorageFailed."""
        with self._held(session_id):
            yield await self._sessions.load(session_id)

    async def close(self, session_id: str) -> None:
        """Give each open call a result, where the session is there. Raises StorageFailed."""
        with suppress(SessionNotFound, SessionCorrupt):
            await self._sessions.update(session_id, self._call_closer)

    async def _created(self, order: Order, skill: Skill, model: str) -> Session:
        now = self._clock.now()
        while True:
            empty = Session(
                session_id=self._ids.new_id(), model=model, created_at=now, updated_at=now, agent_name=order.agent_name
            )
            session = self._instructed(empty, order, skill, model)
            if await self._sessions.create(session):
                return session

    def _instructed(self, session: Session, order: Order, skill: Skill, model: str) -> Session:
        now = self._clock.now()
        prompt = SystemMessage(message_id=self._ids.new_id(), timestamp=now, content=skill.system_prompt)
        instruction = UserMessage(message_id=self._ids.new_id(), timestamp=now, content=order.instruction)
        return instructed(replace(session, model=model), prompt if skill.system_prompt else None, instruction, now)

    @contextmanager
    def _held(self, session_id: str) -> Iterator[None]:
        if session_id in self._open:
            raise ValidationFailed(_AT_WORK, field="session_id")
        self._open.add(session_id)
        try:
            yield
        finally:
            self._open.discard(session_id)


def _not_its_own(order: Order) -> ValidationFailed:
    return ValidationFailed(_NOT_ITS_OWN.format(agent=order.agent_name), field="session_id")

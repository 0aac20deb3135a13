"""How a run ended: what was left of its answer, and its record."""

from contextlib import suppress
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.runs.call_closer import CallCloser
from domain.conversation import as_before, put_longer_message
from domain.errors import SessionCorrupt, SessionNotFound
from domain.message import AssistantMessage
from domain.run import Run
from domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnding:
    """`message` is the part of an answer that a cut left, None where there is none to store; `agent_message` the same
    of the answer of the agent that `run.delegation` names.

    `has_begun` is False for a run that never came to write to its session: then only its record is kept. With
    `session_before` the session goes back to what it was. `closes_calls` is False where the calls that are open are
    another run's, which will answer them.
    """

    run: Run
    message: AssistantMessage | None
    agent_message: AssistantMessage | None = None
    has_begun: bool = True
    session_before: Session | None = None
    closes_calls: bool = True


class EndingWriter:
    """Writes an ending to the histories that it concerns, and to the run's record."""

    def __init__(
        self,
        *,
        sessions: SessionStore,
        agent_sessions: SessionStore,
        runs: RunStore,
        call_closer: CallCloser,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._agent_sessions = agent_sessions
        self._runs = runs
        self._call_closer = call_closer
        self._clock = clock

    async def write(self, ending: RunEnding) -> None:
        """Raises what the stores raise. Done twice, it is done once."""
        if ending.has_begun and ending.run.status != "completed":
            await self._close_agent(ending)
            try:
                await self._sessions.update(ending.run.session_id, lambda session: self._closed(session, ending))
            except SessionNotFound:
                await self._runs.forget(ending.run.session_id)
                return
        await self._runs.update(ending.run)

    async def _close_agent(self, ending: RunEnding) -> None:
        """An agent's session that is gone, or cannot be read, must not keep the run from ending."""
        if (delegation := ending.run.delegation) is None:
            return
        with suppress(SessionNotFound, SessionCorrupt):
            await self._agent_sessions.update(
                delegation.session_id,
                lambda session: self._with_text(session, ending, ending.agent_message, delegation.agent_name),
            )

    def _closed(self, session: Session, ending: RunEnding) -> Session:
        if ending.session_before is not None:
            return as_before(session, ending.session_before)
        return self._with_text(session, ending, ending.message)

    def _with_text(
        self, session: Session, ending: RunEnding, message: AssistantMessage | None, agent_name: str | None = None
    ) -> Session:
        if message is not None:
            session = put_longer_message(session, message, self._clock.now())
        return self._call_closer(session, ending.run, agent_name) if ending.closes_calls else session

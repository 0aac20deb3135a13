"""The beginning of a run: its session is claimed and the user's message stored, before any model is asked."""

from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.runs.answer_draft import AnswerDraft
from application.runs.call_closer import CallCloser
from application.runs.run_handle import RunHandle
from domain.conversation import (
    after_last_user_message_dropped,
    append,
    has_something_to_answer,
    last_calls,
)
from domain.errors import EmptyHistory
from domain.message import UserMessage
from domain.run import ChatRequest
from domain.session import Session


class PrepareRun:
    """Claims the session for a run and stores what the person said."""

    def __init__(
        self, *, sessions: SessionStore, runs: RunStore, call_closer: CallCloser, clock: Clock, ids: IdSource
    ) -> None:
        self._sessions = sessions
        self._runs = runs
        self._call_closer = call_closer
        self._clock = clock
        self._ids = ids

    async def __call__(self, handle: RunHandle) -> Session:
        """The session as the model is to see it.

        Raises what the stores raise, SessionBusy where another process works on the session, and EmptyHistory where
        there is nothing to answer. Then the session is as it was; a run that was claimed is for the caller to end.
        """
        await self._runs.claim(handle.run)
        handle.is_claimed = True
        if handle.is_resumed:
            return await self._resumed(handle)
        return await self._sessions.update(handle.run.session_id, lambda session: self._prepared(session, handle))

    async def _resumed(self, handle: RunHandle) -> Session:
        """Readers who come at once are shown the answer that asked."""
        session = await self._sessions.load(handle.run.session_id)
        if found := last_calls(session.messages):
            handle.begin_draft(AnswerDraft.of_stored(found[0]))
        return session

    def _prepared(self, session: Session, handle: RunHandle) -> Session:
        if not handle.can_confirm:
            handle.session_before = session
        return self._with_request(session, handle.request)

    def _with_request(self, session: Session, request: ChatRequest) -> Session:
        session = self._call_closer(session)
        if request.regenerate:
            session = after_last_user_message_dropped(session, self._clock.now())
        if request.message is not None:
            session = append(session, (self._user_message(request),), self._clock.now())
        require_something_to_answer(session)
        return session

    def _user_message(self, request: ChatRequest) -> UserMessage:
        return UserMessage(
            message_id=self._ids.new_id(),
            timestamp=self._clock.now(),
            content=request.message or "",
            images=request.images,
        )


def require_something_to_answer(session: Session) -> None:
    """Raises EmptyHistory where the session holds nothing but a system prompt."""
    if not has_something_to_answer(session.messages):
        raise EmptyHistory(session.session_id)

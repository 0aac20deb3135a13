"""A whole answer at once, for those who do not read events."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.run_log import Follower
from application.ports.session_store import SessionStore
from application.use_cases.answered_calls import AnsweredCall, answered_calls
from application.use_cases.runs import GetRun
from application.use_cases.start_run import Repeatable, StartRun
from domain.context_window import WindowUse
from domain.conversation import tokens_counted
from domain.errors import RunFailed
from domain.message import AssistantMessage
from domain.run import ChatRequest, EndStatus
from domain.run_event import (
    ContentDelta,
    Done,
    MessageComplete,
    RunError,
    RunEvent,
    RunStart,
    ThinkingDelta,
)
from domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a run came to. `message` is None where it was cut before it had any text."""

    session_id: str
    run_id: str
    status: EndStatus
    message: AssistantMessage | None
    warnings: Sequence[str]
    calls: Sequence[AnsweredCall]
    context_window: WindowUse


class AnswerChat:
    """Starts a run and waits for its end."""

    def __init__(self, *, start_run: StartRun, get_run: GetRun, sessions: SessionStore) -> None:
        self._start_run = start_run
        self._get_run = get_run
        self._sessions = sessions

    async def __call__(self, session_id: str, request: ChatRequest, repeatable: Repeatable | None = None) -> Answer:
        """Raises what StartRun raises, and RunFailed, with the run's own code, where the run failed."""
        async with self._start_run(session_id, request, repeatable, can_confirm=False) as started:
            events = await _all_but_deltas(started.events)
        done = next(event for event in events if isinstance(event, Done))
        for event in events:
            if isinstance(event, RunError):
                raise RunFailed(event.code, event.message, **{**event.details, "run_id": done.run_id})
        session = await self._sessions.load(session_id)
        run = await self._get_run(session_id, done.run_id)
        if run.error is not None:
            raise RunFailed(run.error.code, run.error.message, run_id=done.run_id)
        return Answer(
            session_id=session_id,
            run_id=done.run_id,
            status=done.status,
            message=_message(session, run.message_id),
            warnings=next((event.warnings for event in events if isinstance(event, RunStart)), ()),
            calls=answered_calls(session, run, events),
            context_window=_window_use(session, events),
        )


async def _all_but_deltas(follower: Follower) -> list[RunEvent]:
    events: list[RunEvent] = []
    while not (events and isinstance(events[-1], Done)):
        entries = await follower.next()
        events += [entry.event for entry in entries if not isinstance(entry.event, ContentDelta | ThinkingDelta)]
    return events


def _message(session: Session, message_id: str | None) -> AssistantMessage | None:
    for message in reversed(session.messages):
        if isinstance(message, AssistantMessage) and message.message_id == message_id:
            return message
    return None


def _window_use(session: Session, events: Sequence[RunEvent]) -> WindowUse:
    """As the complete answer told it; of a cut one, what the session knows."""
    for event in events:
        if isinstance(event, MessageComplete):
            return event.context_window
    return WindowUse(
        current_window=session.context_window.current_window,
        usage_tokens=tokens_counted(session.messages),
        reason="no_adjustment",
        messages_left_out=session.context_window.messages_left_out,
    )

"""A whole answer at once, for those who do not read events."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.run_log import Follower
from application.ports.session_store import SessionStore
from application.use_cases.runs import GetRun
from application.use_cases.start_run import Repeatable, StartRun
from domain.context_window import WindowUse
from domain.errors import RunFailed
from domain.message import AssistantMessage
from domain.run import ChatRequest
from domain.run_event import (
    ContentDelta,
    Done,
    MessageComplete,
    RunError,
    RunEvent,
    RunStart,
    ThinkingDelta,
    ToolResult,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`message` is None where the run was cut before it had any text; `context_window` where it was cut at all."""

    session_id: str
    run_id: str
    status: str
    message: AssistantMessage | None
    warnings: Sequence[str]
    tool_results: Sequence[ToolResult]
    context_window: WindowUse | None


class AnswerChat:
    """Starts a run and waits for its end."""

    def __init__(self, *, start_run: StartRun, get_run: GetRun, sessions: SessionStore) -> None:
        self._start_run = start_run
        self._get_run = get_run
        self._sessions = sessions

    async def __call__(self, session_id: str, request: ChatRequest, repeatable: Repeatable | None = None) -> Answer:
        """Raises what StartRun raises, and RunFailed, with the run's own code, where the run failed."""
        async with self._start_run(session_id, request, repeatable) as started:
            events = await _all_but_deltas(started.events)
        done = next(event for event in events if isinstance(event, Done))
        for event in events:
            if isinstance(event, RunError):
                raise RunFailed(event.code, event.message, **event.details, run_id=done.run_id)
        completed = next((event for event in events if isinstance(event, MessageComplete)), None)
        return Answer(
            session_id=session_id,
            run_id=done.run_id,
            status=done.status,
            message=await self._message(session_id, done.run_id),
            warnings=next((event.warnings for event in events if isinstance(event, RunStart)), ()),
            tool_results=[event for event in events if isinstance(event, ToolResult)],
            context_window=completed.context_window if completed else None,
        )

    async def _message(self, session_id: str, run_id: str) -> AssistantMessage | None:
        run = await self._get_run(session_id, run_id)
        session = await self._sessions.load(session_id)
        for message in reversed(session.messages):
            if isinstance(message, AssistantMessage) and message.message_id == run.message_id:
                return message
        return None


async def _all_but_deltas(follower: Follower) -> list[RunEvent]:
    events: list[RunEvent] = []
    while not (events and isinstance(events[-1], Done)):
        entries = await follower.next()
        events += [entry.event for entry in entries if not isinstance(entry.event, ContentDelta | ThinkingDelta)]
    return events

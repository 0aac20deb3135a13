"""The use cases of runs over in-memory adapters and a scripted model."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from adapters.memory.run_log import MemoryRunLog
from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from application.model_directory import ModelDirectory
from application.ports.run_log import Follower, LogEntry
from application.runs.answer_tool_calls import AnswerToolCalls
from application.runs.call_closer import CallCloser
from application.runs.execute_run import ExecuteRun
from application.runs.flusher import RunFlusher
from application.runs.prepare_run import PrepareRun
from application.runs.recovery import RecoverRuns
from application.runs.run_keeper import RunKeeper
from application.runs.supervisor import RunSupervisor
from application.use_cases.answer import AnswerChat
from application.use_cases.follow_run import FollowRun
from application.use_cases.runs import CancelRun, GetRun, ListRuns
from application.use_cases.start_run import Repeatable, StartedRun, StartRun
from domain.known_names import KnownNames
from domain.message import Message
from domain.model_card import ModelCard
from domain.run import ChatRequest
from domain.run_event import ContentDelta, Done, RunEvent
from domain.session import Session
from tests.fakes.clock import FakeClock
from tests.fakes.id_source import CountingIds
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel

PLAIN = ModelCard(name="plain", capabilities=frozenset({"completion"}), context_length=32_768)
CLEVER = ModelCard(
    name="clever", capabilities=frozenset({"completion", "thinking", "vision", "tools"}), context_length=8_192
)


class House:
    """Everything that a run needs, built as the container builds it."""

    def __init__(
        self,
        model: ScriptedModel | None = None,
        *,
        sessions: MemorySessionStore | None = None,
        runs: MemoryRunStore | None = None,
        replay_bytes: int = 1_000_000,
        max_tool_rounds: int = 3,
        dynamic_window_enabled: bool = True,
    ) -> None:
        self.clock = FakeClock()
        self.ids = CountingIds()
        self.model = model or ScriptedModel()
        self.catalog = ScriptedCatalog(PLAIN, CLEVER)
        self.directory = ModelDirectory(catalog=self.catalog, clock=self.clock)
        self.sessions = sessions or MemorySessionStore()
        self.runs = runs or MemoryRunStore()
        self.log = MemoryRunLog(clock=self.clock, replay_bytes=replay_bytes)
        closer = CallCloser(clock=self.clock, ids=self.ids)
        self.keeper = RunKeeper(sessions=self.sessions, runs=self.runs, call_closer=closer, clock=self.clock)
        self.supervisor = RunSupervisor(
            prepare=PrepareRun(
                sessions=self.sessions, runs=self.runs, call_closer=closer, clock=self.clock, ids=self.ids
            ),
            execute=ExecuteRun(
                model=self.model,
                directory=self.directory,
                sessions=self.sessions,
                answer_tool_calls=AnswerToolCalls(sessions=self.sessions, clock=self.clock, ids=self.ids),
                clock=self.clock,
                ids=self.ids,
                dynamic_window_enabled=dynamic_window_enabled,
                max_tool_rounds=max_tool_rounds,
            ),
            keeper=self.keeper,
            log=self.log,
            clock=self.clock,
        )
        self.flusher = RunFlusher(supervisor=self.supervisor, keeper=self.keeper, runs=self.runs)
        self.recover = RecoverRuns(runs=self.runs, keeper=self.keeper, clock=self.clock)
        self.follow_run = FollowRun(sessions=self.sessions, runs=self.runs, log=self.log, supervisor=self.supervisor)
        self.start_run = StartRun(
            sessions=self.sessions,
            runs=self.runs,
            log=self.log,
            directory=self.directory,
            supervisor=self.supervisor,
            follow_run=self.follow_run,
            known_names=KnownNames(),
            clock=self.clock,
            ids=self.ids,
        )
        self.list_runs = ListRuns(sessions=self.sessions, runs=self.runs, supervisor=self.supervisor)
        self.get_run = GetRun(list_runs=self.list_runs)
        self.cancel_run = CancelRun(sessions=self.sessions, supervisor=self.supervisor)
        self.answer_chat = AnswerChat(start_run=self.start_run, get_run=self.get_run, sessions=self.sessions)

    async def session(self, *messages: Message, model: str = "plain") -> str:
        """A new session's id."""
        now = self.clock.now()
        session = Session(
            session_id=self.ids.new_id(), model=model, created_at=now, updated_at=now, messages=tuple(messages)
        )
        assert await self.sessions.create(session)
        return session.session_id

    async def messages(self, session_id: str) -> tuple[Message, ...]:
        return (await self.sessions.load(session_id)).messages

    def written(self, session_id: str) -> str:
        """What the run at work has written so far."""
        draft = self.supervisor.runs_of(session_id)[0].draft
        return draft.content if draft else ""

    def say(
        self, session_id: str, text: str = "hello", *, key: str | None = None
    ) -> AbstractAsyncContextManager[StartedRun]:
        repeatable = Repeatable(key=key, request_digest=text) if key else None
        return self.start_run(session_id, ChatRequest(message=text), repeatable)


async def read_entries(events: Follower) -> list[LogEntry]:
    """All entries up to `Done`."""
    entries: list[LogEntry] = []
    async with asyncio.timeout(5):
        while not (entries and isinstance(entries[-1].event, Done)):
            entries += await events.next()
    return entries


async def read_all(events: Follower) -> list[RunEvent]:
    return [entry.event for entry in await read_entries(events)]


async def read_until_text(events: Follower, text: str) -> list[LogEntry]:
    """Entries up to the one by which the text so far is `text`."""
    entries: list[LogEntry] = []
    async with asyncio.timeout(5):
        while text_of([entry.event for entry in entries]) != text:
            entries += await events.next()
    return entries


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop go on until `condition` holds; nothing here waits for anything but the loop."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


def text_of(events: Sequence[RunEvent]) -> str:
    return "".join(event.content for event in events if isinstance(event, ContentDelta))


def names_of(events: Sequence[RunEvent]) -> list[str]:
    return [event.name for event in events]

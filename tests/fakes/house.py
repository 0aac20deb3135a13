"""A whole server in memory: composed by the container, with a scripted model and a clock that stands still."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from dependency_injector import providers

from adapters.memory.run_log import MemoryRunLog
from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from adapters.memory.telemetry import MemoryTelemetry
from application.agent_directory import AgentDirectory
from application.all_telemetry import AllTelemetry
from application.offers import Offers
from application.ports.run_log import Follower, LogEntry
from application.tool_directory import ToolDirectory
from application.use_cases.start_run import Repeatable, StartedRun
from domain.known_names import KnownNames
from domain.message import Message
from domain.model_card import ModelCard
from domain.run import ChatRequest
from domain.run_event import ContentDelta, Done, RunEvent
from domain.session import AgentSettings, Session, ToolSettings
from entrypoints.container import Container
from entrypoints.settings import Settings
from tests.fakes.agent_store import FakeAgentStore
from tests.fakes.clock import FakeClock
from tests.fakes.id_source import CountingIds
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel
from tests.fakes.toolbox import FakeToolbox

PLAIN = ModelCard(name="plain", capabilities=frozenset({"completion"}), context_length=32_768)
CLEVER = ModelCard(
    name="clever", capabilities=frozenset({"completion", "thinking", "vision", "tools"}), context_length=8_192
)


class HouseOffers(Offers):
    """What the house has; or names that are said to be known, with nothing behind them."""

    def __init__(self, *, tools: ToolDirectory, agents: AgentDirectory, known_names: KnownNames | None) -> None:
        super().__init__(tools=tools, agents=agents)
        self._known_names = known_names

    async def known_names(self, tools: ToolSettings, agents: AgentSettings) -> KnownNames:
        return self._known_names or await super().known_names(tools, agents)


class House:
    """The ports are filled by fakes and in-memory adapters; all else is as in production. Nothing is opened."""

    def __init__(
        self,
        model: ScriptedModel | None = None,
        *,
        catalog: ScriptedCatalog | None = None,
        sessions: MemorySessionStore | None = None,
        runs: MemoryRunStore | None = None,
        known_names: KnownNames | None = None,
        toolbox: FakeToolbox | None = None,
        agents: FakeAgentStore | None = None,
        agent_toolbox: FakeToolbox | None = None,
        agent_sessions: MemorySessionStore | None = None,
        ids: CountingIds | None = None,
        clock: FakeClock | None = None,
        max_agent_iterations: int = 5,
        replay_bytes: int = 1_000_000,
        max_tool_rounds: int = 3,
        dynamic_window_enabled: bool = True,
        summary_unsupported_models: tuple[str, ...] = (),
    ) -> None:
        self.clock = clock or FakeClock()
        self.ids = ids or CountingIds()
        self.model = model or ScriptedModel()
        self.catalog = catalog or ScriptedCatalog(PLAIN, CLEVER)
        self.sessions = sessions or MemorySessionStore()
        self.runs = runs or MemoryRunStore()
        self.log = MemoryRunLog(clock=self.clock, replay_bytes=replay_bytes)
        self.telemetry = MemoryTelemetry()
        self.toolbox = toolbox or FakeToolbox()
        self.tools = ToolDirectory(toolboxes=[self.toolbox])
        self.agents = agents or FakeAgentStore()
        self.agent_toolbox = agent_toolbox or FakeToolbox()
        self.agent_sessions = agent_sessions or MemorySessionStore()
        self.offers = HouseOffers(
            tools=self.tools,
            agents=AgentDirectory(store=self.agents, toolbox=self.agent_toolbox),
            known_names=known_names,
        )
        self.container = self._container(
            Settings(
                storage="memory",
                dynamic_context_window_enabled=dynamic_window_enabled,
                max_tool_rounds=max_tool_rounds,
                max_agent_iterations=max_agent_iterations,
                summary_unsupported_models=summary_unsupported_models,
            )
        )
        self.prompts = self.container.prompt_store()
        self.models = self.container.directory()
        self.views = self.container.views()
        self.call_closer = self.container.call_closer()
        self.prompt_source = self.container.prompt_source()
        self.keeper = self.container.keeper()
        self.supervisor = self.container.supervisor()
        self.flusher = self.container.flusher()
        self.recover = self.container.recover_runs()
        self.follow_run = self.container.follow_run()
        self.start_run = self.container.start_run()
        self.list_runs = self.container.list_runs()
        self.get_run = self.container.get_run()
        self.cancel_run = self.container.cancel_run()
        self.confirm_tool = self.container.confirm_tool()
        self.answer_chat = self.container.answer_chat()

    def _container(self, settings: Settings) -> Container:
        container = Container(settings=settings)
        container.override_providers(
            clock=providers.Object(self.clock),
            ids=providers.Object(self.ids),
            language_model=providers.Object(self.model),
            model_catalog=providers.Object(self.catalog),
            session_store=providers.Object(self.sessions),
            run_store=providers.Object(self.runs),
            run_log=providers.Object(self.log),
            tools=providers.Object(self.tools),
            agent_session_store=providers.Object(self.agent_sessions),
            agent_store=providers.Object(self.agents),
            agent_toolbox=providers.Object(self.agent_toolbox),
            offers=providers.Object(self.offers),
            telemetry=providers.Singleton(
                AllTelemetry, providers.List(providers.Object(self.telemetry), container.metrics)
            ),
            toolboxes=providers.Object([]),
        )
        return container

    async def session(
        self,
        *messages: Message,
        model: str = "plain",
        tool_settings: ToolSettings | None = None,
        agents: tuple[str, ...] = (),
    ) -> str:
        """A new session's id."""
        now = self.clock.now()
        session = Session(
            session_id=self.ids.new_id(),
            model=model,
            created_at=now,
            updated_at=now,
            messages=tuple(messages),
            tool_settings=tool_settings or ToolSettings(),
            agent_settings=AgentSettings(enabled_agents=agents),
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

"""The parts that the use cases stand on, in memory: a test takes what it needs."""

import asyncio

from adapters.memory.prompt_store import MemoryPromptStore
from adapters.memory.run_log import MemoryRunLog
from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from application.model_directory import ModelDirectory
from application.runs.answer_tool_calls import AnswerToolCalls
from application.runs.call_closer import CallCloser
from application.runs.execute_run import ExecuteRun
from application.runs.prepare_run import PrepareRun
from application.runs.run_handle import RunHandle
from application.runs.run_keeper import RunKeeper
from application.runs.supervisor import RunSupervisor
from application.use_cases.session_view import SessionViews
from application.use_cases.system_prompt import SystemPromptSource
from domain.known_names import KnownNames
from domain.model_card import ModelCard
from domain.prompt import Prompt
from domain.run import ChatRequest, Run
from domain.session import Session
from tests.fakes.clock import FakeClock
from tests.fakes.id_source import CountingIds
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel
from tests.unit.histories import session, user

LLAMA = ModelCard(name="llama", capabilities=frozenset({"completion"}), context_length=4096)
SMALL = ModelCard(name="small", capabilities=frozenset({"completion"}), context_length=2048)


class GatedCatalog(ScriptedCatalog):
    """Answers only while its gate is open. `asked_for` and `given_up` are set as soon as that happened."""

    def __init__(self, *cards: ModelCard) -> None:
        super().__init__(*cards)
        self.gate = asyncio.Event()
        self.asked_for = asyncio.Event()
        self.given_up = asyncio.Event()
        self.probes = 0

    async def is_reachable(self) -> bool | None:
        self.probes += 1
        await self._pass_gate()
        return await super().is_reachable()

    async def get_model(self, name: str) -> ModelCard:
        await self._pass_gate()
        return await super().get_model(name)

    async def _pass_gate(self) -> None:
        self.asked_for.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise


class Bench:
    """`known_names` holds one tool, `weather`, and one agent, `writer`."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ids = CountingIds()
        self.sessions = MemorySessionStore()
        self.runs = MemoryRunStore()
        self.prompts = MemoryPromptStore()
        self.catalog = ScriptedCatalog(LLAMA, SMALL)
        self.models = ModelDirectory(catalog=self.catalog, clock=self.clock)
        self.known_names = KnownNames(tools=frozenset({"weather"}), agents=frozenset({"writer"}))
        self.views = SessionViews(models=self.models, known_names=self.known_names, dynamic_window_enabled=True)
        self.prompt_source = SystemPromptSource(prompts=self.prompts, clock=self.clock, ids=self.ids)
        self.call_closer = CallCloser(clock=self.clock, ids=self.ids)
        self.supervisor = self._supervisor()

    def _supervisor(self) -> RunSupervisor:
        return RunSupervisor(
            prepare=PrepareRun(
                sessions=self.sessions, runs=self.runs, call_closer=self.call_closer, clock=self.clock, ids=self.ids
            ),
            execute=ExecuteRun(
                model=ScriptedModel(default=[asyncio.Event()]),
                directory=self.models,
                sessions=self.sessions,
                answer_tool_calls=AnswerToolCalls(sessions=self.sessions, clock=self.clock, ids=self.ids),
                clock=self.clock,
                ids=self.ids,
                dynamic_window_enabled=True,
                max_tool_rounds=1,
            ),
            keeper=RunKeeper(sessions=self.sessions, runs=self.runs, call_closer=self.call_closer, clock=self.clock),
            log=MemoryRunLog(clock=self.clock),
            clock=self.clock,
        )

    async def keep(self, kept: Session | None = None) -> Session:
        """A session in the store; one with a user message where none is given."""
        kept = kept or session(user())
        assert await self.sessions.create(kept)
        return kept

    async def keep_prompt(self, filename: str, content: str) -> None:
        await self.prompts.create(Prompt(filename=filename, content=content))

    def submit_run(self, session_id: str) -> RunHandle:
        """A run that stays at work until it is ended, now or after those that came before."""
        run = Run(run_id=self.ids.new_run_id(), session_id=session_id, status="queued", created_at=self.clock.now())
        handle = RunHandle(run, ChatRequest(message="And?", on_disconnect="continue", if_busy="enqueue"), ())
        self.supervisor.submit(handle)
        return handle

    async def start_run(self, session_id: str) -> RunHandle:
        """A run at work on an idle session until it is ended."""
        handle = self.submit_run(session_id)
        assert await asyncio.shield(handle.accepted) is None
        return handle

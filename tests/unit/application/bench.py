"""The parts that the use cases stand on, in memory: a test takes what it needs."""

import asyncio

from application.runs.run_handle import RunHandle
from domain.confirmation import Confirmation
from domain.known_names import KnownNames
from domain.model_card import ModelCard
from domain.prompt import Prompt
from domain.run import ChatRequest, Run
from domain.session import Session
from tests.fakes.agent_store import FakeAgentStore, skill
from tests.fakes.house import House
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel
from tests.fakes.toolbox import FakeToolbox, echo
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


class Bench(House):
    """`known_names` holds one tool, `weather`, and one agent, `writer`. The model never answers."""

    def __init__(self) -> None:
        super().__init__(
            ScriptedModel(default=[asyncio.Event()]),
            catalog=ScriptedCatalog(LLAMA, SMALL),
            known_names=KnownNames(tools=frozenset({"weather"}), agents=frozenset({"writer"})),
            agents=FakeAgentStore(skill("cook")),
            agent_toolbox=FakeToolbox({"cook.stir": echo}),
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

    async def begin_run(self, session_id: str) -> RunHandle:
        """A run at work on an idle session until it is ended."""
        handle = self.submit_run(session_id)
        assert await asyncio.shield(handle.accepted) is None
        return handle

    async def ask_in_run(self, session_id: str, confirmation_id: str) -> RunHandle:
        """A run at work that waits for a person to say whether `weather` may be called."""
        handle = await self.begin_run(session_id)
        question = Confirmation(
            confirmation_id=confirmation_id,
            tool_name="weather",
            arguments={},
            call_index=0,
            tool_call_id="call_0",
            created_at=self.clock.now(),
        )
        handle.run = handle.run.with_confirmations((question,))
        return handle

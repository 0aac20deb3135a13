"""A person answers a question about a tool's call."""

from dataclasses import replace

from application.offers import Offers
from application.ports.session_store import SessionStore
from application.ports.toolbox import Toolbox
from application.runs.consent import Consent
from application.runs.delegate import DelegateToAgent
from application.runs.run_handle import RunHandle
from application.runs.supervisor import RunSupervisor
from application.use_cases.runs import ListRuns
from domain.agent import qualified
from domain.confirmation import Confirmation, Decision
from domain.errors import ConfirmationDecided, ConfirmationNotFound, MochiError, SessionBusy
from domain.identifiers import require_session_id
from domain.json_value import JsonObject


class ConfirmTool:
    """Takes the first answer to each question of a session, however fast it comes."""

    def __init__(
        self,
        *,
        sessions: SessionStore,
        supervisor: RunSupervisor,
        list_runs: ListRuns,
        offers: Offers,
        tools: Toolbox,
        agent_tools: Toolbox,
        delegate: DelegateToAgent,
        consent: Consent,
    ) -> None:
        """`agent_tools` are those of all agents, by their qualified names."""
        self._sessions = sessions
        self._supervisor = supervisor
        self._list_runs = list_runs
        self._offers = offers
        self._tools = tools
        self._agent_tools = agent_tools
        self._delegate = delegate
        self._consent = consent

    async def __call__(self, session_id: str, confirmation_id: str, decision: Decision) -> Confirmation:
        """The question, answered; it is kept before this returns.

        Raises SessionNotFound, ConfirmationNotFound (another session's too), ConfirmationDecided; ValidationFailed,
        ToolNotFound or ToolFailed where other arguments cannot be taken, StorageFailed, SessionBusy where another
        server asks: then it stays open.
        """
        require_session_id(session_id)
        handle = self._asker(session_id, confirmation_id)
        if handle is None:
            raise await self._reason(session_id, confirmation_id)
        if not decision.approved:
            decision = replace(decision, arguments=None)
        if decision.arguments is not None:
            question = handle.run.confirmation(confirmation_id)
            if question is None or not question.is_pending:
                raise ConfirmationDecided(confirmation_id)
            await self._check_arguments(session_id, question, decision.arguments)
        return await self._consent.decide(handle, confirmation_id, decision)

    async def _check_arguments(self, session_id: str, question: Confirmation, arguments: JsonObject) -> None:
        name = question.tool_name
        if question.agent_name is not None:
            await self._agent_tools.check_arguments(qualified(question.agent_name, name), arguments)
            return
        offer = await self._offers.offer(await self._sessions.load(session_id))
        if offer.delegates(name):
            await self._delegate.check(arguments, offer.agents)
        else:
            await self._tools.check_arguments(name, arguments)

    def _asker(self, session_id: str, confirmation_id: str) -> RunHandle | None:
        for handle in self._supervisor.runs_of(session_id):
            if handle.run.confirmation(confirmation_id):
                return handle
        return None

    async def _reason(self, session_id: str, confirmation_id: str) -> MochiError:
        for run in await self._list_runs(session_id):
            question = run.confirmation(confirmation_id)
            if question in run.open_questions:
                return SessionBusy(session_id, run.run_id)
            if question is not None:
                return ConfirmationDecided(confirmation_id)
        return ConfirmationNotFound(session_id, confirmation_id)

"""A person answers a question about a tool's call."""

from dataclasses import replace

from application.runs.consent import Consent
from application.runs.run_handle import RunHandle
from application.runs.supervisor import RunSupervisor
from application.tool_directory import ToolDirectory
from application.use_cases.runs import ListRuns
from domain.confirmation import Confirmation, Decision
from domain.errors import ConfirmationDecided, ConfirmationNotFound, MochiError, SessionBusy
from domain.identifiers import require_session_id


class ConfirmTool:
    """Takes the first answer to each question of a session, however fast it comes."""

    def __init__(
        self, *, supervisor: RunSupervisor, list_runs: ListRuns, tools: ToolDirectory, consent: Consent
    ) -> None:
        self._supervisor = supervisor
        self._list_runs = list_runs
        self._tools = tools
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
            await self._tools.check_arguments(question.tool_name, decision.arguments)
        return await self._consent.decide(handle, confirmation_id, decision)

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

"""A person is asked about a tool's call."""

import json
from dataclasses import replace

from application.use_cases.update_session import SessionChange
from domain.agent import qualified
from domain.confirmation import Decision
from domain.errors import ConfirmationDecided, ConfirmationNotFound, MochiError
from domain.json_value import JsonObject
from domain.run_event import AgentConfirmationRequired, ConfirmationRequired
from entrypoints.chat.sanitising import json_text, one_line
from entrypoints.chat.screen import EndOfInput, Screen
from entrypoints.chat.use_cases import ChatUseCases
from entrypoints.chat.wording import told

CHOICES = "y: yes, n: no, e: edit the arguments, a: always in this session"
NOBODY = Decision(approved=False, reason="Nobody can be asked: this chat is not held on a terminal.")
LEFT = Decision(approved=False, reason="Nobody was there to answer.")


class Consent:
    """Asks until an answer counts. One for each run: what is always allowed answers its open questions, too."""

    def __init__(self, use_cases: ChatUseCases, screen: Screen, session_id: str) -> None:
        self._use_cases = use_cases
        self._screen = screen
        self._session_id = session_id
        self._always: set[str] = set()

    async def __call__(self, question: ConfirmationRequired) -> None:
        """Raises Interrupted, and what keeps an answer from being taken where nobody can be asked again."""
        agent_name = _agent_of(question)
        self._screen.show_call(question.tool_name, question.arguments, whole=True, agent_name=agent_name)
        if _policy_name(question) in self._always:
            return await self._answer(question, Decision(approved=True))
        if not self._screen.can_ask:
            self._screen.note(f"Not called. {NOBODY.reason}")
            return await self._answer(question, NOBODY)
        while not await self._is_settled(question):
            pass
        return None

    async def _is_settled(self, question: ConfirmationRequired) -> bool:
        """Whether the question is answered, by this answer or before; what keeps this one from counting is told."""
        try:
            decision = await self._decision(question)
            if decision is None:
                return False
            await self._answer(question, decision)
        except MochiError as error:
            self._screen.tell_error(told(error))
            return isinstance(error, ConfirmationDecided | ConfirmationNotFound)
        return True

    async def _answer(self, question: ConfirmationRequired, decision: Decision) -> None:
        await self._use_cases.confirm_tool(self._session_id, question.confirmation_id, decision)

    async def _decision(self, question: ConfirmationRequired) -> Decision | None:
        """None where the question is to be put again."""
        try:
            answer = (await self._screen.ask(f"{_asked(question)}? {CHOICES}")).strip()
            match answer.lower():
                case "y" | "yes":
                    return Decision(approved=True)
                case "n" | "no":
                    return Decision(approved=False, reason=await self._reason())
                case "e" | "edit":
                    return await self._edited(question.arguments)
                case "a" | "always":
                    await self._allow_always(_policy_name(question))
                    return Decision(approved=True)
        except EndOfInput:
            return LEFT
        return None

    async def _reason(self) -> str | None:
        return (await self._screen.ask("Why? (the model reads it; empty for no reason)")).strip() or None

    async def _edited(self, arguments: JsonObject) -> Decision | None:
        """None where nothing is left of them: then the question is put again. What is wrong can be edited on."""
        text = json_text(arguments)
        while text := await self._screen.ask("Arguments (none: back to the question):", default=text):
            try:
                edited = json.loads(text)
            except ValueError as error:
                self._screen.tell_error(f"This is no JSON: {error}.")
                continue
            if isinstance(edited, dict):
                return Decision(approved=True, arguments=None if edited == arguments else edited)
            self._screen.tell_error("The arguments must be a JSON object: {...}.")
        return None

    async def _allow_always(self, policy_name: str) -> None:
        settings = (await self._use_cases.get_session(self._session_id)).session.tool_settings
        policies = {**settings.tool_policies, policy_name: "never_confirm"}
        change = SessionChange(tool_settings=replace(settings, tool_policies=policies))
        await self._use_cases.update_session(self._session_id, change)
        self._always.add(policy_name)


def _agent_of(question: ConfirmationRequired) -> str | None:
    return question.agent_name if isinstance(question, AgentConfirmationRequired) else None


def _policy_name(question: ConfirmationRequired) -> str:
    agent_name = _agent_of(question)
    return question.tool_name if agent_name is None else qualified(agent_name, question.tool_name)


def _asked(question: ConfirmationRequired) -> str:
    agent_name, tool_name = _agent_of(question), one_line(question.tool_name, 60)
    return f"Call {tool_name}" if agent_name is None else f"Let the agent {one_line(agent_name, 60)} call {tool_name}"

"""A history in which every tool call has its result, also after a run was cut between the two."""

from dataclasses import replace

from application.ports.clock import Clock
from application.ports.id_source import IdSource
from domain.agent import AGENT_TOOL
from domain.confirmation import Confirmation
from domain.conversation import is_unanswered, last_calls, with_calls_closed
from domain.message import ToolCall, ToolMessage
from domain.run import Run
from domain.session import Session
from domain.tool_texts import NEVER_RAN, denied, result_text, stopped_agent

CALL_WITHOUT_RESULT = "No result: the run ended before the tool had one. Whether the call took effect is not known."


class CallCloser:
    """Puts a result that says so behind each call that has none."""

    def __init__(self, *, clock: Clock, ids: IdSource) -> None:
        self._clock = clock
        self._ids = ids

    def __call__(self, session: Session, run: Run | None = None, agent_name: str | None = None) -> Session:
        """The very same session where nothing is open.

        `run` is the one that left the calls open, `agent_name` that of its agent whose session it is: what a person
        was asked about them, and said, tells more than that there is no result. So does a delegation that was cut.
        """
        questions = _questions(run, agent_name, session)
        delegation = run.delegation if run and agent_name is None else None

        def missing_result(call: ToolCall) -> ToolMessage:
            if delegation and (call.tool_name, call.call_id) == (AGENT_TOOL, delegation.tool_call_id):
                return self._result(call, stopped_agent(delegation.session_id))
            question = next((each for each in questions if each.is_about(call)), None)
            if question is None:
                return self._result(call, CALL_WITHOUT_RESULT)
            questions.remove(question)
            return self._result(call, _text_of(question))

        messages = with_calls_closed(session.messages, missing_result)
        return session if len(messages) == len(session.messages) else replace(session, messages=messages)

    def _result(self, call: ToolCall, text: str) -> ToolMessage:
        return ToolMessage(
            message_id=self._ids.new_id(),
            timestamp=self._clock.now(),
            content=text,
            tool_name=call.tool_name,
            tool_call_id=call.call_id,
        )


def _questions(run: Run | None, agent_name: str | None, session: Session) -> list[Confirmation]:
    """What was asked about the calls that end the history and have no result, in their order. Those of earlier answers
    may have the same ids, so the time counts too."""
    found = last_calls(session.messages)
    if run is None or found is None:
        return []
    asked = [each for each in run.confirmations if each.agent_name == agent_name]
    of_these = [each for each in asked if each.created_at >= found[0].timestamp]
    return [each for each in of_these if is_unanswered(session.messages, each.call_index, each.tool_call_id)]


def _text_of(question: Confirmation) -> str:
    if question.awaits_its_call:
        return result_text(NEVER_RAN, None)
    return result_text(denied(question.reason), None) if question.state == "denied" else CALL_WITHOUT_RESULT

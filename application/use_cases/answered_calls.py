"""The calls of a run and what came of them, told from its events and its history."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.agent import qualified
from domain.json_value import JsonObject
from domain.message import AssistantMessage, ToolCall, ToolMessage
from domain.run_event import AgentComplete, AgentToolCall, AgentToolResult, RunEvent, ToolResult
from domain.session import Session
from domain.tool_texts import says_error


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredCall:
    """A call of the run's model, or of an agent's under the tool's qualified name, and what came of it; `result` is the
    error's message where it failed."""

    tool_name: str
    arguments: JsonObject
    success: bool
    result: str | None


def answered_calls(session: Session, events: Sequence[RunEvent]) -> list[AnsweredCall]:
    """In the order of their results. `events` are those of a run that asked nobody, and that ended the history."""
    own = sum(isinstance(event, ToolResult | AgentComplete) for event in events)
    own_calls = iter(_last_calls(session, own))
    agents_calls: list[AgentToolCall] = []
    answered = []
    for event in events:
        match event:
            case AgentToolCall():
                agents_calls.append(event)
            case AgentToolResult():
                answered.append(_of_agent(event, agents_calls))
            case ToolResult() | AgentComplete():
                answered.append(_own(event, *next(own_calls)))
    return answered


def _last_calls(session: Session, count: int) -> list[tuple[ToolCall, ToolMessage]]:
    """The last `count` calls of the history, each with its result."""
    calls = [call for each in session.messages if isinstance(each, AssistantMessage) for call in each.tool_calls]
    results = [each for each in session.messages if isinstance(each, ToolMessage)]
    return list(zip(calls[len(calls) - count :], results[len(results) - count :], strict=True))


def _own(event: ToolResult | AgentComplete, call: ToolCall, result: ToolMessage) -> AnsweredCall:
    """What an agent reports is all that its event says; whether that is a failure, its result says."""
    if isinstance(event, AgentComplete):
        return AnsweredCall(
            tool_name=call.tool_name,
            arguments=call.arguments,
            success=not says_error(result.content),
            result=event.output,
        )
    return AnsweredCall(
        tool_name=event.tool_name,
        arguments=call.arguments,
        success=event.success,
        result=event.result if event.success else event.error_message,
    )


def _of_agent(result: AgentToolResult, begun: list[AgentToolCall]) -> AnsweredCall:
    """Results come in the order of the calls; one that was refused had not begun."""
    call = next((each for each in begun if each.tool_name == result.tool_name), None)
    if call is not None:
        begun.remove(call)
    return AnsweredCall(
        tool_name=qualified(result.agent_name, result.tool_name),
        arguments=call.arguments if call else {},
        success=result.success,
        result=result.result if result.success else result.error_message,
    )

"""The calls of a run and what came of them, told from its events and its history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat, takewhile
from typing import TypeAlias

from domain.agent import AGENT_TOOL, qualified
from domain.json_value import JsonObject
from domain.message import AssistantMessage, Message, ToolCall, ToolMessage
from domain.run import Run
from domain.run_event import AgentComplete, AgentToolCall, AgentToolResult, RunEvent, ToolResult
from domain.session import Session
from domain.tool_texts import says_error

_Answered: TypeAlias = tuple[ToolCall, ToolMessage]
"""A call of the history, with its result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredCall:
    """A call of the run's model, or of an agent's under the tool's qualified name, and what came of it; `result` is the
    error's message where it failed."""

    tool_name: str
    arguments: JsonObject
    success: bool
    result: str | None


def answered_calls(session: Session, run: Run, events: Sequence[RunEvent]) -> list[AnsweredCall]:
    """In the order of their results. `events` are those of `run`, which asked nobody.

    The history may have gone on since, or have lost the run's turn: of a call that it does not hold any more, the
    arguments are not known, and stay empty.
    """
    own = sum(isinstance(event, ToolResult | AgentComplete) for event in events)
    held = _calls_of(run, session.messages)[-own:] if own else []
    own_calls: Iterator[_Answered | None] = chain(repeat(None, own - len(held)), held)
    agents_calls: list[AgentToolCall] = []
    answered = []
    for event in events:
        match event:
            case AgentToolCall():
                agents_calls.append(event)
            case AgentToolResult():
                answered.append(_of_agent(event, agents_calls))
            case ToolResult() | AgentComplete():
                answered.append(_own(event, next(own_calls)))
    return answered


def _calls_of(run: Run, messages: Sequence[Message]) -> list[_Answered]:
    """Those of the history up to the run's last, none where its turn is not there any more."""
    last = next((index for index, each in enumerate(messages) if each.message_id == run.message_id), None)
    if last is None:  # The turn is gone, or the run was cut before it had said anything to its results.
        return [each for each in _calls_in(messages) if _was_at_work(run, each[1].timestamp)]
    results = takewhile(lambda each: isinstance(each, ToolMessage), messages[last + 1 :])
    return _calls_in([*messages[: last + 1], *results])


def _was_at_work(run: Run, at: datetime) -> bool:
    return run.started_at is not None and run.started_at <= at and (run.ended_at is None or at <= run.ended_at)


def _calls_in(messages: Sequence[Message]) -> list[_Answered]:
    answered: list[_Answered] = []
    calls: Iterator[ToolCall] = iter(())
    for message in messages:
        if isinstance(message, AssistantMessage):
            calls = iter(message.tool_calls)
        elif isinstance(message, ToolMessage) and (call := next(calls, None)):
            answered.append((call, message))
    return answered


def _own(event: ToolResult | AgentComplete, held: _Answered | None) -> AnsweredCall:
    """What an agent reports is all that its event says; whether that is a failure, its result says, if it is there."""
    arguments: JsonObject = held[0].arguments if held else {}
    if isinstance(event, AgentComplete):
        return AnsweredCall(
            tool_name=held[0].tool_name if held else AGENT_TOOL,
            arguments=arguments,
            success=held is None or not says_error(held[1].content),
            result=event.output,
        )
    return AnsweredCall(
        tool_name=event.tool_name,
        arguments=arguments,
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

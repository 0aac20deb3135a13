"""An agent's session, and where its work stands: all of it can be told from the history (contract, section 7)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from domain.agent import Delegation
from domain.conversation import (
    append,
    is_unanswered,
    remove_system_prompt,
    set_system_prompt,
    system_prompt_of,
    unanswered_calls,
)
from domain.message import (
    DONE_REASONS_OF_A_CUT,
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from domain.session import Session

ARGUMENTS_SHOWN = 500
"""Characters of a call's arguments in a report: a file's whole text may be one of them."""

RESULT_SHOWN = 2_000
"""Characters of a result in a report: whoever delegated may have no more room than the agent, and the agent says itself
what counts."""

Step: TypeAlias = Literal["plan", "answer_calls", "execute", "finished", "stopped"]
"""What comes next. `stopped` is the end of one that used up its iterations."""


def instructed(session: Session, prompt: SystemMessage | None, instruction: UserMessage, at: datetime) -> Session:
    """`session` with the agent's system prompt as it is now, and what it is to do."""
    current = system_prompt_of(session.messages)
    if prompt is None:
        session = remove_system_prompt(session, at)
    elif current is None or current.content != prompt.content:
        session = set_system_prompt(session, prompt, at)
    return append(session, (instruction,), at)


def is_open(delegation: Delegation, messages: Sequence[Message]) -> bool:
    """Whether the call by which it came has no result yet in `messages`, those of whoever delegated."""
    return is_unanswered(messages, delegation.call_index, delegation.tool_call_id)


def since_instruction(messages: Sequence[Message]) -> tuple[Message, ...]:
    """What was said and done since the agent was last told what to do."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], UserMessage):
            return tuple(messages[index + 1 :])
    return tuple(messages)


def next_step(messages: Sequence[Message], max_iterations: int) -> Step:
    """The plan comes first; one that was cut is made anew. The first iteration need not call a tool: small models
    announce what they will do, and do it only when they are asked again. A later one that calls none ends the work."""
    answers = [each for each in since_instruction(messages) if isinstance(each, AssistantMessage)]
    said = [answer for answer in answers if answer.done_reason not in DONE_REASONS_OF_A_CUT]
    if not said:
        return "plan"
    if unanswered_calls(messages):
        return "answer_calls"
    iterations = len(said) - 1
    if iterations > 1 and not said[-1].tool_calls:
        return "finished"
    return "stopped" if iterations >= max_iterations else "execute"


def output_of(session: Session, *notes: str) -> str:
    """What whoever delegated is told: the session, then what was said and done since the instruction."""
    parts = [f"Session ID: {session.session_id}"]
    for message in since_instruction(session.messages):
        if isinstance(message, ToolMessage):
            parts.append(f"[Result of `{message.tool_name}`]\n{_short(message.content)}")
        elif isinstance(message, AssistantMessage):
            parts += [message.content.strip()] if message.content.strip() else []
            parts += [_told(call) for call in message.tool_calls]
    return "\n\n".join([*parts, *(f"[{note}]" for note in notes)])


def _told(call: ToolCall) -> str:
    arguments = json.dumps(call.arguments, ensure_ascii=False, default=dict)
    short = arguments if len(arguments) <= ARGUMENTS_SHOWN else f"{arguments[:ARGUMENTS_SHOWN]}..."
    return f"[Called `{call.tool_name}` with {short}]"


def _short(result: str) -> str:
    if len(result) <= RESULT_SHOWN:
        return result
    return f"{result[:RESULT_SHOWN]}\n[Cut here: it had {len(result)} characters. The agent's session has all of them.]"

"""Whether the demo model is asked as an agent, told from the request alone.

An agent's request ends with the prompt of a phase, and the newest thing said is the instruction before it. Nothing
marks that prompt: it is a user's message like any other, and a conversation in which answers were lost has two of them
in a row, or one behind a tool's result, too. So its words have to say it as well:

- It asks for a plan of what stands above it, right behind another message of a user, and there are no tools. Whoever
  writes that in an ordinary conversation means the message before it, too.
- It speaks of the plan, and what was answered first to the message before it is a plan of the demo model's own, which
  it makes for nobody else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from application.ports.language_model import ModelRequest
from domain.message import AssistantMessage, Message, UserMessage

PLAN_BEGINS = "My plan for "

_LOOKED_AT = 2_000
_PLAN = re.compile(r"\bplan\b", re.IGNORECASE)
_WHAT_IS_ABOVE = re.compile(r"\b(?:task|instruction|request|assignment|message)s? above\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Work:
    """`messages` are those without the prompt of the phase; `since` are those behind the instruction."""

    phase: Literal["planning", "execution"]
    messages: Sequence[Message]
    since: Sequence[Message]


def work_of(request: ModelRequest) -> Work | None:
    """What the model is asked for as an agent; None in an ordinary conversation."""
    users = [place for place, each in enumerate(request.messages) if isinstance(each, UserMessage)]
    if len(users) < 2 or users[-1] != len(request.messages) - 1:
        return None
    *messages, prompt = request.messages
    instruction, since = messages[users[-2]], messages[users[-2] + 1 :]
    if not since:
        return Work("planning", messages, since) if not request.tools and _asks_for_plan(prompt) else None
    is_at_work = _is_plan(since[0]) and not _asks_for_plan(instruction) and _PLAN.search(prompt.content[:_LOOKED_AT])
    return Work("execution", messages, since) if is_at_work else None


def _asks_for_plan(message: Message) -> bool:
    text = message.content[:_LOOKED_AT]
    return bool(_PLAN.search(text) and _WHAT_IS_ABOVE.search(text))


def _is_plan(message: Message) -> bool:
    return isinstance(message, AssistantMessage) and message.content.startswith(PLAN_BEGINS)

"""Which tools a message asks for, and what the demo model says of their results."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from adapters.demo.agent_reports import told_by_agent
from adapters.demo.answers import LONGEST_QUOTE, Answer, quoted
from adapters.demo.call_arguments import Mention, arguments_for
from application.ports.language_model import ModelRequest
from domain.json_value import JsonObject
from domain.message import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from domain.tool import Tool
from domain.tool_texts import denied

CHARACTERS_LOOKED_AT = 20_000
"""Of a message: a file's whole text may stand in it, as an argument."""

MOST_CALLS = 8
_MOST_MENTIONS = 50
"""Of each tool: for each, the rest of the message is looked through."""

_BETWEEN_WORDS = r"(?:[\s_-]+(?:the|a|an|my|all|some|this|these|\d+))?[\s_-]+"
_REFUSED = denied(None).text


@dataclass(frozen=True, slots=True)
class ToolWish:
    """The calls that an answer consists of, and what was thought before."""

    calls: tuple[ToolCall, ...]
    thinking: str


def wish_of(request: ModelRequest, latest: str) -> ToolWish | None:
    """The calls that answer `latest`, the newest thing said; None where words do.

    Tools are called first in a turn and once, so that whatever they answer, it ends.
    """
    if not request.messages or not isinstance(request.messages[-1], UserMessage):
        return None
    return calling(mentions_of(request.tools, latest), request.messages)


def mentions_of(tools: Sequence[Tool], text: str) -> list[tuple[Tool, Mention]]:
    """The tools that `text` names, in its order, each with what is said of its call."""
    return _without_repetitions(_mentions(tools, text[:CHARACTERS_LOOKED_AT]))


def calling(found: Sequence[tuple[Tool, Mention]], messages: Sequence[Message]) -> ToolWish | None:
    """A call of each tool that was found; None where there is none."""
    if not found:
        return None
    calls = numbered([(tool.name, arguments_for(tool.parameters, mention)) for tool, mention in found], messages)
    names = " and ".join(f"`{call.tool_name}`" for call in calls)
    return ToolWish(calls, f"They ask for something that {names} can do. I call it with what I find in their words.")


def numbered(calls: Sequence[tuple[str, JsonObject]], messages: Sequence[Message]) -> tuple[ToolCall, ...]:
    """Calls by name and arguments, under ids that none in `messages` has."""
    before = sum(len(each.tool_calls) for each in messages if isinstance(each, AssistantMessage))
    return tuple(
        ToolCall(call_id=f"call_{before + number}", tool_name=name, arguments=arguments)
        for number, (name, arguments) in enumerate(calls, start=1)
    )


def report_of(messages: Sequence[Message], longest: int = LONGEST_QUOTE) -> Answer | None:
    """What is said of the results since the newest thing that a person said; None where there are none.

    Of each, at most `longest` characters.
    """
    results: list[ToolMessage] = []
    for message in reversed(messages):
        if isinstance(message, UserMessage):
            break
        if isinstance(message, ToolMessage):
            results.insert(0, message)
    if not results:
        return None
    told = (told_by_agent(result, messages) or _told(result, longest) for result in results)
    return Answer("\n".join(told), "The results are there. I say what they are, in the order of the calls.")


def _told(result: ToolMessage, longest: int) -> str:
    changed, _, text = result.content.partition("\n") if result.content.startswith("[") else ("", "", result.content)
    if not text.startswith("Error: "):
        return f"I called `{result.tool_name}`, and it answered: {quoted(result.content, longest)}"
    reason = text.removeprefix("Error: ")
    if reason.startswith(_REFUSED):
        told = reason.removeprefix(_REFUSED).strip().removeprefix("Reason: ")
        why = f" The reason: {quoted(told)}" if told else ""
        return f"I wanted to call `{result.tool_name}`, and you did not allow it.{why}"
    return f"I called `{result.tool_name}`, and it failed: {quoted(f'{changed} {reason}', longest)}"


def _mentions(tools: Sequence[Tool], text: str) -> list[tuple[Tool, Mention]]:
    """In the order of the text. Of those that overlap, the longest: `read_file` is no mention of `read`."""
    found = [
        (match.start(), match.end(), tool)
        for tool in tools
        for match in islice(re.finditer(_pattern_of(tool.name), text, re.IGNORECASE), _MOST_MENTIONS)
    ]
    taken: list[tuple[int, int, Tool]] = []
    for start, end, tool in sorted(found, key=lambda each: (each[0] - each[1], each[0])):
        if all(end <= other_start or start >= other_end for other_start, other_end, _ in taken):
            taken.append((start, end, tool))
    taken.sort(key=lambda each: each[0])
    return [(tool, Mention(text, start, end)) for start, end, tool in taken]


def _pattern_of(name: str) -> str:
    """The name, its words, or, of a server's tool, those of its own name: `files__read_file`, `read the file`."""
    spelled = [re.escape(name)]
    for part in (name, name.rpartition("__")[2]):
        words = [re.escape(word) for word in re.split(r"[\W_]+", part) if word]
        spelled += [_BETWEEN_WORDS.join(words)] if words else []
    return rf"(?<![\w/.-])(?:{'|'.join(spelled)})(?!\w)"


def _without_repetitions(found: Sequence[tuple[Tool, Mention]]) -> list[tuple[Tool, Mention]]:
    """Each `name(...)` is a call; of a name alone, which people repeat, only the first, and only where that is all."""
    written_out = {tool.name for tool, mention in found if mention.parenthesised is not None}
    kept: list[tuple[Tool, Mention]] = []
    for tool, mention in found:
        is_new = tool.name not in written_out and all(tool is not other for other, _ in kept)
        if mention.parenthesised is not None or is_new:
            kept.append((tool, mention))
    return parted(kept[:MOST_CALLS])


def parted(found: Sequence[tuple[Tool, Mention]]) -> list[tuple[Tool, Mention]]:
    """Each with the text up to the next; a single one with all of it."""
    kept = list(found)
    if len(kept) == 1:
        return kept
    stops = [*(mention.start for _, mention in kept[1:]), None]
    return [
        (tool, mention.within(mention.start, stop))
        for (tool, mention), stop in zip(kept, stops[: len(kept)], strict=True)
    ]

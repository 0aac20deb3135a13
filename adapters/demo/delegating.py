"""When the demo model hands something over to an agent: where the message names one as somebody to turn to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from adapters.demo.agent_reports import latest_session
from adapters.demo.call_arguments import Mention, arguments_for
from adapters.demo.schema_alternatives import items_of
from adapters.demo.tool_use import CHARACTERS_LOOKED_AT, MOST_CALLS, ToolWish, numbered
from application.ports.language_model import ModelRequest
from domain.agent import AGENT_TOOL
from domain.json_value import JsonObject
from domain.message import Message, UserMessage
from domain.tool import Tool

_TURNS_TO = r"\b(?:ask|let|tell|can|could|should|shall)"
_IS_TO = r"(?:should|shall|must|may|can|could|to|please)"
_IS_NO_PERSON = r"(?!\s+(?:are|be|been|have|in|is|of|on|that)\b)"
"""Behind a name that is also a word: `can the files be read` speaks of files."""

_LEADING = re.compile(rf"^(?:[\s:,.;!?-]+|(?:{_IS_TO}|and|that)\b)+", re.IGNORECASE)
_TRAILING = re.compile(rf"(?:[\s:,;-]|\b(?:and|then|also|please|{_TURNS_TO})\b)+$", re.IGNORECASE)
_LONGEST_TRAIL = 100
"""Characters: to look for an end from each place of a long text takes long."""

_GOES_ON = re.compile(r"\b(?:go|carry) on\b|\bcontinue\b", re.IGNORECASE)
_WRITTEN_OUT = re.compile(rf"(?<!\w){AGENT_TOOL}(?=\()")


@dataclass(frozen=True, slots=True)
class _Address:
    """Where somebody is turned to: `agent_name` is who."""

    start: int
    end: int
    agent_name: str


def without_delegating(tools: Sequence[Tool]) -> Sequence[Tool]:
    """The tools that are called by their names. `agent` is a word that messages hold for other reasons."""
    return [tool for tool in tools if not _agents_of(tool)]


def delegation_of(request: ModelRequest, latest: str) -> ToolWish | None:
    """The delegations that answer `latest`, the newest thing said; None where no agent is turned to."""
    if not request.messages or not isinstance(request.messages[-1], UserMessage):
        return None
    tool = next((tool for tool in request.tools if _agents_of(tool)), None)
    if tool is None:
        return None
    text = latest[:CHARACTERS_LOOKED_AT]
    orders = _written_out(tool, text) or [
        _order(address, instruction, request.messages)
        for address, instruction in islice(_instructions(tool, text), MOST_CALLS)
    ]
    return _calling(tool, orders, request.messages) if orders else None


def _agents_of(tool: Tool) -> list[str]:
    """Whom the tool delegates to, none where it is another tool."""
    properties = tool.parameters.get("properties")
    agent = properties.get("agent") if isinstance(properties, dict) and "instruction" in properties else None
    return [str(name) for name in items_of(agent.get("enum"))] if isinstance(agent, dict) else []


def _written_out(tool: Tool, text: str) -> list[JsonObject]:
    mentions = [Mention(text, found.start(), found.end()) for found in islice(_WRITTEN_OUT.finditer(text), MOST_CALLS)]
    return [arguments_for(tool.parameters, mention) for mention in mentions if mention.parenthesised is not None]


def _instructions(tool: Tool, text: str) -> Iterator[tuple[_Address, str]]:
    """Each with what stands behind it; where that is nothing, with what stands before."""
    found = _addresses(_agents_of(tool), text)
    end = _Address(len(text), len(text), "")
    for number, (address, following) in enumerate(pairwise([*found, end])):
        before = text[: address.start] if number == 0 else ""
        yield address, _plain(text[address.end : following.start]) or _plain(before) or text.strip()


def _addresses(agents: Sequence[str], text: str) -> list[_Address]:
    """In the order of the text; of those that overlap, the first."""
    found = [
        _Address(match.start(), match.end(), name)
        for name in agents
        for pattern in _patterns(_spelled(name))
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]
    if not found and agents:
        somebody = rf"{_TURNS_TO}\s+(?:the|an|your|my|one of (?:the|your|my))\s+agents?\b"
        found = [_Address(each.start(), each.end(), agents[0]) for each in re.finditer(somebody, text, re.IGNORECASE)]
    kept: list[_Address] = []
    for address in sorted(found, key=lambda each: (each.start, -each.end)):
        if not kept or address.start >= kept[-1].end:
            kept.append(address)
    return kept


def _patterns(name: str) -> tuple[str, ...]:
    return (
        rf"(?:{_TURNS_TO}\s+)?(?:\bthe\s+|\bmy\s+|\byour\s+)?(?:(?<!\w){name}\s+agent\b|\bagent\s+{name}(?!\w))",
        rf"{_TURNS_TO}\s+(?:the\s+)?{name}(?!\w){_IS_NO_PERSON}",
        rf"\bthe\s+{name}\s+(?={_IS_TO}\b){_IS_NO_PERSON}",
        rf"(?<!\w)@{name}(?!\w)",
        rf"^\s*(?:the\s+)?{name}\s*[,:]",
    )


def _spelled(name: str) -> str:
    """`note-taker` is also `note taker`, and may stand in quotation marks."""
    words = r"[\s_-]".join(re.escape(word) for word in re.split(r"[\s_-]", name))
    return rf"[`'\"]?{words}[`'\"]?"


def _plain(text: str) -> str:
    said = _LEADING.sub("", text).strip()
    said = said[:-_LONGEST_TRAIL] + _TRAILING.sub("", said[-_LONGEST_TRAIL:])
    first = said.partition(" ")[0]
    return said if "_" in first else said[:1].upper() + said[1:]


def _order(address: _Address, instruction: str, messages: Sequence[Message]) -> JsonObject:
    order: JsonObject = {"agent": address.agent_name, "instruction": instruction}
    earlier = latest_session(address.agent_name, messages) if _GOES_ON.search(instruction) else None
    return {**order, "session_id": earlier} if earlier else order


def _calling(tool: Tool, orders: Sequence[JsonObject], messages: Sequence[Message]) -> ToolWish:
    names = " and ".join(f"`{order.get('agent')}`" for order in orders)
    return ToolWish(
        numbered([(tool.name, order) for order in orders], messages),
        f"This is for {names}. I say what is to be done, as an agent sees nothing of this talk.",
    )

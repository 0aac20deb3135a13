"""The demo model as an agent: a short plan, then the tools that the instruction asks for, then a report."""

import re
from collections.abc import Iterator, Sequence

from adapters.demo.agent_phases import PLAN_BEGINS, Work
from adapters.demo.answers import Answer, Talk, answer_to, quoted
from adapters.demo.call_arguments import Mention
from adapters.demo.tool_use import CHARACTERS_LOOKED_AT, ToolWish, calling, mentions_of, parted, report_of
from domain.tool import Tool

LONGEST_QUOTE = 400
"""Of a result: whoever gave the instruction sees nothing else of it."""

_TOOL_IN_A_LIST = re.compile(r"^\s*[-*]\s+`(\w+)`", re.MULTILINE)
_BEGINS_A_CLAUSE = r"(?:^|[.,;:!?]\s*|\b(?:and|then|please|to)\s+)"
_WORD = re.compile(r"[^\W_]{4,}")
_SAY_NOTHING = frozenset({"what", "which", "there", "this", "that", "with", "from", "have", "does", "tell"})


def working(work: Work, talk: Talk, tools: Sequence[Tool]) -> Answer | ToolWish:
    """What comes next of this work. The newest thing said in `talk` is the instruction."""
    if work.phase == "planning":
        return _plan(talk)
    if len(work.since) > 1:
        return report_of(work.messages, LONGEST_QUOTE) or answer_to(talk)
    return calling(_wanted(tools, talk.latest), work.messages) or _NO_TOOL


_NO_TOOL = Answer(
    "None of my tools is for this. I say what I know myself.", "I look for a tool that fits, and find none."
)
"""Said first: an agent is asked once more where it begins without a call, and what it says last is its report."""


def _plan(talk: Talk) -> Answer:
    """Without tools at hand, those count that the system prompt lists."""
    names = _TOOL_IN_A_LIST.findall(talk.instructions or "")
    known = [Tool(name=name, description="", parameters={}, source="") for name in names]
    steps = [f"Call `{tool.name}`." for tool, _ in _wanted(known, talk.latest)]
    steps = [*(steps or ["See which of my tools can do it."]), "Say what came of it."]
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
    return Answer(
        f"{PLAN_BEGINS}{quoted(talk.latest)}\n{numbered}",
        "I am asked for a plan before I act. I look for the names of my tools in the instruction.",
    )


def _wanted(tools: Sequence[Tool], instruction: str) -> list[tuple[Tool, Mention]]:
    """The tools that it names, and those by whose verbs its clauses begin; else the one that has most of its words."""
    text = instruction[:CHARACTERS_LOOKED_AT]
    named = mentions_of(tools, text)
    others = [tool for tool in tools if all(tool is not each for each, _ in named)]
    found = [*named, *_by_verb(others, text)]
    if not found and (closest := _closest(tools, text)):
        return [(closest, Mention(text, 0, 0))]
    return parted(sorted(found, key=lambda each: each[1].start))


def _by_verb(tools: Sequence[Tool], text: str) -> Iterator[tuple[Tool, Mention]]:
    """`Search for rice, then read soup.md` is `search_files` and `read_file`."""
    verbs = [tool.name.partition("_")[0] for tool in tools]
    for tool, verb in zip(tools, verbs, strict=True):
        found = re.search(rf"{_BEGINS_A_CLAUSE}({re.escape(verb)})\b", text, re.IGNORECASE)
        if found and verbs.count(verb) == 1:
            yield tool, Mention(text, found.start(1), found.end(1))


def _closest(tools: Sequence[Tool], text: str) -> Tool | None:
    wanted = {word.rstrip("s") for word in _WORD.findall(text.lower())} - _SAY_NOTHING
    counts = [sum(word in _said_of(tool) for word in wanted) for tool in tools]
    if not any(counts):
        return None
    # Of those that are as close, the one that needs least: it cannot be called wrongly.
    return min(zip(counts, tools, strict=True), key=lambda each: (-each[0], _needs(each[1])))[1]


def _said_of(tool: Tool) -> str:
    return f"{tool.name} {tool.description} {tool.parameters.get('properties', '')}".lower()


def _needs(tool: Tool) -> int:
    required = tool.parameters.get("required")
    return len(required) if isinstance(required, list | tuple) else 0

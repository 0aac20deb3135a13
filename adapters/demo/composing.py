"""An answer in full, from the request to the pieces: what is said, cut as the options ask."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from adapters.demo.agent_phases import work_of
from adapters.demo.agent_work import working
from adapters.demo.answers import Answer, Talk, answer_to
from adapters.demo.arithmetic import find_sum
from adapters.demo.delegating import delegation_of, without_delegating
from adapters.demo.pieces import clean, count_pieces, pieces_of
from adapters.demo.schema_alternatives import NoInstance, Schema
from adapters.demo.schema_instance import Wishes, instance_of
from adapters.demo.summarizing import summary_of
from adapters.demo.texts import ONE_MORE_THING
from adapters.demo.tool_use import ToolWish, report_of, wish_of
from application.ports.language_model import ModelRequest
from domain.conversation import system_prompt_of
from domain.errors import ModelServerFailed
from domain.json_value import JsonObject
from domain.message import AssistantMessage, Message, ToolCall, UserMessage
from domain.run import Think
from domain.summary import SCHEMA as SUMMARY

_PROPERTIES_THAT_ANSWER = frozenset({"answer", "content", "message", "output", "reply", "response", "summary", "text"})

LARGEST_EXACT = 2**53
"""Beyond it, JSON's readers lose digits."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What will be streamed, in pieces. `prompt_count` and `count` are in pieces, too."""

    thinking: Sequence[str]
    content: Sequence[str]
    done_reason: str
    prompt_count: int
    tool_calls: tuple[ToolCall, ...] = ()

    @property
    def count(self) -> int:
        called = orjson.dumps([[call.tool_name, call.arguments] for call in self.tool_calls]).decode()
        return len(self.thinking) + len(self.content) + (len(pieces_of(called)) if self.tool_calls else 0)


def compose(request: ModelRequest) -> Composition:
    """The same request always gives the same pieces.

    Raises ModelServerFailed for options and schemas that cannot be followed.
    """
    options = request.options or {}
    limit = _limit(options)
    talk, answer = _answer(request)
    if isinstance(answer, ToolWish):
        return _call(answer, request, limit)
    begun = _begun_answer(request.messages)
    if request.format is None:
        rest = _rest(answer.text, begun, ONE_MORE_THING if begun else "")
    else:
        rest = _rest(_as_json(request.format, answer, talk), begun, "")
    thinking = pieces_of(_thoughts(answer.thinking, request.think)) if not begun else []
    content = pieces_of(_before_stop(rest, options))
    kept = content if limit is None else content[: max(limit - len(thinking), 0)]
    kept_thinking = thinking if limit is None else thinking[:limit]
    is_cut = len(kept) + len(kept_thinking) < len(content) + len(thinking)
    return Composition(kept_thinking, kept, "length" if is_cut else "stop", count_pieces(request.messages))


def _answer(request: ModelRequest) -> tuple[Talk, Answer | ToolWish]:
    """What comes next, and in which talk: that of an agent ends with its instruction."""
    if work := work_of(request):
        talk = _talk_of(work.messages)
        return talk, working(work, talk, request.tools)
    talk = _talk_of(request.messages)
    by_name = replace(request, tools=without_delegating(request.tools))
    wish = delegation_of(request, talk.latest) or wish_of(by_name, talk.latest)
    return talk, wish or report_of(request.messages) or answer_to(talk)


def _call(wish: ToolWish, request: ModelRequest, limit: int | None) -> Composition:
    thinking = pieces_of(_thoughts(wish.thinking, request.think))[:limit]
    return Composition(thinking, (), "stop", count_pieces(request.messages), wish.calls)


def _talk_of(messages: Sequence[Message]) -> Talk:
    prompt = system_prompt_of(messages)
    said = tuple(clean(message.content) for message in messages if isinstance(message, UserMessage))
    return Talk(said, clean(prompt.content) if prompt else None)


def _begun_answer(messages: Sequence[Message]) -> str:
    """The text of the assistant message at the end that is to be continued; empty where there is none."""
    last = messages[-1] if messages else None
    return last.content if isinstance(last, AssistantMessage) else ""


def _rest(whole: str, begun: str, more: str) -> str:
    """What is still to be said of `whole`; then, or where something else was begun, `more`."""
    for text in (whole, whole + more):
        if text.startswith(begun) and text != begun:
            return text.removeprefix(begun)
    return more


def _thoughts(thinking: str, think: Think | None) -> str:
    if not think:
        return ""
    if think == "low":
        return thinking.partition(". ")[0].rstrip(".") + "."
    if think == "high":
        return f"{thinking} Is there a simpler way to say it? No; this will do."
    return thinking


def _as_json(schema: Schema, answer: Answer, talk: Talk) -> str:
    if schema == SUMMARY:
        return orjson.dumps(summary_of(talk)).decode()

    def text(name: str) -> str:
        return answer.text if name.lower() in _PROPERTIES_THAT_ANSWER else name.replace("_", " ") or "mochi"

    worked = find_sum(talk.latest)
    number = worked.value if worked else None
    wishes = Wishes(text) if number is None or abs(number) > LARGEST_EXACT else Wishes(text, number)
    try:
        return orjson.dumps(instance_of(schema, wishes), option=orjson.OPT_INDENT_2).decode()
    except (NoInstance, orjson.JSONEncodeError) as reason:
        raise ModelServerFailed(f"invalid format: {reason}") from reason


def _limit(options: JsonObject) -> int | None:
    """`num_predict` as Ollama reads it: none, zero and less are without limit."""
    limit = options.get("num_predict")
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise ModelServerFailed('option "num_predict" must be of type integer')
    return limit if limit > 0 else None


def _before_stop(text: str, options: JsonObject) -> str:
    stop = options.get("stop")
    if stop is None:
        return text
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, Sequence) or not all(isinstance(item, str) for item in stops):
        raise ModelServerFailed('option "stop" must be of type array of strings')
    places = [place for item in stops if item and (place := text.find(str(item))) >= 0]
    return text[: min(places)] if places else text

"""How many tokens a text is likely to be, learnt per model from what its server counted (contract, section 8)."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from domain.json_value import JsonValue
from domain.message import Message, ToolCall, UserMessage
from domain.tool import Tool
from domain.wire_form import wire_tool

STARTING_RATIO = 3.6
"""Characters a token before anything is learnt. English prose has 4 to 5, code and most other languages 3 to 4."""

FRAME_WEIGHT = 16
"""What a chat template puts around a message, four to five tokens, as the weight of that many tokens of prose."""

IMAGE_WEIGHT = 2_800
"""A picture, as the weight of the 256 to some 1,600 tokens that models which see make of one."""

_RATIOS_KEPT = 9
_LEAST_RATIO, _LARGEST_RATIO = 0.5, 16.0
_LEAST_WEIGHT_TO_LEARN_FROM = 400
"""Shorter prompts tell of the template's frame rather than of text."""

_DEEPLY_NESTED_WEIGHT = 4_096
LONGEST_WORD_PIECE = 32
_SURE_TOKEN = re.compile(rf"[^\W_]{{1,{LONGEST_WORD_PIECE}}}|[\W_]{{128}}")


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """What is known of one model's tokens. `ratios` are weights a token, the newest last; `checks` pairs of what was
    estimated and what was counted. A few of each are kept, so that the middle one shrugs off outliers."""

    ratios: tuple[float, ...] = (STARTING_RATIO,)
    checks: tuple[tuple[int, int], ...] = ()

    @property
    def ratio(self) -> float:
        """The middle ratio; of two, the one that makes for more tokens."""
        return sorted(self.ratios)[(len(self.ratios) - 1) // 2]

    @property
    def error(self) -> float | None:
        """How far the last estimates were off, as a part of what was counted; None before the first count."""
        counted = sum(count for _, count in self.checks)
        off = sum(abs(estimated - count) for estimated, count in self.checks)
        return round(off / counted, 4) if counted else None

    def tokens(self, weight: int) -> int:
        """Rounded up."""
        return -int(-weight // self.ratio)

    def learnt(self, weight: int, counted: int, *, is_all_text: bool = True) -> "TokenEstimate":
        """The estimate after a prompt of `weight` was counted. Pictures weigh what nobody knows: nothing is learnt."""
        if counted < 1 or not is_all_text:
            return self
        checked = replace(self, checks=(*self.checks, (self.tokens(weight), counted))[-_RATIOS_KEPT:])
        if weight < _LEAST_WEIGHT_TO_LEARN_FROM:
            return checked
        ratio = min(max(weight / counted, _LEAST_RATIO), _LARGEST_RATIO)
        return replace(checked, ratios=(*self.ratios, ratio)[-_RATIOS_KEPT:])


def weight_of(text: str) -> int:
    """Its characters, each counted as the bytes that it has in UTF-8: so tokens of all scripts weigh about the same."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def weights_of(messages: Sequence[Message]) -> list[int]:
    """What each message weighs in a prompt.

    Thinking of turns before the newest is left aside, as the templates of models that think leave it out.
    """
    # Two plain loops: this is done for the whole history at every turn, in 0.2 ms for a thousand messages.
    weights = [
        FRAME_WEIGHT + (len(text) if (text := message.content).isascii() else weight_of(text)) for message in messages
    ]
    newest_turn = 0
    for index, message in enumerate(messages):
        if message.role == "user":
            newest_turn = index
            weights[index] += IMAGE_WEIGHT * len(message.images)
        elif message.role == "assistant":
            if message.tool_calls:
                weights[index] += sum(map(_call_weight, message.tool_calls))
        elif message.role == "tool":
            weights[index] += weight_of(message.tool_name)
    for index, message in enumerate(islice(messages, newest_turn, None), newest_turn):
        if message.role == "assistant" and message.thinking:
            weights[index] += weight_of(message.thinking)
    return weights


def tools_weight(tools: Iterable[Tool]) -> int:
    """What tools weigh that are offered with a prompt."""
    return sum(FRAME_WEIGHT + json_weight(wire_tool(tool)) for tool in tools)


def _call_weight(call: ToolCall) -> int:
    return FRAME_WEIGHT + weight_of(call.tool_name) + json_weight(call.arguments)


def json_weight(value: JsonValue) -> int:
    """The weight of a value as compact JSON; of one that is nested too deeply for that, a guess."""
    try:
        return weight_of(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain))
    except RecursionError:
        return _DEEPLY_NESTED_WEIGHT


def _plain(value: object) -> dict[str, JsonValue]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def has_pictures(messages: Iterable[Message]) -> bool:
    return any(isinstance(message, UserMessage) and message.images for message in messages)


def is_surely_longer(texts: Iterable[str], tokens: int) -> bool:
    """Whether `texts` are more than `tokens` tokens for any model there is.

    No vocabulary joins two words into one token, and none has words of more than 32 letters or runs of more than 128
    other characters. Takes milliseconds where both are large.
    """
    sure_tokens = chain.from_iterable(map(_SURE_TOKEN.finditer, texts))
    return sum(1 for _ in islice(sure_tokens, tokens + 1)) > tokens

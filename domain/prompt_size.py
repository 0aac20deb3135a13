"""How large a history is as a prompt, and how large without its oldest turns (contract, section 8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from domain.conversation import system_prompt_of
from domain.message import AssistantMessage, Message, UserMessage
from domain.model_card import model_key
from domain.token_estimate import TokenEstimate, weights_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSize:
    """The sizes of one history, by how many of its oldest messages are left out (the system prompt aside).

    `cuts` are the numbers that leave whole turns, from 0 to all but the newest turn. `sums` holds, for each number of
    messages, what that many weigh together from the first behind the system prompt, which weighs `head` with the tools.
    Of the first `counted_messages`, less the `counted_from` that were left out then, `counted_tokens` were counted.
    `strictness` is what the sizes are multiplied by, once a server has said that they are larger.
    """

    cuts: tuple[int, ...]
    sums: Sequence[int]
    head: int
    estimate: TokenEstimate
    counted_tokens: int = 0
    counted_messages: int = 0
    counted_from: int = 0
    strictness: float = 1.0

    def tokens(self, left_out: int) -> int:
        """The prompt's tokens without the oldest `left_out` messages: as counted, and estimated where it is new."""
        if not self.counted_tokens:
            return self._strict(self.estimate.tokens(self.weight(left_out)))
        kept = self._counted_weight(left_out)
        all_counted = self._counted_weight(self.counted_from)
        counted = -(-self.counted_tokens * kept // all_counted) if all_counted else self.counted_tokens
        new = self.sums[-1] - self.sums[max(left_out, self.counted_messages)]
        return self._strict(counted + self.estimate.tokens(new))

    def weight(self, left_out: int) -> int:
        """What the prompt weighs without the oldest `left_out` messages."""
        return self.head + self.sums[-1] - self.sums[left_out]

    def _counted_weight(self, left_out: int) -> int:
        return self.head + self.sums[self.counted_messages] - self.sums[min(left_out, self.counted_messages)]

    def _strict(self, tokens: int) -> int:
        return tokens if self.strictness == 1.0 else int(tokens * self.strictness) + 1

    def stricter(self, factor: float) -> "PromptSize":
        return replace(self, strictness=self.strictness * factor)


def prompt_size(
    messages: Sequence[Message], model: str, estimate: TokenEstimate, left_out: int, weight_besides: int = 0
) -> PromptSize:
    """The size of `messages` for `model`. `left_out` is how many of them the last answer was asked without;
    `weight_besides` is what goes with them: the tools that are offered, and what is said in this prompt alone."""
    weights = weights_of(messages)
    start = 1 if system_prompt_of(messages) else 0
    cuts = turn_cuts(messages)
    size = PromptSize(
        cuts=cuts, sums=(0, *accumulate(weights[start:])), head=sum(weights[:start]) + weight_besides, estimate=estimate
    )
    counted = _last_counted(messages, model)
    if counted is None:
        return size
    place, tokens = counted
    return replace(
        size,
        counted_tokens=tokens,
        counted_messages=place + 1 - start,
        counted_from=left_out if left_out in cuts and left_out <= place - start else 0,
    )


def _last_counted(messages: Sequence[Message], model: str) -> tuple[int, int] | None:
    """The place of the last answer that this model's server counted, and the tokens in use by then.

    None where a system prompt came after it: then what was counted is not what would be sent.
    """
    prompt = system_prompt_of(messages)
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if not isinstance(message, AssistantMessage) or message.prompt_eval_count is None:
            continue
        is_of_model = message.model is None or model_key(message.model) == model_key(model)
        is_outdated = prompt is not None and prompt.timestamp > message.timestamp
        if not is_of_model or is_outdated:
            return None
        return place, message.prompt_eval_count + (message.eval_count or 0)
    return None


def turn_cuts(messages: Sequence[Message]) -> tuple[int, ...]:
    """How many of the oldest messages can be left out so that whole turns stay, the newest always among them.

    A turn is a user message and all that follows it up to the next; what comes before the first is a turn as well.
    """
    start = 1 if system_prompt_of(messages) else 0
    begins = [index - start for index in range(start, len(messages)) if isinstance(messages[index], UserMessage)]
    return tuple(begins) if begins[:1] == [0] else (0, *begins)


def left_out_of(messages: Sequence[Message], left_out: int) -> tuple[Message, ...]:
    """`messages` without the oldest `left_out` behind the system prompt."""
    start = 1 if system_prompt_of(messages) else 0
    return (*messages[:start], *messages[start + left_out :])


def has_changed_model(messages: Sequence[Message], model: str) -> bool:
    """Whether the last answer is another model's."""
    for message in reversed(messages):
        if isinstance(message, AssistantMessage) and message.model is not None:
            return model_key(message.model) != model_key(model)
    return False

from dataclasses import replace

from hypothesis import given

from domain.conversation import system_prompt_of, without_system_prompt
from domain.json_value import JsonObject
from domain.message import Message, UserMessage
from domain.prompt_size import PromptSize, has_changed_model, left_out_of, prompt_size, turn_cuts
from domain.token_estimate import FRAME_WEIGHT, TokenEstimate, tools_weight
from domain.tool import Tool
from tests.unit.histories import LATER, assistant, call, histories, result, system, user

ONE_FOR_ONE = TokenEstimate(ratios=(1.0,))


def size_of(*messages: Message, left_out: int = 0) -> PromptSize:
    return prompt_size(messages, "llama", ONE_FOR_ONE, left_out)


def test_cuts_leave_whole_turns_and_always_the_newest() -> None:
    history = (system(), user(), assistant(calls=(call("c"),)), result("c"), assistant(), user(), assistant(), user())

    assert turn_cuts(history) == (0, 4, 6)
    assert [len(left_out_of(history, cut)) for cut in turn_cuts(history)] == [8, 4, 2]
    assert turn_cuts(()) == turn_cuts((system(),)) == turn_cuts((user(),)) == turn_cuts((assistant(),)) == (0,)
    assert turn_cuts((assistant(), assistant(), user())) == (0, 2)


@given(histories())
def test_no_cut_parts_what_belongs_together(history: tuple[Message, ...]) -> None:
    for cut in turn_cuts(history):
        kept = left_out_of(history, cut)

        body = without_system_prompt(kept)
        assert system_prompt_of(kept) == system_prompt_of(history)
        assert body == without_system_prompt(history)[cut:]
        assert not cut or isinstance(body[0], UserMessage)
        assert [message for message in history if isinstance(message, UserMessage)][-1:] == [
            message for message in kept if isinstance(message, UserMessage)
        ][-1:]


@given(histories())
def test_what_is_left_out_makes_it_smaller(history: tuple[Message, ...]) -> None:
    size = prompt_size(history, "llama", TokenEstimate(), 0)
    tokens = [size.tokens(cut) for cut in size.cuts]

    assert tokens == sorted(tokens, reverse=True)
    assert all(each >= 0 for each in tokens)


def test_without_a_count_all_is_estimated() -> None:
    assert size_of(system("abc"), user("de"), assistant("f")).tokens(0) == 3 * FRAME_WEIGHT + 6


def test_what_was_counted_counts_and_what_is_new_is_estimated() -> None:
    size = size_of(user("a" * 100), assistant("b", prompt_eval_count=40, eval_count=2), user("abcd"))

    assert size.tokens(0) == 42 + FRAME_WEIGHT + 4
    assert size.tokens(2) == FRAME_WEIGHT + 4


def test_parts_of_what_was_counted_are_shares_of_it() -> None:
    size = size_of(user("ab"), user("ab"), assistant("ab", prompt_eval_count=250, eval_count=50))

    assert [size.tokens(cut) for cut in size.cuts] == [300, 200]


def test_a_count_is_of_what_was_sent() -> None:
    counted = assistant("ab", prompt_eval_count=150, eval_count=50)
    size = size_of(user("ab"), user("ab"), counted, left_out=1)

    assert [size.tokens(cut) for cut in size.cuts] == [300, 200]
    assert size_of(user("ab"), user("ab"), counted, left_out=17).tokens(0) == 200


def test_counts_of_another_model_or_of_another_system_prompt_are_none() -> None:
    counted = assistant("ab", prompt_eval_count=9_000, eval_count=50)
    newer_prompt = replace(system("abc"), timestamp=LATER)

    assert size_of(user("a"), replace(counted, model="other")).tokens(0) < 100
    assert size_of(newer_prompt, user("a"), counted).tokens(0) < 100
    assert size_of(user("a"), replace(counted, model="LLAMA:latest")).tokens(0) == 9_050
    assert size_of(user("a"), replace(counted, model=None)).tokens(0) == 9_050


def test_a_stricter_size_is_larger() -> None:
    size = size_of(user("ab"))

    assert size.stricter(2.0).tokens(0) == 2 * size.tokens(0) + 1
    assert size.stricter(2.0).weight(0) == size.weight(0)


def test_thinking_counts_in_the_newest_turn_only() -> None:
    thoughtful = replace(assistant("ab"), thinking="t" * 1_000)

    assert size_of(user("a"), thoughtful).tokens(0) > 1_000
    assert size_of(user("a"), thoughtful, user("b")).tokens(0) < 1_000


def test_another_model_is_one_that_answered_under_another_name() -> None:
    assert not has_changed_model((user(), assistant()), "llama:latest")
    assert has_changed_model((user(), assistant(), user()), "other")
    assert not has_changed_model((user(), replace(assistant(), model=None)), "other")


def test_tools_take_room_in_every_prompt() -> None:
    parameters: JsonObject = {"type": "object", "properties": {"city": {"type": "string"}}}
    weight = tools_weight([Tool(name="weather", description="The weather.", parameters=parameters, source="x.py")])
    history = (system(), user(), assistant(), user())

    with_tools = prompt_size(history, "llama", ONE_FOR_ONE, 0, weight)

    assert weight > 100
    assert [with_tools.tokens(cut) - size_of(*history).tokens(cut) for cut in with_tools.cuts] == [weight, weight]

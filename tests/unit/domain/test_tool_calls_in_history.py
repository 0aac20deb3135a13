"""Every tool call is followed by its result: the models' own rule."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conversation import forked_messages, unanswered_calls, with_calls_closed
from domain.errors import InvalidMessageIndex
from domain.message import AssistantMessage, Message, ToolCall, ToolMessage
from tests.unit.histories import AT, assistant, call, histories, result, session, system, user

X, Y, Z = call("x"), call("y"), call("z")


@pytest.mark.parametrize(
    ("messages", "open_calls"),
    [
        ((), ()),
        ((user(),), ()),
        ((assistant(),), ()),
        ((assistant(calls=(X, Y)),), (X, Y)),
        ((assistant(calls=(X, Y)), result("x")), (Y,)),
        ((assistant(calls=(X, Y)), result("y")), (X,)),
        ((assistant(calls=(X, Y)), result("y"), result("x")), ()),
        ((assistant(calls=(X, Y)), result(None)), (Y,)),
        ((assistant(calls=(X, Y, Z)), result(None), result("x")), (Z,)),
        ((assistant(calls=(X, Y)), result("of another")), (Y,)),
        ((assistant(calls=(X, X)), result("x")), (X,)),
        ((assistant(calls=(X,)), user()), ()),
        ((result("x"),), ()),
    ],
    ids=str,
)
def test_calls_are_open_until_their_result_follows(
    messages: tuple[Message, ...], open_calls: tuple[ToolCall, ...]
) -> None:
    assert unanswered_calls(messages) == open_calls


def closed(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    numbers = count()

    def missing(tool_call: ToolCall) -> ToolMessage:
        return ToolMessage(
            message_id=f"e{next(numbers):09x}",
            timestamp=AT,
            content="missing",
            tool_name=tool_call.tool_name,
            tool_call_id=tool_call.call_id,
        )

    return with_calls_closed(messages, missing)


def test_a_missing_result_is_put_behind_those_that_came() -> None:
    contents = [
        message.content for message in closed((user("a"), assistant("b", calls=(X, Y)), result("x"), user("c")))
    ]

    assert contents == ["a", "b", "rain", "missing", "c"]


@given(histories())
def test_closing_adds_only_what_is_missing(messages: tuple[Message, ...]) -> None:
    whole = closed(messages)

    assert tuple(message for message in whole if message.content != "missing") == messages
    assert closed(whole) == whole
    for index, message in enumerate(whole):
        if isinstance(message, AssistantMessage):
            following = whole[index + 1 : index + 1 + len(message.tool_calls)]
            assert all(isinstance(follower, ToolMessage) for follower in following)
            assert len(following) == len(message.tool_calls)


@given(histories(), st.integers(-3, 30))
def test_a_fork_is_a_beginning_of_the_history_with_no_call_left_open(messages: tuple[Message, ...], index: int) -> None:
    try:
        forked = forked_messages(session(*messages), index)
    except InvalidMessageIndex:
        assert not 0 <= index < len(messages) or unanswered_calls(messages[: index + 1])
    else:
        assert forked == messages[: index + 1]
        assert len(forked) == index + 1
        assert not unanswered_calls(forked)


def test_a_fork_without_an_index_takes_all() -> None:
    messages = (system(), user(), assistant(calls=(X,)))

    assert forked_messages(session(*messages), None) == messages

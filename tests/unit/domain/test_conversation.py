from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conversation import (
    after_last_user_message_dropped,
    append,
    edit_user_message,
    has_something_to_answer,
    put_longer_message,
    put_message,
    remove_system_prompt,
    set_system_prompt,
    system_prompt_of,
    tokens_counted,
    without_system_prompt,
)
from domain.errors import InvalidMessageIndex
from domain.message import Message, SystemMessage, UserMessage
from domain.session import Session
from tests.unit.histories import AT, LATER, assistant, call, histories, result, session, system, user

PROMPT = SystemMessage(message_id="00000000ee", timestamp=LATER, content="Be long.")


def test_appended_messages_come_last_and_move_the_time_of_the_session() -> None:
    appended = append(session(user()), (assistant(), user(message_id="00000000b2")), LATER)

    assert [message.message_id for message in appended.messages] == ["00000000b1", "00000000c1", "00000000b2"]
    assert (appended.created_at, appended.updated_at) == (AT, LATER)


def test_a_message_is_put_in_the_place_of_the_one_with_its_id() -> None:
    put = put_message(session(user(), assistant("H"), user(message_id="00000000b2")), assistant("Hi there"), LATER)

    assert [message.content for message in put.messages] == ["Hello", "Hi there", "Hello"]


@given(histories())
def test_a_message_put_twice_is_there_once(messages: tuple[Message, ...]) -> None:
    once = put_message(session(*messages), assistant("new", message_id="00000000c9"), LATER)

    assert put_message(once, assistant("new", message_id="00000000c9"), LATER) == once
    assert once.messages == (*messages, assistant("new", message_id="00000000c9"))


def test_text_that_is_new_comes_last_but_parts_no_calls_from_results_that_are_to_come() -> None:
    late = assistant("late", message_id="00000000c9")
    turn = (user(), assistant(calls=(call("x"), call("y"))), result("x"))

    assert put_longer_message(session(*turn), late, LATER).messages == (turn[0], late, *turn[1:])
    answered = (*turn, result("y", message_id="00000000d2"))
    assert put_longer_message(session(*answered), late, LATER).messages == (*answered, late)


@given(histories(), st.integers(-3, 30))
def test_an_edit_changes_a_user_message_and_drops_the_rest_or_changes_nothing(
    messages: tuple[Message, ...], index: int
) -> None:
    held = session(*messages)

    if 0 <= index < len(messages) and isinstance(messages[index], UserMessage):
        edited = edit_user_message(held, index, "Other", LATER).messages
        assert edited[:index] == messages[:index]
        assert [(message.role, message.content) for message in edited[index:]] == [("user", "Other")]
        assert edited[index].message_id == messages[index].message_id
    else:
        with pytest.raises(InvalidMessageIndex) as raised:
            edit_user_message(held, index, "Other", LATER)
        assert raised.value.details == {"index": index, "message_count": len(messages)}


def test_an_edit_keeps_the_pictures() -> None:
    edited = edit_user_message(session(user(images=("cGlj",)), assistant()), 0, "Other", LATER)

    assert edited.messages == (
        UserMessage(message_id="00000000b1", timestamp=LATER, content="Other", images=("cGlj",)),
    )


@given(histories())
def test_a_system_prompt_is_set_first_and_once_and_the_rest_stays(messages: tuple[Message, ...]) -> None:
    with_prompt = set_system_prompt(session(*messages), PROMPT, LATER)

    assert with_prompt.messages == (PROMPT, *without_system_prompt(messages))
    assert set_system_prompt(with_prompt, PROMPT, LATER) == with_prompt
    assert system_prompt_of(with_prompt.messages) == PROMPT


@given(histories())
def test_a_removed_system_prompt_is_gone_and_the_rest_stays(messages: tuple[Message, ...]) -> None:
    removed = remove_system_prompt(session(*messages), LATER)

    assert system_prompt_of(removed.messages) is None
    assert removed.messages == tuple(message for message in messages if message.role != "system")


@pytest.mark.parametrize("change", [remove_system_prompt, after_last_user_message_dropped])
@pytest.mark.parametrize("messages", [(), (user(),)])
def test_what_has_nothing_to_change_stays_the_very_same(
    change: Callable[..., Session], messages: tuple[Message, ...]
) -> None:
    held = session(*messages)

    assert change(held, LATER) is held


def test_another_answer_begins_behind_the_last_user_message() -> None:
    held = session(user(), assistant(), user(message_id="00000000b2"), assistant(calls=(call("x"),)), result("x"))

    dropped = after_last_user_message_dropped(held, LATER)

    assert dropped.messages == (user(), assistant(), user(message_id="00000000b2"))
    assert dropped.updated_at == LATER


@pytest.mark.parametrize(
    ("messages", "answerable"),
    [((), False), ((system(),), False), ((system(), user()), True), ((assistant(),), True)],
)
def test_a_system_prompt_alone_is_nothing_to_answer(messages: tuple[Message, ...], answerable: bool) -> None:
    assert has_something_to_answer(messages) is answerable


@pytest.mark.parametrize(
    ("messages", "tokens"),
    [
        ((), 0),
        ((user(), assistant()), 0),
        ((user(), assistant(prompt_eval_count=40, eval_count=2)), 42),
        ((assistant(prompt_eval_count=1, eval_count=1), assistant(prompt_eval_count=40, eval_count=2), user()), 42),
        ((assistant(prompt_eval_count=40, eval_count=2), user(), assistant("cut")), 42),
        ((assistant(prompt_eval_count=40),), 40),
    ],
)
def test_tokens_in_use_are_those_of_the_last_answer_that_was_counted(
    messages: tuple[Message, ...], tokens: int
) -> None:
    assert tokens_counted(messages) == tokens

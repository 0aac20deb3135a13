"""What passes for a summary, and which conversations get one."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from domain.message import Message
from domain.session import Summary
from domain.summary import (
    LONGEST_SUMMARY,
    MOST_TOPICS,
    SCHEMA,
    can_summarize,
    ends_with_plain_answer,
    has_something_to_summarize,
    summary_in,
    summary_model_of,
    with_summary,
)
from tests.unit.histories import assistant, call, result, session, system, user


def test_an_answer_that_fits_is_a_summary() -> None:
    text = '{"summary": " They asked.\\nIt was\\nanswered. ", "topics": ["Rice", " rice ", "", "Tea"]}'

    assert summary_in(text) == Summary(summary="They asked. It was answered.", topics=("Rice", "Tea"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "They asked.",
        "null",
        "[]",
        '{"summary": "They asked."}',
        '{"topics": []}',
        '{"summary": "They asked.", "topics": [], "mood": "fine"}',
        '{"summary": "They asked.", "topics": null}',
        '{"summary": "They asked.", "topics": [1]}',
        '{"summary": "They asked.", "topics": "rice"}',
        '{"summary": null, "topics": []}',
        '{"summary": " \\n ", "topics": []}',
        '{"summary": "They asked.", "topics": ["ri',
        json.dumps({"summary": "x" * (LONGEST_SUMMARY + 1), "topics": []}),
        "[" * 100_000,
        '{"summary": ' + "9" * 10_000 + ', "topics": []}',
    ],
)
def test_what_does_not_fit_is_none(text: str) -> None:
    assert summary_in(text) is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("One. Two. Three. Four. Five.", "One. Two. Three. Four. Five."),
        ("One. Two! Three? Four. Five. Six. Seven.", "One. Two! Three? Four. Five."),
        ("He (e.g. a cook) paid 3.50 at 9 a.m. in Rome.", "He (e.g. a cook) paid 3.50 at 9 a.m. in Rome."),
        ("一。二。三。四。五。六。", "一。二。三。四。五。"),
        ("A lone \ud800 half.", "A lone \ufffd half."),
    ],
)
def test_five_sentences_are_enough(said: str, kept: str) -> None:
    summary = summary_in(json.dumps({"summary": said, "topics": []}))

    assert summary is not None
    assert summary.summary == kept


@given(st.text(), st.lists(st.text(max_size=120)))
def test_what_is_kept_is_clean_and_fits_the_schema(said: str, topics: list[str]) -> None:
    summary = summary_in(json.dumps({"summary": said, "topics": topics}))

    if summary is None:
        assert not said.strip()
        return
    Draft202012Validator(SCHEMA).validate({"summary": summary.summary, "topics": list(summary.topics)})
    assert len(summary.topics) <= MOST_TOPICS
    assert len({topic.casefold() for topic in summary.topics}) == len(summary.topics)
    (summary.summary + "".join(summary.topics)).encode()


@pytest.mark.parametrize(
    ("messages", "is_plain"),
    [
        ((), False),
        ((user(),), False),
        ((user(), assistant()), True),
        ((user(), assistant(" \n")), False),
        ((user(), assistant(calls=(call("x"),))), False),
        ((user(), assistant(calls=(call("x"),)), result("x")), False),
        ((user(), replace(assistant(), done_reason="length")), True),
        ((user(), replace(assistant(), done_reason="cancelled")), False),
        ((user(), replace(assistant(), done_reason="interrupted")), False),
    ],
)
def test_plain_answers(messages: tuple[Message, ...], is_plain: bool) -> None:
    assert ends_with_plain_answer(messages) is is_plain


def test_two_messages_beside_the_system_prompt_are_something() -> None:
    assert not has_something_to_summarize(())
    assert not has_something_to_summarize((system(), user()))
    assert has_something_to_summarize((user(), assistant()))


def test_the_sessions_model_comes_first_then_the_one_that_is_remembered() -> None:
    held = replace(session(model="big"), summary_model="small")

    assert summary_model_of(held, ()) == "big"
    assert summary_model_of(held, ("BIG:latest",)) == "small"
    assert summary_model_of(held, ("big", "small")) is None
    assert summary_model_of(session(model="big"), ("big",)) is None
    assert can_summarize("small", ("big",))


def test_a_summary_leaves_the_rest_as_it_is() -> None:
    held = replace(session(user(), assistant()), summary_model="small")
    summary = Summary(summary="They greeted.", model="big")

    assert with_summary(held, summary) == replace(held, summary=summary)
    assert with_summary(held, summary, summary_model="big").summary_model == "big"

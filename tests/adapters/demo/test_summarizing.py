"""The demo model's summaries pass for summaries."""

from adapters.demo.composing import compose
from application.ports.language_model import ModelRequest
from domain.message import Message
from domain.session import Summary
from domain.summary import SCHEMA, summary_in
from domain.summary_questions import Question, first_questions, joining_questions
from tests.adapters.demo.conversations import conversation
from tests.unit.histories import assistant, call, result, user


def answered(question: Question) -> Summary:
    composition = compose(ModelRequest(model="demo", messages=question, format=SCHEMA))
    summary = summary_in("".join(composition.content))
    assert summary is not None
    return summary


def test_a_conversation_in_a_few_words() -> None:
    history = conversation("Tell me about mochi.", "Rice!", "And what is 12 * 7?", "84.")
    assert answered(first_questions(history, 10_000)[0]) == Summary(
        summary='The person wrote: "Tell me about mochi." Last they wrote: "And what is 12 * 7?"',
        topics=("about", "mochi", "tell"),
    )


def test_one_thing_said_takes_two_sentences_too() -> None:
    [question] = first_questions(conversation("Hello", "Hi."), 10_000)
    assert answered(question).summary == 'The person wrote: "Hello". The demo model answered by its rules.'


def test_a_transcript_and_its_parts() -> None:
    history: list[Message] = [
        user("Weather in Oslo?"),
        assistant("", calls=(call("x"),)),
        result("x"),
        assistant("Wet."),
    ]
    [question] = first_questions(history, 10_000)
    assert answered(question).summary.startswith('The person wrote: "Weather in Oslo?"')
    [joined] = joining_questions(history, ["They asked.", "It rained."], 10_000)
    assert answered(joined).summary.startswith('The person wrote: "They asked. It rained."')

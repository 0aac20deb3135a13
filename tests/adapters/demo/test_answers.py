"""What the demo model says to what."""

import pytest

from adapters.demo.answers import Talk, answer_to, quoted
from tests.adapters.demo.conversations import say


def answer(*said: str, instructions: str | None = None) -> str:
    return answer_to(Talk(said, instructions)).text


@pytest.mark.parametrize(
    ("question", "in_the_answer"),
    [
        ("Hi there!", "Hello!"),
        ("Who are you?", "not a neural network"),
        ("what can you do?", "sessions"),
        ("What is mochi-server?", "mochi-server stands between"),
        ("How does streaming work?", "Last-Event-ID"),
        ("How do I use a real model?", "ollama pull"),
        ("Tell me a story", "rice cake"),
        ("Write a haiku please", "rice".capitalize()),
        ("Thank you, bye", "You are welcome"),
        ("count to 5", "1 2 3 4 5"),
        ("What is 12*7?", "12*7 = 84."),
        ("Work out 2 * (3 + 4)", "Step by step: 3 + 4 = 7; 2 * 7 = 14."),
        ("1/0?", "has no value"),
        ("", "nothing to answer yet"),
        ("The sky over Rome", 'in 4 words: "The sky over Rome".'),
    ],
)
def test_answers_differ_by_what_was_asked(question: str, in_the_answer: str) -> None:
    assert in_the_answer in answer(question)


def test_it_remembers_what_was_said_first_and_last() -> None:
    said = ("I like figs.", "And plums.", "What did I say first?")

    assert '"I like figs."' in answer(*said)
    assert '"And plums."' in answer(*said[:2], "What did I just say?")
    assert "nothing to remember" in answer("What did I say first?")


def test_it_finds_a_name_again() -> None:
    assert "You are Ada" in answer("Hello, my name is Ada", "What is my name?")
    assert "not told me" in answer("Hello", "What is my name?")


def test_it_quotes_its_instructions() -> None:
    assert '"Be brief."' in answer("What is your system prompt?", instructions="Be brief.")
    assert "no system prompt" in answer("What is your system prompt?")


def test_a_summary_counts_and_quotes() -> None:
    summary = answer("Pineapples are heavy", "Summarize this")

    assert "2 messages" in summary
    assert "5 words" in summary
    assert "pineapples" in summary


def test_counting_has_an_end() -> None:
    assert "10000 (that is as far as I count)" in answer("count to 99999999")


def test_a_quotation_is_one_short_line() -> None:
    assert quoted("a\n  b") == '"a b".'
    assert quoted("Why?") == '"Why?"'
    assert len(quoted("x" * 1_000)) < 200


async def test_a_lone_surrogate_is_not_said_back() -> None:
    said = await say("an odd \ud800 one")

    assert "an odd \ufffd one" in said
    said.encode()

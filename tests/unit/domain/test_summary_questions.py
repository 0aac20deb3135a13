"""A conversation of any length becomes questions that fit."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.message import Message, UserMessage
from domain.summary_questions import (
    LEAST_PART,
    LONGEST_RESULT,
    clipped,
    first_questions,
    joining_questions,
    parts_of,
    transcript_of,
    weight_of_question,
)
from domain.token_estimate import weight_of
from tests.unit.histories import assistant, call, histories, result, system, user

PLENTY = 1_000_000


def test_what_fits_goes_as_it_is_with_the_question_behind_it() -> None:
    history = (system("Be a pirate."), user("Ahoy"), replace(assistant("Arr"), thinking="a sailor"))

    [question] = first_questions(history, PLENTY)

    assert question[:3] == (history[0], history[1], assistant("Arr"))
    assert isinstance(question[3], UserMessage)
    assert "summary" in question[3].content
    assert len(question) == 4


def test_tools_and_pictures_make_it_a_transcript() -> None:
    with_tools = (
        system(),
        user("Weather?"),
        assistant("", calls=(call("x"),)),
        result("x", "r" * 5_000),
        assistant("Wet"),
    )
    with_pictures = (user("What is it?", images=("abcd", "efgh")), assistant("A cat"))

    [[tools]], [[pictures]] = first_questions(with_tools, PLENTY), first_questions(with_pictures, PLENTY)

    assert 'User: Weather?\n\nAssistant calls weather with {"city": "Oslo"}\n\nResult of weather: rrr' in tools.content
    assert tools.content.endswith("\n\nAssistant: Wet")
    assert "Be brief." not in tools.content
    assert LONGEST_RESULT < len(tools.content) < LONGEST_RESULT + 1_500
    assert pictures.content.endswith("User: What is it? [pictures: 2]\n\nAssistant: A cat")
    assert "abcd" not in pictures.content


def test_thinking_stays_out() -> None:
    history = (user("?"), replace(assistant("yes", calls=(call("x"),)), thinking="secret thoughts"), result("x"))

    assert "secret" not in "".join(transcript_of(history))


def test_a_long_conversation_is_parted_between_turns() -> None:
    history = [message for turn in range(9) for message in (user(f"{turn} " + "w" * 500), assistant("a" * 500))]

    questions = first_questions(history, 4_000)

    assert len(questions) > 1
    for question in questions:
        [message] = question
        assert weight_of_question(question) <= 4_000
        assert "\n\nUser: " in message.content
        assert message.content.endswith("a")


def test_an_empty_conversation_is_one_question() -> None:
    assert len(first_questions((assistant(""), assistant("", calls=())), 0)) == 1


def test_summaries_of_parts_become_one_question_where_they_fit() -> None:
    history = (user(), assistant())

    [question] = joining_questions(history, ["First.", "Then."], PLENTY)

    assert question[0].content.endswith("First.\n\nThen.")


@given(st.lists(st.text(min_size=1, max_size=5_000), min_size=2, max_size=40), st.integers(0, 6_000))
def test_joining_comes_to_an_end(summaries: list[str], most_weight: int) -> None:
    questions = joining_questions((user(),), summaries, most_weight)

    assert 1 <= len(questions) <= (len(summaries) + 1) // 2


@given(st.lists(st.text(min_size=1, max_size=2_000), max_size=30), st.integers(LEAST_PART, 3_000))
def test_parts_fit_and_hold_what_fits_whole_and_in_order(texts: list[str], most_weight: int) -> None:
    parts = parts_of(texts, most_weight)

    assert all(0 < weight_of(part) <= most_weight for part in parts)
    rest = iter(parts)
    part = next(rest, "")
    for text in texts:
        if weight_of(text) <= most_weight:
            while text not in part:
                part = next(rest)


@given(st.lists(st.text(alphabet="aä東🙂", min_size=1, max_size=2_000), max_size=30), st.integers(LEAST_PART, 3_000))
def test_nothing_is_lost_or_doubled(texts: list[str], most_weight: int) -> None:
    assert "".join(parts_of(texts, most_weight)).replace("\n\n", "") == "".join(texts)


@given(histories(), st.integers(0, 3_000))
def test_any_history_becomes_questions_that_fit(history: tuple[Message, ...], most_weight: int) -> None:
    if history:
        questions = first_questions(history, most_weight)
        assert questions
        assert all(weight_of_question(question) <= max(most_weight, 2_000) for question in questions)


@given(st.text(max_size=300), st.integers(0, 200))
def test_what_is_clipped_keeps_both_ends(text: str, most: int) -> None:
    short = clipped(text, most)

    assert len(short) <= most or short == text
    if len(text) > most > 20:
        assert short[:5] == text[:5]
        assert short[-2:] == text[-2:]

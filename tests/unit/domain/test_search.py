from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search import matches, words_of, words_of_session
from domain.session import Session, Summary
from tests.unit.histories import AT, assistant, result, system, user


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("?! -- _", []),
        ("Hello, WORLD", ["hello", "world"]),
        ("snake_case x1", ["snake", "case", "x1"]),
        ("Straße", ["strasse"]),
        ("cafe\u0301", ["caf\u00e9"]),
        ("\u0130stanbul", ["i\u0307stanbul"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("ジョン・レノン", list("ジョンレノン")),
        ("go東go", ["go", "東", "go"]),
        (normalize("NFD", "한국"), ["한", "국"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("nul\0and\u2028line\ud800end", ["nul", "and", "line", "end"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text())
def test_a_text_is_found_by_each_of_its_words_and_their_beginnings(text: str) -> None:
    words = words_of(text)

    assert matches(words, frozenset(words))
    assert all(matches([word[:1]], frozenset(words)) for word in words)


@given(st.text(alphabet="aéöñжδλςßk ,1東"))
def test_letter_case_does_not_count(text: str) -> None:
    assert words_of(text.upper()) == words_of(text.lower())


def test_what_people_and_models_said_and_the_summary_are_searched() -> None:
    searched = Session(
        session_id="00000000ff",
        model="llama",
        created_at=AT,
        updated_at=AT,
        messages=(system("prompted"), user("asked"), assistant("answered"), result("x", "looked")),
        summary=Summary(summary="summed up", topics=("topical",)),
    )

    assert words_of_session(searched) == {"asked", "answered", "summed", "up"}


@pytest.mark.parametrize(
    ("query", "found"),
    [("", True), ("hel", True), ("HEL wor", True), ("wor hel", True), ("ello", False), ("hello mars", False)],
)
def test_every_word_of_a_query_begins_a_word(query: str, found: bool) -> None:
    assert matches(words_of(query), frozenset({"hello", "world"})) is found

"""The keys by which words are found, however long the words are."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.sql.word_rows import PIECE_CHARACTERS, keys_of_messages, range_of
from tests.contracts.samples import assistant, user

near_the_limit = st.integers(0, 3).flatmap(
    lambda pieces: st.integers(-2, 2).map(lambda more: max(PIECE_CHARACTERS * pieces + more, 1))
)
letters = st.text("abé餅\U0001f361x", min_size=1, max_size=3)


def is_found(query: str, word: str) -> bool:
    first, end = range_of(query)
    return any(first <= key < end for key in keys_of_messages([user(1, word)], 1))


@given(near_the_limit, near_the_limit, letters)
def test_what_begins_a_word_finds_it_and_nothing_else_does(size: int, shown: int, ending: str) -> None:
    word = ("ab" * size)[:size]
    assert is_found(word[:shown], word)
    assert is_found(word, word + "ab")
    assert not is_found(word + "z", word)
    assert not is_found("z" + word, word)
    assert not is_found(word[:-1] + "zz", word + ending)


def test_keys_fit_into_an_index() -> None:
    keys = keys_of_messages([user(1, "餅" * 10 + "é" * 5000)], 1)
    assert max(len(key.encode()) for key in keys) < 1000


def test_a_key_stands_where_it_is_first() -> None:
    keys = keys_of_messages([user(1, "one two"), assistant(2, "two three")], 5)
    assert keys == {"one": 5, "two": 5, "three": 6}

"""Nothing that a model or a tool says does anything to a terminal but be shown."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.json_value import JsonValue
from entrypoints.chat.sanitising import clean, first_lines, json_text, one_line

HOSTILE = st.text(
    st.sampled_from("\x1b[]0;2J\x07\x08\x9b\x9d\x90\x7f\r\n\t\u202e\u2066\u2028\ud800 ab~") | st.characters()
)
KEYS_AND_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE, lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner)
)


def does_something(character: str) -> bool:
    """Whether it moves, turns, rings or begins an escape sequence."""
    if character in "\n\t":
        return False
    is_turn = unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return is_turn or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


@given(HOSTILE)
def test_what_is_clean_does_nothing(text: str) -> None:
    assert not any(map(does_something, clean(text)))


@given(HOSTILE)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(HOSTILE)
def test_each_character_has_its_stand_in(text: str) -> None:
    assert len(clean(text)) == len(text.replace("\r\n", "\n"))


@pytest.mark.parametrize("text", ["plain", "två\tord\n", "日本語", "👩‍👩‍👧", "שלום", "a\u0301"])
def test_what_people_write_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x1b[2J", "␛[2J"), ("\x1b]0;t\x07", "␛]0;t␇"), ("\x9b2J", "\ufffd2J"), ("a\rb", "a␍b"), ("a\r\nb", "a\nb")],
)
def test_an_escape_sequence_is_seen_instead_of_obeyed(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(HOSTILE, st.integers(4, 50))
def test_a_line_is_one_and_no_longer_than_it_may(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert "\n" not in line
    assert len(line) <= longest
    assert not any(map(does_something, line))


@given(KEYS_AND_VALUES)
def test_arguments_are_shown_whole_and_can_be_read_back(value: JsonValue) -> None:
    text = json_text(value)
    assert all(each == "\n" or each.isprintable() for each in text)
    assert json.loads(text) == value


def test_what_cannot_be_seen_in_arguments_is_escaped() -> None:
    assert json_text({"path": "a\u200b\u202eb"}, indent=None) == '{"path": "a\\u200b\\u202eb"}'


@given(HOSTILE, st.integers(1, 5), st.integers(1, 30))
def test_a_cut_says_how_much_is_left_out(text: str, lines: int, characters: int) -> None:
    shown = first_lines(text, lines=lines, characters=characters, note="<{left_out}>")
    beginning, _, note = shown.rpartition("\n<")
    if shown != text:
        assert text.startswith(beginning)
        assert len(beginning) <= characters
        assert int(note.removesuffix(">").replace(",", "")) == len(text) - len(beginning)

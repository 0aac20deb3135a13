"""What a body says is read as it is written, and only a field that is really given twice is refused as such."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationFailed
from domain.json_value import JsonValue
from entrypoints.http.bodies import MAX_VALUES, parse_body

TRICKY = st.text(alphabet=st.sampled_from('"\\:,[]{}\n\0aü\u2028😀'))
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TRICKY
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TRICKY, inner), max_leaves=20)


@given(value=VALUES, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 2]))
def test_every_value_is_read_as_it_was_written(value: JsonValue, ensure_ascii: bool, indent: int | None) -> None:
    assert parse_body(json.dumps(value, ensure_ascii=ensure_ascii, indent=indent).encode(), None) == value


@given(outer=VALUES, inner=VALUES, key=TRICKY, is_escaped=st.booleans())
def test_a_key_that_is_given_twice_is_found_wherever_it_is(
    outer: JsonValue, inner: JsonValue, key: str, is_escaped: bool
) -> None:
    once, again = json.dumps(key), json.dumps(key, ensure_ascii=is_escaped)
    pair = f"{{{once}: {json.dumps(inner)}, {again}: 1}}"
    with pytest.raises(ValidationFailed, match="given twice"):
        parse_body(f"[{json.dumps(outer)}, {pair}]".encode(), None)


@pytest.mark.parametrize("text", [",", "[", "{", "[[[", ":,", '\\"', "\\\\"])
def test_what_stands_in_a_text_is_no_value(text: str) -> None:
    value = {"content": text * MAX_VALUES}
    assert parse_body(json.dumps(value).encode(), None) == value


def test_as_many_values_as_are_allowed_are_read() -> None:
    zeros = [0] * (MAX_VALUES - 1)
    assert parse_body(json.dumps(zeros).encode(), None) == zeros

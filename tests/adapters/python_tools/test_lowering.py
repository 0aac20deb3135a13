"""Whatever a worker says of a schema or a docstring, what is made of it is sound."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from adapters.python_tools.docstrings import parameter_descriptions, without_parameters
from adapters.python_tools.schema import MOST_DEPTH, TooComplex, lowered
from adapters.python_tools.wording import without_paths
from domain.json_value import JsonObject, JsonValue

KEPT = {"type", "anyOf", "items", "description", "enum", "properties", "required", "default", "additionalProperties"}

texts = st.text(st.characters(exclude_categories=()))
references = st.sampled_from(["#/$defs/A", "#/$defs/B", "#/$defs/nothing", "#", ""]).map(lambda to: {"$ref": to})
words = st.sampled_from(
    [*sorted(KEPT), "$ref", "$defs", "const", "oneOf", "allOf", "prefixItems", "format", "title", "not"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | references,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | texts, inner, max_size=5),
    max_leaves=30,
)
schemas = st.dictionaries(words | texts, values, max_size=6)


def is_sound(schema: JsonValue) -> bool:
    """In shape, and of the words that are kept."""
    if not isinstance(schema, dict):
        return False
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [schema[name] for name in ("items", "additionalProperties") if name in schema]
    return (
        set(schema) <= KEPT
        and all(map(is_sound, inner))
        and set(schema.get("required", [])) <= set(schema.get("properties", {}))
    )


@given(schema=schemas, definitions=st.dictionaries(st.sampled_from(["A", "B"]), schemas))
def test_any_json_becomes_a_sound_schema_of_an_object(schema: JsonObject, definitions: JsonObject) -> None:
    try:
        result = lowered({**schema, "$defs": definitions})
    except TooComplex:
        return
    assert result["type"] == "object"
    assert is_sound(result)


@given(name=texts, description=texts)
def test_names_and_descriptions_of_any_text_can_be_sent(name: str, description: str) -> None:
    schema: JsonObject = {"properties": {name: {"type": "string", "description": description}}, "required": [name]}

    orjson.dumps(lowered(schema))


def test_what_is_too_deep_is_refused() -> None:
    schema: JsonObject = {}
    for _ in range(MOST_DEPTH + 2):
        schema = {"type": "array", "items": schema}
    try:
        lowered({"properties": {"a": schema}})
    except TooComplex:
        return
    raise AssertionError


@given(texts)
def test_any_docstring_is_read(docstring: str) -> None:
    without_parameters(docstring)
    parameter_descriptions(docstring)


@given(
    st.lists(
        st.sampled_from(
            ["Args:", "    x: y", "Parameters", "----------", ":param x: y", "", "text", "Returns:", "x : int", "    z"]
        ),
        max_size=12,
    ).map("\n".join)
)
def test_mixed_styles_are_read(docstring: str) -> None:
    without_parameters(docstring)
    assert all("\n" not in text for text in parameter_descriptions(docstring).values())


def test_text_that_only_looks_like_a_section_stays() -> None:
    text = "Args\nNote: this stays.\n\nArgs: in a sentence, this too."

    assert without_parameters(text) == text


def test_paths_are_cut_to_their_last_name() -> None:
    told = without_paths("cannot import 'x' from 'y' (/usr/lib/python3/y.py); and/or 1/2, http is fine")

    assert told == "cannot import 'x' from 'y' (y.py); and/or 1/2, http is fine"

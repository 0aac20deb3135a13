"""From a function to what a model is told, and from a model's arguments to the function."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import jsonschema
import pytest

from adapters.python_tools.toolbox import PythonToolbox
from domain.json_value import JsonObject
from domain.tool import ToolInventory
from tests.adapters.python_tools.folders import errors_of, opened, tool_of

RICH: Final = '''
from __future__ import annotations
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Optional, Union
from typing_extensions import TypedDict
from pydantic import BaseModel, Field

class Unit(Enum):
    C = "c"
    F = "f"

class Street(BaseModel):
    name: str = Field(description="Without the number.")
    number: int = 1

class Address(BaseModel):
    """Where somebody lives."""
    street: Street
    zip: Optional[str] = None

@dataclass
class Point:
    x: float
    y: float = 0.0

class Box(TypedDict):
    width: int

class Node(BaseModel):
    value: int
    children: list[Node] = []

def plain(a: int, b: str, c: float = 1.5, d: bool = False) -> str:
    return f"{a!r} {b!r} {c!r} {d!r}"

def optional(a: Optional[int] = None, b: int = None) -> str:
    return f"{a!r} {b!r}"

def choice(unit: Literal["c", "f"] = "c", other: Unit = Unit.C) -> str:
    return f"{unit!r} {other!r}"

def lists(tags: list[str], table: dict[str, float], pair: tuple[int, str], few: set[int] = frozenset()) -> str:
    return f"{tags!r} {table!r} {pair!r} {sorted(few)!r}"

def nested(address: Address, others: list[Address] = []) -> str:
    return f"{type(address).__name__} {address.street.name} {len(others)}"

def shapes(point: Point, box: Box) -> str:
    return f"{point!r} {box!r}"

def annotated(n: Annotated[int, Field(ge=1, description="How many.")], day: date, free: int = Field(7, le=9)) -> str:
    return f"{n} {day!r} {free}"

def either(value: Union[int, list[int]]) -> str:
    return repr(value)

def untyped(a, b=3) -> str:
    return f"{a!r} {b!r}"

def recursive(node: Node) -> str:
    return str(len(node.children))

def odd_names(_x: int, json: str, model_config: int, self: int, größe: int) -> str:
    return f"{_x} {json} {model_config} {self} {größe}"

def nothing() -> None:
    pass

async def several() -> dict[str, Any]:
    return {"unit": Unit.F, "point": Point(1.0), "day": date(2024, 2, 29), "node": Node(value=1)}
'''


@pytest.fixture
async def rich(tmp_path: Path) -> AsyncIterator[PythonToolbox]:
    async with opened(tmp_path, {"rich.py": RICH}) as toolbox:
        yield toolbox


@pytest.fixture
async def inventory(rich: PythonToolbox) -> ToolInventory:
    return await rich.inventory()


STRING: Final[JsonObject] = {"type": "string"}
INTEGER: Final[JsonObject] = {"type": "integer"}
STREET: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Without the number."},
        "number": {"type": "integer", "default": 1},
    },
    "required": ["name"],
}
ADDRESS: Final[JsonObject] = {
    "type": "object",
    "description": "Where somebody lives.",
    "properties": {"street": STREET, "zip": {"anyOf": [STRING, {"type": "null"}]}},
    "required": ["street"],
}
NODE: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "value": INTEGER,
        "children": {
            "type": "array",
            "items": {"type": "object", "description": "As the Node that this is in."},
            "default": [],
        },
    },
    "required": ["value"],
}

SCHEMAS: Final[dict[str, tuple[JsonObject, list[str]]]] = {
    "plain": (
        {
            "a": INTEGER,
            "b": STRING,
            "c": {"type": "number", "default": 1.5},
            "d": {"type": "boolean", "default": False},
        },
        ["a", "b"],
    ),
    "optional": ({"a": {"anyOf": [INTEGER, {"type": "null"}]}, "b": {"anyOf": [INTEGER, {"type": "null"}]}}, []),
    "choice": (
        {
            "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
            "other": {"type": "string", "enum": ["c", "f"], "default": "c"},
        },
        [],
    ),
    "lists": (
        {
            "tags": {"type": "array", "items": STRING},
            "table": {"type": "object", "additionalProperties": {"type": "number"}},
            "pair": {"type": "array", "items": {"anyOf": [INTEGER, STRING]}},
            "few": {"type": "array", "items": INTEGER, "default": []},
        },
        ["tags", "table", "pair"],
    ),
    "nested": ({"address": ADDRESS, "others": {"type": "array", "items": ADDRESS, "default": []}}, ["address"]),
    "shapes": (
        {
            "point": {
                "type": "object",
                "properties": {"x": {"type": "number"}, "y": {"type": "number", "default": 0.0}},
                "required": ["x"],
            },
            "box": {"type": "object", "properties": {"width": INTEGER}, "required": ["width"]},
        },
        ["point", "box"],
    ),
    "annotated": (
        {
            "n": {"type": "integer", "description": "How many."},
            "day": {"type": "string", "description": "date"},
            "free": {"type": "integer", "default": 7},
        },
        ["n", "day"],
    ),
    "either": ({"value": {"anyOf": [INTEGER, {"type": "array", "items": INTEGER}]}}, ["value"]),
    "untyped": ({"a": {}, "b": {"default": 3}}, ["a"]),
    "recursive": ({"node": NODE}, ["node"]),
    "odd_names": (
        {"_x": INTEGER, "json": STRING, "model_config": INTEGER, "self": INTEGER, "größe": INTEGER},
        ["_x", "json", "model_config", "self", "größe"],
    ),
    "nothing": ({}, []),
    "several": ({}, []),
}


async def test_what_a_model_is_told(inventory: ToolInventory) -> None:
    assert inventory.errors == ()
    for name, (properties, required) in SCHEMAS.items():
        parameters = inventory.tools[name].parameters
        assert parameters["properties"] == properties, name
        assert parameters.get("required", []) == required, name
        jsonschema.Draft202012Validator.check_schema(parameters)


CALLS: Final[list[tuple[str, JsonObject, str]]] = [
    ("plain", {"a": 1, "b": "x"}, "1 'x' 1.5 False"),
    ("plain", {"a": "1", "b": "x", "c": "2", "d": "true"}, "1 'x' 2.0 True"),
    ("plain", {"a": 1.0, "b": "\ud800"}, "1 '\ufffd' 1.5 False"),
    ("optional", {}, "None None"),
    ("optional", {"a": None, "b": None}, "None None"),
    ("optional", {"a": 1, "b": 2}, "1 2"),
    ("choice", {"unit": "f", "other": "f"}, "'f' <Unit.F: 'f'>"),
    ("lists", {"tags": ["a"], "table": {"x": 1}, "pair": [1, "b"], "few": [2, 1]}, "['a'] {'x': 1.0} (1, 'b') [1, 2]"),
    ("nested", {"address": {"street": {"name": "Main"}}, "others": [{"street": {"name": "B"}}]}, "Address Main 1"),
    ("shapes", {"point": {"x": 1}, "box": {"width": 2}}, "Point(x=1.0, y=0.0) {'width': 2}"),
    ("annotated", {"n": 2, "day": "2024-02-29"}, "2 datetime.date(2024, 2, 29) 7"),
    ("either", {"value": [1]}, "[1]"),
    ("untyped", {"a": {"any": ["thing"]}}, "{'any': ['thing']} 3"),
    ("recursive", {"node": {"value": 1, "children": [{"value": 2}]}}, "1"),
    ("odd_names", {"_x": 1, "json": "j", "model_config": 2, "self": 3, "größe": 4}, "1 j 2 3 4"),
    ("nothing", {}, "null"),
    ("several", {}, '{"unit":"f","point":{"x":1.0,"y":0.0},"day":"2024-02-29","node":{"value":1,"children":[]}}'),
]


async def test_what_a_function_gets(rich: PythonToolbox) -> None:
    for tool, arguments, text in CALLS:
        outcome = await rich.call(tool, arguments)
        assert (outcome.text, outcome.error_code) == (text, None), tool


WRONG: Final[list[tuple[str, JsonObject, str]]] = [
    ("plain", {"b": "x"}, "`a` is required and was not given"),
    ("plain", {"a": "many", "b": "x"}, "`a`: Input should be a valid integer"),
    ("plain", {"a": "many", "b": "x"}, "it was 'many'"),
    ("plain", {"a": 1, "b": "x", "e": 1}, "no parameter `e` (the parameters: `a`, `b`, `c`, `d`)"),
    ("choice", {"unit": "k"}, "`unit`: Input should be 'c' or 'f'; it was 'k'"),
    ("nested", {"address": {"street": {}}}, "`address.street.name` is required"),
    ("annotated", {"n": 0, "day": "2024-02-29"}, "greater than or equal to 1"),
    ("annotated", {"n": 1, "day": "tomorrow"}, "`day`: Input should be a valid date"),
    ("lists", {"tags": "a", "table": {}, "pair": [1, "b"]}, "`tags`: Input should be a valid"),
    ("nothing", {"x": 1}, "the parameters: none"),
    ("odd_names", {"_x": "q", "json": "j", "model_config": 2, "self": 3, "größe": 4}, "`_x`: "),
]


async def test_wrong_arguments_are_told_in_words(rich: PythonToolbox) -> None:
    for tool, arguments, words in WRONG:
        outcome = await rich.call(tool, arguments)
        assert outcome.error_code == "VALIDATION_ERROR", tool
        assert words in outcome.text


async def test_many_and_long_mistakes_are_told_briefly(rich: PythonToolbox) -> None:
    outcome = await rich.call("lists", {"tags": list(range(1000)), "table": {}, "pair": ["x" * 10_000, "b"]})

    assert outcome.error_code == "VALIDATION_ERROR"
    assert len(outcome.text) < 3000
    assert "more" in outcome.text


async def test_arguments_that_are_far_too_long_are_wrong(rich: PythonToolbox) -> None:
    assert (await rich.call("plain", {"a": 1, "b": "x" * 5_000_000})).error_code == "VALIDATION_ERROR"


async def test_a_validation_error_of_the_tool_itself_is_its_own_failure(tmp_path: Path) -> None:
    source = (
        "from pydantic import TypeAdapter\n\n"
        "def tool(x: int) -> int:\n    return TypeAdapter(int).validate_python('q')\n"
    )
    async with opened(tmp_path, {"source.py": source}) as toolbox:
        outcome = await toolbox.call("tool", {"x": 1})
        await toolbox.check_arguments("tool", {"x": 1})

    assert outcome.error_code == "TOOL_EXECUTION_FAILED"
    assert outcome.text.startswith("ValidationError: ")
    assert outcome.text.endswith("(line 4)")


UNFIT: Final = {
    "def tool(*args): pass": "parameter `args` is `*args`",
    "def tool(a, /): pass": "parameter `a` is positional-only",
    "def tool(**kwargs): pass": "parameter `kwargs` is `**kwargs`",
    "def tool(a: 'Nothing'): pass": "NameError: name 'Nothing' is not defined",
    "class Thing: pass\ndef tool(a: Thing): pass": "Unable to generate pydantic-core schema",
    "from collections.abc import Callable\ndef tool(a: Callable[[], int]): pass": "JsonSchema",
}


async def test_a_function_that_a_model_cannot_call_is_an_error_of_its_own(tmp_path: Path) -> None:
    sources = {f"s{number}.py": f"{source}\ndef good{number}(): pass\n" for number, source in enumerate(UNFIT)}
    async with opened(tmp_path, sources) as toolbox:
        inventory = await toolbox.inventory()

    assert set(inventory.tools) == {f"good{number}" for number in range(len(UNFIT))}
    for error, words in zip(inventory.errors, UNFIT.values(), strict=True):
        assert error.error.startswith("tool `tool`: ")
        assert words in error.error
        assert "(line " in error.error


async def test_what_would_never_end_or_grow_too_large_is_an_error(tmp_path: Path) -> None:
    models = "".join(f"class M{n}(BaseModel):\n    a: M{n - 1}\n    b: M{n - 1}\n" for n in range(1, 20))
    source = f"from pydantic import BaseModel\nclass M0(BaseModel):\n    x: int\n{models}def tool(m: M19): pass\n"

    assert "too large" in (await errors_of(tmp_path, {"source.py": source}))["source.py"]


STYLES: Final = {
    "google": """Get the weather.

    Longer text: with a colon.

    Args:
        city (str): The city: name of it,
            continued here.
        days: Number of days.

    Returns:
        The report.
    """,
    "numpy": """Get the weather.

    Longer text: with a colon.

    Parameters
    ----------
    city : str
        The city: name of it,
        continued here.
    days : int
        Number of days.

    Returns
    -------
    str
        The report.
    """,
    "sphinx": """Get the weather.

    Longer text: with a colon.

    :param city: The city: name of it,
        continued here.
    :type city: str
    :param days: Number of days.
    :returns: The report.
    """,
}


@pytest.mark.parametrize("style", STYLES)
async def test_descriptions_come_from_the_docstring(tmp_path: Path, style: str) -> None:
    source = f'def tool(city: str, days: int = 3, other: int = 1) -> str:\n    """{STYLES[style]}"""\n'

    tool = await tool_of(tmp_path, source)

    assert tool.parameters["properties"] == {
        "city": {"type": "string", "description": "The city: name of it, continued here."},
        "days": {"type": "integer", "description": "Number of days.", "default": 3},
        "other": {"type": "integer", "default": 1},
    }
    assert tool.description.startswith("Get the weather.\n\nLonger text: with a colon.\n")
    assert "The report." in tool.description
    assert "Number of days" not in tool.description
    assert "continued" not in tool.description


async def test_a_description_in_the_annotation_wins(tmp_path: Path) -> None:
    source = (
        "from typing import Annotated\nfrom pydantic import Field\n"
        "def tool(a: Annotated[int, Field(description='Explicit.')]):\n"
        '    """Do.\n\n    Args:\n        a: From the docstring.\n    """\n'
    )

    assert (await tool_of(tmp_path, source)).parameters["properties"] == {
        "a": {"type": "integer", "description": "Explicit."}
    }

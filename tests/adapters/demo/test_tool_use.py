"""The demo model and tools: which it calls, with what, and what it says of the results."""

from collections.abc import Sequence
from dataclasses import replace

import jsonschema
import pytest

from application.ports.language_model import ModelRequest
from domain.json_value import JsonObject
from domain.message import AssistantMessage, Message, ToolCall, ToolMessage
from domain.tool import Tool, ToolOutcome
from domain.tool_texts import denied, result_text
from tests.adapters.demo.conversations import AT, conversation, hear, request


def tool(name: str, *, optional: Sequence[str] = (), **properties: JsonObject) -> Tool:
    parameters: JsonObject = {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }
    return Tool(name=name, description="", parameters=parameters, source="tools.py")


NUMBER: JsonObject = {"type": "number"}
WHOLE: JsonObject = {"type": "integer"}
TEXT: JsonObject = {"type": "string"}
MOMENT: JsonObject = {"type": "string", "description": "The moment. (date-time)"}
SIZE: JsonObject = {"type": "string", "enum": ["small", "large"]}

TOOLS = (
    tool("add", a=NUMBER, b=NUMBER),
    tool("calculate", expression=TEXT),
    tool("current_time", optional=("timezone",), timezone=TEXT),
    tool("files__read_file", path=TEXT),
    tool("order_cakes", optional=("size",), count=WHOLE, size=SIZE),
    tool("read", text=TEXT),
    tool("time_between", start=MOMENT, end=MOMENT),
    tool("total", numbers={"type": "array", "items": NUMBER}),
    tool("write_file", optional=("overwrite",), path=TEXT, content=TEXT, overwrite={"type": "boolean"}),
)


def asked(message: str, *after: Message, tools: Sequence[Tool] = TOOLS) -> ModelRequest:
    return ModelRequest(model="demo", messages=[*conversation(message), *after], tools=tools)


async def calls_of(message: str, tools: Sequence[Tool] = TOOLS) -> list[tuple[str, JsonObject]]:
    heard = await hear(asked(message, tools=tools))
    assert not (heard.calls and heard.text)
    return [(call.tool_name, call.arguments) for call in heard.calls]


@pytest.mark.parametrize(
    ("message", "name", "arguments"),
    [
        ("add(a=1, b=2.5)", "add", {"a": 1, "b": 2.5}),
        ("add(1, 2)", "add", {"a": 1, "b": 2}),
        ("Please add 3 and -4.", "add", {"a": 3, "b": -4}),
        ("Take 3 and 4, and ADD", "add", {"a": 3, "b": 4}),
        ('Call add with {"a": 5, "b": 6}.', "add", {"a": 5, "b": 6}),
        ("add with a=7 and b: 8.", "add", {"a": 7, "b": 8}),
        ("calculate(2 * (3 + 4), 1)", "calculate", {"expression": "2 * (3 + 4)"}),
        ("What is 12 * 7? Use calculate.", "calculate", {"expression": "12 * 7"}),
        ("use the tool calculate for the square root of 2", "calculate", {"expression": "square root of 2"}),
        ("What is the current time?", "current_time", {}),
        ('The current time in "Asia/Tokyo", please', "current_time", {"timezone": "Asia/Tokyo"}),
        ("current_time(timezone='Asia/Tokyo')", "current_time", {"timezone": "Asia/Tokyo"}),
        ('Read the file "a b.txt"', "files__read_file", {"path": "a b.txt"}),
        ("files__read_file notes.md", "files__read_file", {"path": "notes.md"}),
        ("Order 12 cakes, large ones", "order_cakes", {"count": 12, "size": "large"}),
        ("order cakes", "order_cakes", {"count": 7}),
        ("Read: hello there!", "read", {"text": "hello there"}),
        ("read 'it'", "read", {"text": "it"}),
        ("read", "read", {"text": "text"}),
        ("read(42)", "read", {"text": "42"}),
        (
            "time_between 2024-02-28 and 2024-03-01T09:00:00",
            "time_between",
            {"start": "2024-02-28", "end": "2024-03-01T09:00:00"},
        ),
        ("total 1, 2 and 3.5", "total", {"numbers": [1, 2, 3.5]}),
        ("write_file notes.txt Buy rice.", "write_file", {"path": "notes.txt", "content": "Buy rice"}),
        (
            'write_file(path="x", content="a, (b\\n", overwrite=True)',
            "write_file",
            {"path": "x", "content": "a, (b\n", "overwrite": True},
        ),
        ('add(a="one")', "add", {"a": "one", "b": 7}),
    ],
)
async def test_a_tool_that_is_named_is_called_with_what_the_message_holds(
    message: str, name: str, arguments: JsonObject
) -> None:
    assert await calls_of(message) == [(name, arguments)]


@pytest.mark.parametrize("message", ["Hello!", "What is 12 * 7?", "Additional reading", "/tmp/read", "", "re.read"])
async def test_it_answers_itself_where_no_tool_is_named(message: str) -> None:
    heard = await hear(asked(message))

    assert (heard.calls, heard.text) == ([], (await hear(request(message))).text)


async def test_several_tools_are_called_in_one_answer() -> None:
    heard = await hear(asked("Please add 1 and 2, then calculate 3 * 4 and use add(5, 6). Add them!"))

    assert [(call.call_id, call.tool_name, call.arguments) for call in heard.calls] == [
        ("call_1", "calculate", {"expression": "3 * 4"}),
        ("call_2", "add", {"a": 5, "b": 6}),
    ]


async def test_calls_of_one_tool_that_are_written_out_are_all_made_within_bounds() -> None:
    calls = await calls_of(" ".join(f"add({number}, 0)" for number in range(100)))

    assert [arguments["a"] for _, arguments in calls] == list(range(8))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"x": TEXT}, "required": ["x"]},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "object", "properties": {"n": WHOLE}, "required": ["n"]}},
        {"type": "boolean"},
        {"enum": [1, 2]},
        {},
    ],
)
async def test_what_the_message_lacks_is_made_from_the_schema(schema: JsonObject) -> None:
    ((_, arguments),) = await calls_of("Call odd.", [tool("odd", value=schema)])

    jsonschema.validate(arguments, {"type": "object", "properties": {"value": schema}, "required": ["value"]})


@pytest.mark.parametrize("message", ["read(" * 5_000, 'read {"text":' * 2_000, "read '" * 3_000, "read \ud800"])
async def test_odd_messages_are_borne(message: str) -> None:
    ((name, arguments), *_) = await calls_of(message)

    assert name == "read"
    str(arguments).encode()


async def test_a_call_is_thought_of_and_counted() -> None:
    heard = await hear(replace(asked("add 1 and 2"), think=True))

    assert "`add`" in "".join(heard.thoughts)
    assert heard.end.eval_count == len(heard.thoughts) + 2  # [["add",{"a":1,"b":2}]] in pieces of 16 characters
    assert heard.end.done_reason == "stop"


@pytest.mark.parametrize(
    ("content", "in_the_answer"),
    [
        ("3", 'I called `add`, and it answered: "3".'),
        (result_text(ToolOutcome(text="8"), {"a": 4}), 'arguments of this call to {"a": 4}.] 8"'),
        (
            result_text(ToolOutcome(text="No.\nNever.", error_code="TOOL_EXECUTION_FAILED"), None),
            'I called `add`, and it failed: "No. Never."',
        ),
        (result_text(denied("Too dear."), None), 'you did not allow it. The reason: "Too dear."'),
        (result_text(denied(None), None), "I wanted to call `add`, and you did not allow it."),
    ],
)
async def test_results_are_told_and_nothing_is_called_again(content: str, in_the_answer: str) -> None:
    heard = await hear(asked("add 1 and 2", *a_round(("add", content))))

    assert in_the_answer in heard.text
    assert not heard.calls


async def test_all_results_of_the_turn_are_told_in_order() -> None:
    heard = await hear(asked("add and read", *a_round(("add", "1"), ("read", "2"))))

    assert heard.text.index("`add`") < heard.text.index("`read`")


async def test_a_begun_report_is_continued() -> None:
    calls = a_round(("add", "1"))
    whole = (await hear(asked("add", *calls))).text
    begun = AssistantMessage(message_id="00000000fe", timestamp=AT, content=whole[:10], model="demo")

    assert whole[:10] + (await hear(asked("add", *calls, begun))).text == whole


async def test_a_later_turn_calls_again_under_another_id() -> None:
    turn = [*conversation("add 1 and 2"), *a_round(("add", "3"))]
    heard = await hear(ModelRequest(model="demo", messages=[*turn, *conversation("add 2 and 2")], tools=TOOLS))

    assert [call.call_id for call in heard.calls] == ["call_2"]


def a_round(*results: tuple[str, str]) -> list[Message]:
    calls = [ToolCall(call_id=f"call_{index}", tool_name=name, arguments={}) for index, (name, _) in enumerate(results)]
    return [
        AssistantMessage(message_id="00000000ff", timestamp=AT, content="", model="demo", tool_calls=tuple(calls)),
        *(
            ToolMessage(message_id=f"00000001{index:02}", timestamp=AT, content=content, tool_name=name)
            for index, (name, content) in enumerate(results)
        ),
    ]

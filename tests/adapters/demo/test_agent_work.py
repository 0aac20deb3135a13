"""The demo model as an agent: it plans, acts and reports, and is nobody's agent where nobody asks it as one."""

from collections.abc import Sequence

import pytest

from application.ports.language_model import ModelRequest
from domain.json_value import JsonObject
from domain.message import Message
from domain.tool import Tool
from tests.adapters.demo.agents import (
    PROMPTS,
    TOOLS,
    assistant,
    execution,
    plan_for,
    planning,
    result,
    system,
    tool,
    user,
)
from tests.adapters.demo.conversations import hear


async def acted(instruction: str, *, tools: Sequence[Tool] = TOOLS) -> list[tuple[str, JsonObject]]:
    heard = await hear(execution(system(), user(instruction), await plan_for(instruction), tools=tools))
    return [(call.tool_name, call.arguments) for call in heard.calls]


async def test_a_plan_names_the_tools_that_the_instruction_names() -> None:
    heard = await hear(planning(system(), user("List the files, then read soup.md.")))

    assert heard.text == (
        'My plan for "List the files, then read soup.md."\n'
        "1. Call `list_files`.\n2. Call `read_file`.\n3. Say what came of it."
    )
    assert not heard.calls


async def test_a_plan_without_a_tool_that_is_named_says_that_it_will_look_for_one() -> None:
    heard = await hear(planning(system(), user("Use paths.")))

    assert "See which of my tools can do it." in heard.text


@pytest.mark.parametrize(
    ("instruction", "calls"),
    [
        ("List the files.", [("list_files", {})]),
        ("list_files(folder='sub')", [("list_files", {"folder": "sub"})]),
        ("Read the file soup.md", [("read_file", {"path": "soup.md"})]),
        ("Read soup.md.", [("read_file", {"path": "soup.md"})]),
        (
            "Search for rice, then read soup.md!",
            [("search_files", {"text": "rice"}), ("read_file", {"path": "soup.md"})],
        ),
        ("List the files, and search for rice.", [("list_files", {}), ("search_files", {"text": "rice"})]),
        ("What is in the folder?", [("list_files", {})]),
        ("Which lines hold rice?", [("search_files", {"text": "Which lines hold rice"})]),
    ],
)
async def test_it_calls_what_the_instruction_asks_for(instruction: str, calls: list[tuple[str, JsonObject]]) -> None:
    assert await acted(instruction) == calls


async def test_results_are_reported_and_end_the_work() -> None:
    plan = await plan_for("List the files.")
    heard = await hear(execution(system(), user("List the files."), plan, assistant(""), result("soup.md")))

    assert heard.text == 'I called `list_files`, and it answered: "soup.md".'
    assert not heard.calls


async def test_what_no_tool_can_do_it_says_so_and_then_answers_itself() -> None:
    work = [system(), user("What is 12 * 7?"), await plan_for("What is 12 * 7?")]
    first = await hear(execution(*work))
    second = await hear(execution(*work, assistant(first.text)))

    assert first.text.startswith("None of my tools is for this.")
    assert (second.text, second.calls) == ("12 * 7 = 84.", [])


async def test_later_work_is_done_by_the_later_instruction() -> None:
    earlier = [system(), user("List the files."), await plan_for("List the files."), assistant(""), result("soup.md")]
    again = [*earlier, assistant("soup.md"), user("Read soup.md.")]
    plan = (await hear(planning(*again))).text

    assert plan.startswith('My plan for "Read soup.md."')
    [call] = (await hear(execution(*again, assistant(plan)))).calls
    assert call.arguments == {"path": "soup.md"}


async def test_prompts_of_a_users_own_work_where_they_speak_of_the_plan_and_the_task_above() -> None:
    instruction = user("List the files.")
    plan = (await hear(planning(instruction, prompt="Plan the TASK ABOVE step by step."))).text

    [call] = (await hear(execution(instruction, assistant(plan), prompt="Go: the plan!"))).calls
    assert call.tool_name == "list_files"


HELLO = user("Hello!")
CUT = [user("What is 12 * 7?"), HELLO]
OWN_PLAN = assistant('My plan for "List the files."\n1. Call `list_files`.')


@pytest.mark.parametrize(
    "before",
    [
        [user("List the files.")],
        [user("List the files."), assistant(""), result("soup.md")],
        [user("List the files."), assistant("I plan to list the files.")],
        [user("List the files."), OWN_PLAN, assistant(""), result("soup.md"), assistant("There is soup.md.")],
    ],
    ids=["an answer that was lost", "a result without an answer", "a plan of others", "an agent's work, imported"],
)
@pytest.mark.parametrize("tools", [(), TOOLS])
@pytest.mark.parametrize("text", ["Hello!", "What is 12 * 7?"])
async def test_an_ordinary_conversation_stays_one(before: list[Message], tools: tuple[Tool, ...], text: str) -> None:
    heard = await hear(ModelRequest(model="demo", messages=[*before, user(text)], tools=tools))

    assert (heard.text, heard.calls) == ((await hear(ModelRequest(model="demo", messages=[user(text)]))).text, [])


@pytest.mark.parametrize("text", ["I plan a party.", "Make a plan for my holiday.", "What do you plan to do?"])
async def test_who_speaks_of_plans_after_a_lost_answer_is_no_agent(text: str) -> None:
    heard = await hear(ModelRequest(model="demo", messages=[user("List the files."), user(text)]))

    assert not heard.text.startswith("My plan for")


async def test_a_planning_prompt_that_a_person_wrote_makes_no_agent_of_what_follows() -> None:
    asked = [user("List the files."), user(PROMPTS.planning)]
    plan = (await hear(ModelRequest(model="demo", messages=asked))).text
    said = [*asked, assistant(plan), user("A good plan! What is 12 * 7?")]

    heard = await hear(ModelRequest(model="demo", messages=said, tools=TOOLS))

    assert (heard.text, heard.calls) == ("12 * 7 = 84.", [])


async def test_a_tool_that_needs_nothing_is_rather_called_than_one_that_does() -> None:
    tools = [tool("peek", "Look at soup.", required=["path"], path="Where."), tool("look", "Look at all soup.")]

    assert await acted("Some soup", tools=tools) == [("look", {})]

"""When the demo model hands something over to an agent, with what, and what it says of the report."""

import pytest

from application.ports.language_model import ModelRequest
from domain.message import Message, ToolCall
from tests.adapters.demo.agents import DELEGATING, TOOLS, assistant, delegated, result, user
from tests.adapters.demo.conversations import hear, request


@pytest.mark.parametrize(
    ("message", "agent", "instruction"),
    [
        ("Ask the files agent to list the files.", "files", "List the files."),
        ("ask the `files` agent: what is there?", "files", "What is there?"),
        ("Let files list them all", "files", "List them all"),
        ("Could the files agent please read soup.md?", "files", "Read soup.md?"),
        ("@files list_files(folder='sub')", "files", "list_files(folder='sub')"),
        ("files, read soup.md", "files", "Read soup.md"),
        ("Let the note taker write that rice is out.", "note-taker", "Write that rice is out."),
        ("The note-taker should write it down", "note-taker", "Write it down"),
        ("Ask an agent to list the files.", "files", "List the files."),
        ("Read soup.md. Ask the files agent!", "files", "Read soup.md."),
        ('agent(agent="note-taker", instruction="Write.")', "note-taker", "Write."),
    ],
)
async def test_an_agent_that_is_turned_to_gets_the_instruction(message: str, agent: str, instruction: str) -> None:
    assert await delegated(message, tools=(*TOOLS, DELEGATING)) == [{"agent": agent, "instruction": instruction}]


async def test_several_agents_get_what_is_meant_for_each() -> None:
    assert await delegated("Ask the files agent to list all, and then let the note taker write it down.") == [
        {"agent": "files", "instruction": "List all"},
        {"agent": "note-taker", "instruction": "Write it down."},
    ]


@pytest.mark.parametrize(
    "message",
    [
        "Hello!",
        "What is an agent?",
        "Can the files be read?",
        "My files are gone.",
        "Who are you?",
        "I let the note-takers go.",
        "agentic files",
    ],
)
async def test_nobody_is_turned_to_where_a_word_is_only_a_word(message: str) -> None:
    heard = await hear(ModelRequest(model="demo", messages=[user(message)], tools=[DELEGATING]))

    assert (heard.calls, heard.text) == ([], (await hear(request(message))).text)


@pytest.mark.parametrize(
    "message", ["ask the files agent" + " " * 15_000 + "x", "ask files " * 2_000, "agent(" * 3_000]
)
async def test_odd_messages_are_borne(message: str) -> None:
    await delegated(message)


def work(report: str, agent: str = "files") -> list[Message]:
    call = ToolCall(call_id="call_1", tool_name="agent", arguments={"agent": agent, "instruction": "Go."})
    return [user("Ask the files agent to go."), assistant("", call), result(report, "agent")]


async def told(report: str) -> str:
    heard = await hear(ModelRequest(model="demo", messages=work(report), tools=[DELEGATING]))
    assert not heard.calls
    return heard.text


async def test_the_end_of_the_report_is_told_and_not_what_led_to_it() -> None:
    report = "Session ID: abc\n\nMy plan.\n\n[Called `x` with {}]\n\n[Result of `x`]\na\n\nThere is a."

    assert await told(report) == "The agent `files` reports: There is a."


async def test_a_note_on_the_work_is_told() -> None:
    report = "Session ID: abc\n\nMy plan.\n\n[Called `x` with {}]\n\n[The agent was stopped.]"

    assert await told(report) == "The agent `files` has nothing to report. The agent was stopped."


async def test_a_long_report_is_shortened() -> None:
    assert len(await told(f"Session ID: abc\n\n{'word ' * 1000}")) < 1000


async def test_a_delegation_that_came_to_nothing_is_told_as_any_call() -> None:
    assert "I called `agent`, and it failed" in await told("Error: `instruction` must say what the agent is to do.")


async def test_earlier_work_is_gone_on_with_where_that_is_asked_for() -> None:
    before = [*work("Session ID: abc\n\nDone."), assistant("The agent reports: Done.")]

    assert await delegated("Let the files agent go on.", *before) == [
        {"agent": "files", "instruction": "Go on.", "session_id": "abc"}
    ]
    assert await delegated("Let the note-taker go on.", *before) == [{"agent": "note-taker", "instruction": "Go on."}]
    assert "session_id" not in (await delegated("Ask the files agent to read x", *before))[0]

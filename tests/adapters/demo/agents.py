"""What the demo model is asked by a chat that has agents, and as one."""

from collections.abc import Sequence

from application.ports.language_model import ModelRequest
from domain.agent import Agent, agent_tool
from domain.agent_prompts import PhasePrompts
from domain.json_value import JsonObject
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.tool import Tool
from tests.adapters.demo.conversations import AT, hear

PROMPTS = PhasePrompts()
SKILL = "You look after files.\n\n- `list_files` lists them.\n- `read_file` reads one.\n\nBe brief, and use `paths`."
DELEGATING = agent_tool({name: Agent(name=name, description=f"Is good at {name}.") for name in ("files", "note-taker")})


def tool(name: str, description: str = "", *, required: Sequence[str] = (), **properties: str) -> Tool:
    """`properties` are texts, with what is said of each."""
    described: JsonObject = {name: {"type": "string", "description": about} for name, about in properties.items()}
    parameters: JsonObject = {"type": "object", "properties": described, "required": list(required)}
    return Tool(name=name, description=description, parameters=parameters, source="files/")


TOOLS = (
    tool("list_files", "List the files in the folder.", folder="A folder within it."),
    tool("read_file", "Read a text file.", required=["path"], path="Its path."),
    tool("search_files", "Find lines that hold a text in all files.", required=["text"], text="Words."),
)


def system(text: str = SKILL) -> Message:
    return SystemMessage(message_id="0" * 10, timestamp=AT, content=text)


def user(text: str) -> Message:
    return UserMessage(message_id="1" * 10, timestamp=AT, content=text)


def assistant(text: str, *calls: ToolCall) -> Message:
    return AssistantMessage(message_id="2" * 10, timestamp=AT, content=text, model="demo", tool_calls=calls)


def result(text: str, name: str = "list_files", call_id: str = "call_1") -> Message:
    return ToolMessage(message_id="3" * 10, timestamp=AT, content=text, tool_name=name, tool_call_id=call_id)


def planning(*messages: Message, prompt: str = PROMPTS.planning) -> ModelRequest:
    return ModelRequest(model="demo", messages=[*messages, user(prompt)])


def execution(*messages: Message, prompt: str = PROMPTS.execution, tools: Sequence[Tool] = TOOLS) -> ModelRequest:
    return ModelRequest(model="demo", messages=[*messages, user(prompt)], tools=tools)


async def plan_for(instruction: str) -> Message:
    return assistant((await hear(planning(system(), user(instruction)))).text)


async def delegated(text: str, *before: Message, tools: Sequence[Tool] = (DELEGATING,)) -> list[JsonObject]:
    """The arguments of the calls of `agent` that answer this message."""
    heard = await hear(ModelRequest(model="demo", messages=[*before, user(text)], tools=tools))
    assert {call.tool_name for call in heard.calls} <= {"agent"}
    return [call.arguments for call in heard.calls]
